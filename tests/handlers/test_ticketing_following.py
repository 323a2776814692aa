"""What becomes of tickets, step by step, in a tracker in memory."""

from uuid import UUID

import pytest

from handlers.ticketing.memory import key_of
from tests.handlers.ticketing_desk import Desk, DeskOptions, refusal
from tests.handlers.ticketing_town import DAY, HOUR, Town

pytestmark = pytest.mark.anyio

PASSWORD, MFA, CONNECTED, DOWN = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED", "WEBSITE_DOWN"
LOOKING, PENDING = "UNDER_INVESTIGATION", "PENDING"


async def test_one_ticket_lives_through_all_that_happens_to_its_connection() -> None:
    town = Town()
    assert await town.become(PENDING) == "skips: PENDING asks for no ticket"
    assert await town.become(PASSWORD) == "done #1"
    assert await town.become(MFA) == "done #1"
    assert await town.become(LOOKING) == "done #1"
    assert town.desk.open_ones(town.key) == ["1"]
    assert await town.become(CONNECTED) == "done #1"
    assert town.desk.open_ones(town.key) == []
    assert await town.become(PASSWORD) == "done #1"
    assert town.tickets() == [[PASSWORD, MFA, LOOKING, CONNECTED, PASSWORD, "open"]]


async def test_what_it_has_said_it_does_not_say_again() -> None:
    """A redelivery, a replay, another field that changed."""
    town = Town()
    for status in (PASSWORD, PASSWORD, CONNECTED, CONNECTED):
        await town.become(status)
        await town.deliver()
    assert town.tickets() == [[PASSWORD, CONNECTED, "solved"]]


@pytest.mark.parametrize("status", ["", "BRAND_NEW"])
async def test_a_status_that_nobody_knows_changes_nothing(status: str) -> None:
    town = Town()
    await town.become(PASSWORD)
    calls = len(town.desk.calls)
    assert (await town.become(status)).endswith("asks for nothing here")
    assert len(town.desk.calls) == calls
    assert town.tickets() == [[PASSWORD, "open"]]


async def test_what_often_heals_by_itself_gets_a_ticket_when_it_lasts() -> None:
    town = Town()
    assert await town.become(DOWN) == "later 24h"
    assert await town.wait(23 * HOUR) == "nothing"
    assert await town.wait(1 * HOUR) == "done #1"


async def test_what_heals_in_time_gets_none() -> None:
    town = Town()
    await town.become(DOWN)
    await town.wait(23 * HOUR)
    await town.become(CONNECTED)
    await town.become(DOWN)
    assert await town.wait(23 * HOUR) == "nothing"
    assert town.tickets() == []


async def test_the_wait_counts_from_when_nectar_first_saw_it() -> None:
    """Not from when we heard of it: the router may have been down."""
    town = Town()
    assert await town.become(DOWN, status_first_seen_time="2026-03-01T14:00:00Z") == "later 6h"


@pytest.mark.parametrize(
    "first_seen",
    [
        pytest.param(None, id="is not told"),
        pytest.param("2026-03-09T00:00:00Z", id="lies in the future"),
        pytest.param("2026-02-01T00:00:00Z", id="is older than another status that we saw since"),
    ],
)
async def test_the_wait_counts_from_what_we_saw_where_nectars_time(first_seen: str | None) -> None:
    town = Town()
    await town.become(CONNECTED)
    town.now += HOUR
    assert await town.become(DOWN, status_first_seen_time=first_seen) == "later 24h"
    town.now += 5 * HOUR
    assert await town.deliver() == "later 19h"


async def test_what_changes_in_an_open_ticket_does_not_wait() -> None:
    town = Town()
    await town.become(PASSWORD)
    assert await town.become(DOWN) == "done #1"
    assert town.tickets() == [[PASSWORD, DOWN, "open"]]


async def test_one_closed_for_good_is_followed_by_a_new_one_that_names_it() -> None:
    town = Town(Desk(final_after=4 * DAY))
    for status in (PASSWORD, CONNECTED):
        await town.become(status)
    town.now += 5 * DAY
    assert await town.become(MFA) == "done #2"
    assert town.tickets() == [[PASSWORD, CONNECTED, "final"], [MFA, "open"]]
    assert "Follows: #1" in town.desk.papers["2"].texts[0]
    assert town.desk.papers["2"].draft.previous == town.desk.papers["1"].ticket


async def test_one_solved_long_ago_is_followed_by_a_new_one() -> None:
    town = Town(options=DeskOptions.model_validate({"reopen_within": "30d"}))
    for status in (PASSWORD, CONNECTED):
        await town.become(status)
    town.now += 31 * DAY
    assert await town.become(PASSWORD) == "done #2"
    assert town.tickets() == [[PASSWORD, CONNECTED, "solved"], [PASSWORD, "open"]]


@pytest.mark.parametrize("status", [PASSWORD, MFA, CONNECTED])
async def test_lost_memory_is_read_back_from_the_ticket(status: str) -> None:
    town = Town()
    await town.become(PASSWORD)
    town.lose_memory()
    await town.become(status)
    word = {
        PASSWORD: [PASSWORD, "open"],
        MFA: [PASSWORD, MFA, "open"],
        CONNECTED: [PASSWORD, CONNECTED, "solved"],
    }
    assert town.tickets() == [word[status]]


