"""Whom to mail about what, if anybody: pure functions over a status, an owner, a memory and a time.

An episode runs from the first status that needs the owner until the connection is healthy again, whatever
it passes through in between. In one episode each owner gets one mail, and one more when it is over. Over
episodes, no owner gets two mails about the same status within a day: a login that flaps must not fill a
mailbox. What is held back while the login is broken is looked at again when the day is over.
"""

import hashlib
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from receiver.api import RetryLater, Skipped, Status

DAY = 24 * 3600.0


class Memory(BaseModel):
    """What is remembered of one connection. No address: owners are kept as `person()` names them."""

    model_config = ConfigDict(frozen=True)

    episode: int = 0
    """Number of the latest episode; 0: there was none yet."""
    broken: bool = False
    """The latest episode is not over."""
    told: tuple[str, ...] = ()
    """Who was mailed in it and has not yet been told that it is over."""
    mailed: dict[str, float] = {}
    """When (seconds since 1970) which person was last mailed about which status."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is due to the owner."""

    status: Status
    episode: int
    person: str

    @property
    def step(self) -> str:
        """The same for all attempts at this mail, also when the status moves on between two of them."""
        return f"{'recovered' if self.status.healthy else 'broken'}/{self.episode}/{self.person}"


def person(address: str) -> str:
    """A short name for an owner that does not show the address."""
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()[:16]


def decide(
    status: Status, owner: str | None, memory: Memory, now: float
) -> tuple[Memory, Mail | Skipped | RetryLater]:
    """What to do, and what to remember even if that then fails. `now`: seconds since 1970."""
    recent = {about: at for about, at in memory.mailed.items() if now - at < DAY}
    memory = memory.model_copy(update={"mailed": recent})
    if status.needs_owner:
        return _broken(status, owner, memory, now)
    if status.healthy:
        return _healthy(status, owner, memory)
    return memory, Skipped(f"{status or 'no status'} asks nothing of the owner")


def sent(memory: Memory, mail: Mail, about: Status, now: float) -> Memory:
    """What to remember once the mail server has taken `mail`, which spoke `about` that status."""
    mailed = {**memory.mailed, _key(about, mail.person): now}
    told = () if mail.status.healthy else (*memory.told, mail.person)
    return memory.model_copy(update={"mailed": mailed, "told": told})


def _broken(
    status: Status, owner: str | None, memory: Memory, now: float
) -> tuple[Memory, Mail | Skipped | RetryLater]:
    if not memory.broken:
        begun = {"episode": memory.episode + 1, "broken": True, "told": ()}
        memory = memory.model_copy(update=begun)
    if owner is None:
        return memory, Skipped("no owner address")
    mail = Mail(status, memory.episode, person(owner))
    if mail.person in memory.told:
        return memory, Skipped("the owner has been told")
    if (last := memory.mailed.get(_key(status, mail.person))) is not None:
        reason = f"the owner was mailed about {status} less than a day ago"
        return memory, RetryLater(min(DAY, last + DAY - now), reason)
    return memory, mail


def _healthy(status: Status, owner: str | None, memory: Memory) -> tuple[Memory, Mail | Skipped]:
    # Over at once, not once the mail is out: should it break again before, that is a new episode.
    over = memory.model_copy(update={"broken": False})
    settled = over.model_copy(update={"told": ()})
    if not memory.told:
        return settled, Skipped("nobody was told that it was broken")
    if owner is None:
        return settled, Skipped("no owner address")
    mail = Mail(status, memory.episode, person(owner))
    if mail.person not in memory.told:
        return settled, Skipped("this owner was not told that it was broken")
    if _key(status, mail.person) in memory.mailed:
        return settled, Skipped("the owner was mailed about a recovery less than a day ago")
    return over, mail


def _key(status: Status, who: str) -> str:
    return f"{status}/{who}"
