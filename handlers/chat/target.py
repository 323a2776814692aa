"""One Apprise URL, and what may be said of it: what kind it is and its place among the others."""

from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages go. As a string: `slack (target 2)`."""

    url: str = field(repr=False)
    number: int
    """Its place among all that CHAT_URLS and CHAT_ROUTES name, from 1 on."""

    def __str__(self) -> str:
        return f"{self.url.partition('://')[0].lower()} (target {self.number})"

    @property
    def digest(self) -> str:
        """A short name that does not show the URL."""
        return digest(self.url)


def digest(url: str) -> str:
    """A short name for a URL that does not show it."""
    return sha256(url.encode()).hexdigest()[:16]
