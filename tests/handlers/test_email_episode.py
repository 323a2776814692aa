"""Whom to mail about what: decisions over a history, without a mail server."""

import json
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.email.episode import DAY, Mail, Memory, decide, sent
from handlers.email.words import WORDS
from receiver.api import RetryLater, Skipped, Status

HOUR = 3600.0
ANN, BOB = "ann@acme.example", "bob@acme.example"
PASSWORD, MFA, CONNECTED, DOWN = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED", "WEBSITE_DOWN"


@dataclass
class Written:
    """A mail that was sent."""

    at: float
    status: Status
    owner: str
    episode: int


@dataclass
class Town:
    """A connection, its owner and a clock; plays the router: keeps the memory, comes back when asked."""

    now: float = 0
    memory: str = "{}"
    mails: list[Written] = field(default_factory=list)
    episode: int = 0
    broken: bool = False
    status: Status = Status.PENDING
    owner: str | None = ANN
    look_again: float | None = None

    def wait(self, seconds: float, *, server_up: bool = True) -> None:
        end = self.now + seconds
        while self.look_again is not None and self.look_again <= end:
            self.now = max(self.now, self.look_again)
            self.look(server_up=server_up)
        self.now = end

    def become(self, status: str, owner: str | None, *, server_up: bool = True) -> str:
        self.status, self.owner = Status(status), owner
        if self.status.needs_owner and not self.broken:
            self.episode, self.broken = self.episode + 1, True
        self.broken = self.broken and not self.status.healthy
        return self.look(server_up=server_up)

    def look(self, *, server_up: bool = True) -> str:
        """What the handler does now, in a few words."""
        self.look_again = None
        before = Memory.model_validate_json(self.memory)
        memory, move = decide(self.status, self.owner, before, self.now)
        if isinstance(move, Mail) and server_up:
            assert self.owner is not None
            self.mails.append(Written(self.now, self.status, self.owner, self.episode))
            memory = sent(memory, move, move.status, self.now)
        self.memory = json.dumps(memory.model_dump(mode="json"))
        if isinstance(move, RetryLater):
            # At least a second, so that rounding cannot make the clock stand still.
            self.look_again = self.now + max(1.0, move.seconds)
            return f"later {move.seconds / HOUR:g}h"
        return "mail" if isinstance(move, Mail) else f"skip: {move.reason}"


TOLD = "skip: the owner has been told"
QUIET = "skip: nobody was told that it was broken"


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([(0, PASSWORD, ANN, "mail")], id="the owner hears when it breaks"),
        pytest.param(
            [(0, PASSWORD, ANN, "mail"), (1, CONNECTED, ANN, "mail"), (48, CONNECTED, ANN, QUIET)],
            id="the owner hears once when it works again",
        ),
        pytest.param([(0, CONNECTED, ANN, QUIET)], id="nobody is mailed when it just works"),
        pytest.param(
            [
                (0, PASSWORD, ANN, "mail"),
                (1, MFA, ANN, TOLD),
                (1, DOWN, ANN, "skip: WEBSITE_DOWN asks nothing of the owner"),
                (99, PASSWORD, ANN, TOLD),
                (1, CONNECTED, ANN, "mail"),
            ],
            id="one episode is one mail, whatever it passes through",
        ),
        pytest.param(
            [(0, PASSWORD, ANN, "mail"), (1, CONNECTED, ANN, "mail"), (2, PASSWORD, ANN, "later 21h")],
            id="a login that flaps within a day waits for the rest of the day",
        ),
        pytest.param(
            [
                (0, PASSWORD, ANN, "mail"),
                (1, CONNECTED, ANN, "mail"),
                (1, PASSWORD, ANN, "later 22h"),
                (1, CONNECTED, ANN, QUIET),
            ],
            id="who was not told of the break is not told of the recovery",
        ),
        pytest.param(
            [
                (0, PASSWORD, ANN, "mail"),
                (1, CONNECTED, ANN, "mail"),
                (1, MFA, ANN, "mail"),
                (1, CONNECTED, ANN, "skip: the owner was mailed about a recovery less than a day ago"),
                (25, MFA, ANN, "mail"),
                (1, CONNECTED, ANN, "mail"),
            ],
            id="another status is news, another recovery within a day is not",
        ),
        pytest.param(
            [(0, PASSWORD, None, "skip: no owner address"), (1, PASSWORD, ANN, "mail")],
            id="an owner who is named later is told then",
        ),
        pytest.param(
            [(0, PASSWORD, ANN, "mail"), (1, PASSWORD, BOB, "mail"), (1, PASSWORD, ANN, TOLD)],
            id="a new owner is told at once, the former one not again",
        ),
        pytest.param(
            [(0, PASSWORD, ANN, "mail"), (1, PASSWORD, "Ann@ACME.example", TOLD)],
            id="the same address in other letters is the same person",
        ),
        pytest.param(
            [
                (0, PASSWORD, ANN, "mail"),
                (1, CONNECTED, BOB, "skip: this owner was not told that it was broken"),
                (1, CONNECTED, ANN, QUIET),
            ],
            id="a recovery is told to the owner who was told of the break, or to nobody",
        ),
        pytest.param(
            [
                (0, "", ANN, "skip: no status asks nothing of the owner"),
                (0, "NEW", ANN, "skip: NEW asks nothing of the owner"),
            ],
            id="a status that is unknown or absent is no reason to write",
        ),
    ],
)
def test_the_owner_is_mailed_when_there_is_news(
    story: list[tuple[float, str, str | None, str]],
) -> None:
    town = Town()
    for hours, status, owner, expected in story:
        town.now += hours * HOUR
        assert town.become(status, owner) == expected


