"""One of FORWARD_URLS, and what may be said of it: its host, never its path, which often is a secret."""

from dataclasses import dataclass, field
from hashlib import sha256

import httpx


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post. As a string: the host, and the port if it is an unusual one."""

    url: httpx.URL = field(repr=False)

    def __str__(self) -> str:
        return self.url.netloc.decode("ascii")

    @property
    def host(self) -> str:
        """The name in ASCII, or the address without brackets."""
        return self.url.raw_host.decode("ascii")

    @property
    def port(self) -> int:
        """The port, also where it goes without saying."""
        return self.url.port or {"http": 80, "https": 443}[self.url.scheme]

    @property
    def digest(self) -> str:
        """A short name that does not show the URL."""
        return sha256(str(self.url).encode()).hexdigest()[:16]
