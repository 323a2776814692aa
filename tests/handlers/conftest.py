"""Certificates for the mail servers of these tests."""

import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An issuer that no machine trusts by itself."""
    return trustme.CA()


@pytest.fixture
def cafile(authority: trustme.CA, tmp_path: Path) -> str:
    """Where the issuer's own certificate lies, as it stands in a URL."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return quote(str(tmp_path / "ca.pem"))


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """What a server on this machine shows its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