async def test_a_healthy_connection_is_searched_for_once() -> None:
    """A ticket might be left from before memory was lost; after that nobody asks again."""
    town = Town()
    for status in (CONNECTED, PENDING, CONNECTED):
        await town.become(status)
    assert town.desk.calls == ["find"]


async def test_after_a_lost_answer_the_ticket_is_searched_for_and_not_opened_twice() -> None:
    town = Town(Desk(deaths={1}))
    assert await town.become(PASSWORD) == "dies"
    assert await town.deliver() == "done #1"
    assert town.tickets() == [[PASSWORD, "open"]]


async def test_a_search_that_lags_is_waited_for_where_a_ticket_may_have_been_opened() -> None:
    town = Town(Desk(deaths={1}, search_lag=60))
    assert await town.become(PASSWORD) == "dies"
    town.now += 10
    assert await town.deliver() == f"later {50 / HOUR:g}h"
    assert await town.wait(50) == "done #1"
    assert town.tickets() == [[PASSWORD, "open"]]


async def test_a_search_that_lags_is_not_waited_for_otherwise() -> None:
    town = Town(Desk(search_lag=60))
    assert await town.become(PASSWORD) == "done #1"
    assert await town.become(CONNECTED) == "done #1"


async def test_a_ticket_opened_by_a_process_that_died_is_solved_when_it_works_meanwhile() -> None:
    """Also when memory knew of an earlier ticket, which is gone."""
    town = Town(Desk(deaths={2}))
    await town.become(PASSWORD)
    del town.desk.papers["1"]
    assert await town.become(MFA) == "dies"
    assert town.desk.open_ones(town.key) == ["2"]
    await town.become(CONNECTED)
    assert town.tickets() == [[MFA, CONNECTED, "solved"]]


async def test_what_a_process_left_when_it_died_is_not_forgotten_over_a_status_that_asks_nothing() -> None:
    town = Town(Desk(deaths={2}))
    await town.become(PASSWORD)
    del town.desk.papers["1"]
    assert await town.become(MFA) == "dies"
    assert (await town.become("BRAND_NEW")).startswith("skips")
    await town.become(CONNECTED)
    assert town.tickets() == [[MFA, CONNECTED, "solved"]]


async def test_a_half_finished_close_is_finished_without_saying_it_twice() -> None:
    """Where to write and to change the state are two requests, a process can die in between."""
    town = Town(Desk(two_calls=True, deaths={2}))
    await town.become(PASSWORD)
    assert await town.become(CONNECTED) == "dies"
    assert town.tickets() == [[PASSWORD, CONNECTED, "open"]]
    await town.until_settled()
    assert town.tickets() == [[PASSWORD, CONNECTED, "solved"]]


async def test_a_half_finished_reopening_is_finished_without_saying_it_twice() -> None:
    """It is not taken for a ticket that a person has closed."""
    town = Town(Desk(two_calls=True, deaths={4}))
    for status in (PASSWORD, CONNECTED):
        await town.become(status)
    assert await town.become(PASSWORD) == "dies"
    assert town.tickets() == [[PASSWORD, CONNECTED, PASSWORD, "solved"]]
    await town.until_settled()
    assert town.tickets() == [[PASSWORD, CONNECTED, PASSWORD, "open"]]


async def test_what_was_finished_is_neither_done_again_nor_asked_for() -> None:
    """The process died between the record of the step and that of the whole."""
    town = Town(Desk(search_lag=60))
    town.turn(PASSWORD)
    assert await town.deliver(dies_at_the_end=True) == "dies"
    town.desk.calls.clear()
    assert await town.deliver() == "done #1"
    assert town.desk.calls == ["look"]
    assert town.tickets() == [[PASSWORD, "open"]]


async def test_a_reopening_that_was_not_recorded_is_still_ours_to_solve() -> None:
    town = Town()
    for status in (PASSWORD, CONNECTED):
        await town.become(status)
    town.desk.deaths = {3}
    assert await town.become(PASSWORD) == "dies"
    await town.become(CONNECTED)
    assert town.tickets() == [[PASSWORD, CONNECTED, PASSWORD, CONNECTED, "solved"]]


@pytest.mark.parametrize("code", [401, 403, 429, 503])
async def test_what_the_router_waits_out_reaches_the_router(code: int) -> None:
    """And is then done once."""
    town = Town(Desk(trouble={"open": [refusal(code)]}))
    assert await town.become(PASSWORD) == f"fails: {code}"
    assert await town.deliver() == "done #1"
    assert town.tickets() == [[PASSWORD, "open"]]


async def test_a_404_when_opening_is_no_vanished_ticket() -> None:
    town = Town(Desk(trouble={"open": [refusal(404)]}))
    assert await town.become(PASSWORD) == "fails: 404"


def test_the_key_of_a_connection_never_changes() -> None:
    """Tickets of years ago are found by it."""
    assert key_of(UUID("6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae")) == "nectar-4691f0747a0322db"
