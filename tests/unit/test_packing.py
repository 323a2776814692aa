"""Commands are packed as redis-py packs them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from receiver.journal.packing import Packing, packing_connection

REDIS_PY = Connection(encoding_errors="replace")
ARGUMENT = st.one_of(st.text(), st.binary(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))


def ours(redis_url: str = "redis://127.0.0.1") -> Any:
    return packing_connection(redis_url, encoding_errors="replace")


@given(st.sampled_from(["EVALSHA", "SCRIPT LOAD"]), st.lists(ARGUMENT))
def test_a_command_is_the_same_on_the_wire(name: str, arguments: list[Any]) -> None:
    assert b"".join(ours().pack_command(name, *arguments)) == b"".join(
        REDIS_PY.pack_command(name, *arguments)
    )


def test_a_half_character_becomes_what_the_connection_makes_of_it() -> None:
    assert b"half ?" in b"".join(ours().pack_command("SET", "key", "half \ud83d"))


@pytest.mark.parametrize(
    ("url", "kind"),
    {
        "redis://127.0.0.1:1/2": Connection,
        "rediss://127.0.0.1:1/2?ssl_cert_reqs=none": SSLConnection,
        "unix:///tmp/redis.sock?db=2": UnixDomainSocketConnection,
    }.items(),
)
def test_the_url_says_the_kind_of_connection(url: str, kind: type[Connection]) -> None:
    made = ours(url)
    assert isinstance(made, kind)
    assert isinstance(made, Packing)
    assert made.db == 2
