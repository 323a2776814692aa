"""Nectar's API as a client meets it: each kind of trouble is an error of its own that holds no secret."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from receiver.nectar import Nectar, NectarError, NotFound, NotUnderstood, RefusedKey, Throttled, Unavailable
from receiver.simulator import Fault, Simulator
from receiver.simulator.server import serve

pytestmark = pytest.mark.anyio

KEY = "example-api-key"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(api_key=KEY) as running:
        yield running


@pytest.fixture
async def nectar(simulator: Simulator) -> AsyncIterator[Nectar]:
    async with Nectar(simulator.base_url, KEY) as client:
        yield client


async def trouble(nectar: Nectar, connection: str) -> NectarError:
    with pytest.raises(NectarError) as caught:
        await nectar.details(connection)
    return caught.value


async def test_details_are_the_connection_with_its_secret(simulator: Simulator, nectar: Nectar) -> None:
    connection = simulator.add("password-incorrect", connectionMagicLinkSecret="hush-hush")
    found = await nectar.details(connection)
    assert str(found.id) == connection
    assert found.connection_magic_link_secret is not None
    assert found.connection_magic_link_secret.get_secret_value() == "hush-hush"
    assert "hush" not in repr(found)


@pytest.mark.parametrize("version", ["v2", "v2.1", "v2.2"])
async def test_every_version_of_the_api_is_understood(simulator: Simulator, version: str) -> None:
    connection = simulator.add("connected")
    async with Nectar(f"{simulator.url}/{version}", KEY) as nectar:
        assert str((await nectar.details(connection)).id) == connection


async def test_ping_tells_whether_the_key_is_good(simulator: Simulator, nectar: Nectar) -> None:
    await nectar.ping()
    async with Nectar(simulator.base_url, "another-key") as stranger:
        with pytest.raises(RefusedKey):
            await stranger.ping()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, RefusedKey),
        (403, RefusedKey),
        (404, NotFound),
        (429, Throttled),
        (408, Unavailable),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (400, NotUnderstood),
        (418, NotUnderstood),
    ],
)
async def test_each_status_is_an_error_of_its_kind(
    simulator: Simulator, nectar: Nectar, status: int, kind: type[NectarError]
) -> None:
    simulator.faults.set(Fault(status=status))
    error = await trouble(nectar, simulator.add("connected"))
    assert type(error) is kind
    assert str(status) in str(error)


async def test_throttled_says_for_how_long_in_seconds(simulator: Simulator, nectar: Nectar) -> None:
    simulator.faults.set(Fault(status=429, retry_after=17))
    error = await trouble(nectar, simulator.add("connected"))
    assert isinstance(error, Throttled)
    assert error.after == 17


async def test_throttled_says_for_how_long_by_a_date(simulator: Simulator, nectar: Nectar) -> None:
    simulator.faults.set(Fault(status=429, retry_after=datetime.now(UTC) + timedelta(minutes=5)))
    error = await trouble(nectar, simulator.add("connected"))
    assert isinstance(error, Throttled)
    assert error.after == pytest.approx(300, abs=10)


async def test_throttled_may_say_nothing(simulator: Simulator, nectar: Nectar) -> None:
    simulator.faults.set(Fault(status=429))
    error = await trouble(nectar, simulator.add("connected"))
    assert isinstance(error, Throttled)
    assert error.after is None


@pytest.mark.parametrize("moment", ["before", "halfway"])
async def test_who_hangs_up_is_unavailable(simulator: Simulator, nectar: Nectar, moment: str) -> None:
    simulator.faults.set(Fault.model_validate({"hang_up": moment, "times": 1}))
    connection = simulator.add("connected")
    assert isinstance(await trouble(nectar, connection), Unavailable)
    assert str((await nectar.details(connection)).id) == connection, "the next request is on a new connection"


async def test_who_is_not_there_is_unavailable() -> None:
    async with Nectar("http://127.0.0.1:1/v2", KEY) as nectar:
        with pytest.raises(Unavailable, match="ConnectError"):
            await nectar.ping()


async def test_an_answer_that_trickles_is_given_up_after_the_whole_answer_s_time() -> None:
    """Each piece comes in time, the whole never would."""

    async def app(scope: object, receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.02)

    async with serve(app) as port, Nectar(f"http://127.0.0.1:{port}", KEY, whole_answer=0.3) as nectar:
        with pytest.raises(Unavailable, match="TimeoutError"):
            await nectar.ping()


@pytest.mark.parametrize("garbage", ["text", "html"])
async def test_garbage_is_not_understood(simulator: Simulator, nectar: Nectar, garbage: str) -> None:
    simulator.faults.set(Fault.model_validate({"garbage": garbage}))
    assert isinstance(await trouble(nectar, simulator.add("connected")), NotUnderstood)


async def test_what_does_not_fit_is_named_by_its_field_and_not_by_its_value(
    simulator: Simulator, nectar: Nectar
) -> None:
    connection = simulator.add("connected", workflowOwnerEmail=["secret@acme.example"], created=7)
    error = await trouble(nectar, connection)
    assert isinstance(error, NotUnderstood)
    assert "workflowOwnerEmail" in str(error)
    assert "created" in str(error)
    assert "acme" not in f"{error} {error.__cause__}"


async def test_another_connection_is_not_understood(simulator: Simulator, nectar: Nectar) -> None:
    connection = simulator.add("connected")
    simulator.connections[connection]["id"] = "00000000-0000-4000-8000-000000000000"
    assert isinstance(await trouble(nectar, connection), NotUnderstood)


@pytest.mark.parametrize("status", [401, 404, 429, 500, 418])
async def test_promise_10_no_error_holds_the_key(simulator: Simulator, nectar: Nectar, status: int) -> None:
    simulator.faults.set(Fault(status=status))
    error = await trouble(nectar, simulator.add("connected"))
    assert KEY not in f"{error!r} {error} {error.__cause__!r}"


async def test_an_invitation_that_cannot_be_made_is_an_error_of_its_kind(
    simulator: Simulator, nectar: Nectar
) -> None:
    with pytest.raises(NotFound):
        await nectar.invite("00000000-0000-4000-8000-000000000000", "owner@acme.example")
    simulator.faults.set(Fault(garbage="text"))
    with pytest.raises(NotUnderstood):
        await nectar.invite(simulator.add("connected"), "owner@acme.example")


async def test_at_most_so_many_requests_are_made_at_a_time(simulator: Simulator) -> None:
    connection = simulator.add("connected")
    simulator.faults.set(Fault(slow=0.05))
    async with Nectar(simulator.base_url, KEY, max_requests=3) as nectar:
        await asyncio.gather(*(nectar.details(connection) for _ in range(12)))
    assert simulator.requests.max_in_flight == 3


async def test_who_gives_up_waiting_leaves_the_line_in_order(simulator: Simulator) -> None:
    connection = simulator.add("connected")
    simulator.faults.set(Fault(slow=60, times=1))
    async with Nectar(simulator.base_url, KEY, max_requests=1) as nectar:
        first = asyncio.create_task(nectar.details(connection))
        await simulator.requests.wait_for(lambda: simulator.requests.in_flight == 1)
        waiting = [asyncio.create_task(nectar.details(connection)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        first.cancel()
        done = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert [isinstance(each, BaseException) for each in done] == [True, True, False, False]
