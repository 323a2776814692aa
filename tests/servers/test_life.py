"""The life of tickets in real trackers: Roundup, and Redmine where it is installed."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.handlers.ticketing_town import Route, told
from tests.servers.places import Accidents, Place, Routes, Seen

pytestmark = pytest.mark.anyio

PASSWORD, MFA, CONNECTED = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED"


def histories(seen: Sequence[Seen]) -> list[list[str]]:
    """Of each ticket, what it was told, and how it stands."""
    return [[*map(told, ticket.texts), "open" if ticket.is_open else "solved"] for ticket in seen]


async def live(route: Route, *statuses: str) -> None:
    """Show the handler these in turn, each until it is settled."""
    for status in statuses:
        route.turn(status)
        await route.until_settled()


async def test_one_ticket_is_opened_told_solved_and_opened_again(place: Place, routes: Routes) -> None:
    route = await routes.to(place)
    await live(route, "PENDING", PASSWORD, MFA, "UNDER_INVESTIGATION", CONNECTED)
    [ticket] = place.seen(route.key)
    assert histories([ticket]) == [[PASSWORD, MFA, "UNDER_INVESTIGATION", CONNECTED, "solved"]]
    assert ticket.texts[0].startswith("Harbor Electric: the password is incorrect, since 20")
    await live(route, PASSWORD)
    assert histories(place.seen(route.key)) == [
        [PASSWORD, MFA, "UNDER_INVESTIGATION", CONNECTED, PASSWORD, "open"]
    ]


async def test_what_has_been_told_is_not_told_again(place: Place, routes: Routes) -> None:
    route = await routes.to(place)
    for status in (PASSWORD, CONNECTED):
        await live(route, status)
        await route.deliver()
        await live(route, status)
    assert histories(place.seen(route.key)) == [[PASSWORD, CONNECTED, "solved"]]


@pytest.mark.parametrize("died_after", range(1, 10))
async def test_a_process_that_dies_after_any_request_doubles_nothing(
    place: Place, routes: Routes, died_after: int
) -> None:
    """The answer to a request that wrote something is lost, and with it all that was not recorded."""
    accidents = Accidents({died_after})
    route = await routes.to(place, accidents)
    await live(route, PASSWORD, MFA, CONNECTED, PASSWORD)
    assert histories(place.seen(route.key)) == [[PASSWORD, MFA, CONNECTED, PASSWORD, "open"]]


async def test_lost_memory_is_read_back_from_the_ticket(place: Place, routes: Routes) -> None:
    route = await routes.to(place)
    for status in (PASSWORD, PASSWORD, MFA, MFA, CONNECTED, CONNECTED, PASSWORD):
        await live(route, status)
        route.lose_memory()
    assert histories(place.seen(route.key)) == [[PASSWORD, MFA, CONNECTED, PASSWORD, "open"]]


async def test_what_people_do_to_a_ticket_is_respected(place: Place, routes: Routes) -> None:
    route = await routes.to(place)
    await live(route, PASSWORD)
    [ticket] = place.seen(route.key)
    place.set_open(ticket.id, False)
    await live(route, PASSWORD)
    assert histories(place.seen(route.key)) == [[PASSWORD, "solved"]]
    await live(route, CONNECTED, PASSWORD)
    assert histories(place.seen(route.key)) == [[PASSWORD, PASSWORD, "open"]]
    place.delete(ticket.id)
    await live(route, MFA)
    assert histories(place.seen(route.key)) == [[MFA, "open"]]


async def test_many_connections_at_a_time_get_a_ticket_each(place: Place, routes: Routes) -> None:
    many = [await routes.to(place) for _ in range(5)]
    await asyncio.gather(*(live(route, PASSWORD, CONNECTED) for route in many))
    for route in many:
        assert histories(place.seen(route.key)) == [[PASSWORD, CONNECTED, "solved"]]
