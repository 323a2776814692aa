"""What people do to tickets: it is respected."""

import pytest

from handlers.ticketing import State
from tests.handlers.ticketing_desk import DeskOptions, refusal
from tests.handlers.ticketing_town import DAY, Town

pytestmark = pytest.mark.anyio

PASSWORD, MFA, CONNECTED = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED"
LOOKING = "UNDER_INVESTIGATION"


async def test_a_ticket_closed_by_a_person_stays_closed_while_the_status_lasts() -> None:
    town = Town()
    await town.become(PASSWORD)
    town.desk.set("1", State.SOLVED)
    assert "closed by a person" in await town.become(PASSWORD)
    await town.become(LOOKING)
    assert "closed by a person" in await town.become(PASSWORD)
    assert town.tickets() == [[PASSWORD, "solved"]]


async def test_a_ticket_closed_by_a_person_is_opened_again_when_something_else_is_asked() -> None:
    town = Town()
    await town.become(PASSWORD)
    town.desk.set("1", State.SOLVED)
    await town.become(MFA)
    assert town.tickets() == [[PASSWORD, MFA, "open"]]


async def test_a_ticket_closed_by_a_person_is_opened_again_when_it_breaks_anew() -> None:
    """With the same status, having worked in between; that it works is not written in a closed ticket."""
    town = Town()
    await town.become(PASSWORD)
    town.desk.set("1", State.SOLVED)
    assert await town.become(CONNECTED) == "skips: it works, and #1 is closed"
    await town.become(PASSWORD)
    assert town.tickets() == [[PASSWORD, PASSWORD, "open"]]


async def test_a_ticket_opened_again_by_a_person_stays_open() -> None:
    """They have a reason. It is told what happens, and solved when that is over."""
    town = Town()
    for status in (PASSWORD, CONNECTED):
        await town.become(status)
    town.desk.set("1", State.OPEN)
    assert "a person has opened #1 again" in await town.become(CONNECTED)
    await town.become(MFA)
    await town.become(CONNECTED)
    assert town.tickets() == [[PASSWORD, CONNECTED, MFA, CONNECTED, "solved"]]


async def test_a_deleted_ticket_is_followed_by_a_new_one() -> None:
    town = Town()
    await town.become(PASSWORD)
    del town.desk.papers["1"]
    assert await town.become(MFA) == "done #2"
    assert town.tickets() == [[MFA, "open"]]


async def test_a_deleted_ticket_is_not_missed_when_it_works() -> None:
    town = Town()
    await town.become(PASSWORD)
    del town.desk.papers["1"]
    assert await town.become(CONNECTED) == "skips: it works, and there is no ticket"


async def test_a_ticket_deleted_between_look_and_word_is_gone_too() -> None:
    town = Town()
    await town.become(PASSWORD)
    town.desk.trouble["comment"] = [refusal(404)]
    town.desk.papers["1"].key = "another's"
    assert await town.become(MFA) == "done #2"


async def test_what_people_write_and_quote_in_a_ticket_misleads_nobody() -> None:
    town = Town()
    await town.become(PASSWORD)
    await town.become(MFA)
    texts = town.desk.papers["1"].texts
    texts += ["I called them.", "> " + texts[0].replace("\n", "\n> ")]
    town.lose_memory()
    await town.become(MFA)
    assert len(texts) == 4


async def test_of_two_copies_the_one_that_is_known_is_followed() -> None:
    """People copy tickets with all that they hold."""
    town = Town()
    await town.become(PASSWORD)
    original = town.desk.papers["1"]
    await town.desk.open(original.draft)
    await town.become(MFA)
    assert town.tickets() == [[PASSWORD, MFA, "open"], [PASSWORD, "open"]]


async def test_of_two_that_people_left_open_ours_is_followed_also_when_in_doubt() -> None:
    """The older one was opened again by a person after a newer one had followed it."""
    town = Town(options=DeskOptions.model_validate({"reopen_within": "1d"}))
    for status in (PASSWORD, CONNECTED):
        await town.become(status)
    town.now += 2 * DAY
    await town.become(PASSWORD)
    town.desk.set("1", State.OPEN)
    town.desk.deaths = {4}
    assert await town.become(MFA) == "dies"
    await town.become(CONNECTED)
    assert town.tickets() == [[PASSWORD, CONNECTED, "open"], [PASSWORD, MFA, CONNECTED, "solved"]]


async def test_a_ticket_that_was_out_of_sight_for_a_while_is_not_doubled() -> None:
    """It comes back from a project that we may not see."""
    town = Town()
    await town.become(PASSWORD)
    town.desk.hidden = {"1"}
    assert await town.become(CONNECTED) == "skips: it works, and there is no ticket"
    town.desk.hidden.clear()
    assert await town.become(MFA) == "done #1"
    assert town.tickets() == [[PASSWORD, MFA, "open"]]