@pytest.mark.parametrize("status", [status for status in Status if not status.needs_owner])
def test_a_status_that_is_not_the_owners_to_mend_mails_nobody(status: Status) -> None:
    memory, move = decide(status, ANN, Memory(), 0)
    assert isinstance(move, Skipped)
    assert memory == Memory()


def test_there_are_words_for_each_status_that_can_be_mailed() -> None:
    assert set(WORDS) == {status for status in Status if status.needs_owner or status.healthy}


def test_a_break_during_a_failed_recovery_mail_is_a_new_episode() -> None:
    """The owner mended it and it broke again, while the mail server was away: the owner must hear of that."""
    town = Town()
    town.become(PASSWORD, ANN)
    town.become(CONNECTED, ANN, server_up=False)
    assert town.become(MFA, ANN) == "mail"


def test_the_same_mail_is_the_same_step_at_each_attempt() -> None:
    """Also when the status moved on in between: otherwise a crash would cost the owner a second mail."""
    memory, first = decide(Status(PASSWORD), ANN, Memory(), 0)
    _, again = decide(Status(MFA), ANN, memory, 1)
    _, lost = decide(Status(PASSWORD), ANN, Memory(), 2)
    assert isinstance(first, Mail)
    assert isinstance(again, Mail)
    assert isinstance(lost, Mail)
    assert first.step == again.step == lost.step


def test_what_is_remembered_is_small_and_names_nobody() -> None:
    town = Town()
    for number in range(300):
        town.become(PASSWORD, f"owner{number}@acme.example")
        town.become(CONNECTED, f"owner{number}@acme.example")
        town.wait(HOUR)
    assert "owner" not in town.memory
    assert len(town.memory) < 5000


def test_a_clock_that_was_set_back_delays_nothing_beyond_a_day() -> None:
    town = Town(now=9 * DAY)
    town.become(PASSWORD, ANN)
    town.become(CONNECTED, ANN)
    town.now = 0
    assert town.become(PASSWORD, ANN) == "later 24h"


step = st.tuples(
    st.sampled_from([PASSWORD, MFA, CONNECTED, DOWN, "PENDING"]),
    st.sampled_from([ANN, ANN, BOB, None]),
    st.sampled_from([0.0, 1.0, HOUR, 13 * HOUR, DAY - 1, DAY, 30 * HOUR]),
    st.booleans(),
)


@given(st.lists(step, max_size=40))
def test_no_history_makes_the_mails_too_many_or_too_few(
    history: list[tuple[str, str | None, float, bool]],
) -> None:
    town = Town()
    for status, owner, seconds, server_up in history:
        town.wait(seconds, server_up=server_up)
        town.become(status, owner, server_up=server_up)

    breaks = [mail for mail in town.mails if mail.status.needs_owner]
    told = [(mail.episode, mail.owner) for mail in breaks]
    assert len(told) == len(set(told)), "one mail for each episode and owner"
    recoveries = [(mail.episode, mail.owner) for mail in town.mails if mail.status.healthy]
    assert len(recoveries) == len(set(recoveries)), "and one for its end"
    assert set(recoveries) <= set(told), "which is told to those who knew of the break"
    for status in Status:
        for owner in (ANN, BOB):
            times = [mail.at for mail in town.mails if (mail.status, mail.owner) == (status, owner)]
            assert all(later - at >= DAY for at, later in pairwise(times))

    town.look()
    town.wait(2 * DAY)
    if town.status.needs_owner and town.owner:
        breaks = [mail for mail in town.mails if mail.status.needs_owner]
        assert (town.episode, town.owner) in [(mail.episode, mail.owner) for mail in breaks], (
            "nobody is forgotten"
        )
