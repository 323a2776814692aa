"""Several targets: each gets each version once, and the failures of one are no other's."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs

from handlers.forward import forward
from handlers.forward.failures import decisive
from receiver.api import Done
from receiver.policy import Reaction, judge
from receiver.testing import MemorySteps
from tests.handlers.forwarding import BROKEN, context, options, pretending
from tests.handlers.listener import listen

pytestmark = pytest.mark.anyio


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_what_one_target_failed_to_take_is_not_posted_to_the_others_again(
    http: httpx.AsyncClient,
) -> None:
    steps = MemorySteps()
    async with listen() as well, listen("503 Down", "200 OK") as ill, listen() as last:
        chosen = options(well.url, ill.url, last.url, allow_private=True)
        with pytest.raises(httpx.HTTPStatusError, match=f"127.0.0.1:{ill.port} answered 503"):
            await forward(BROKEN, context(chosen, http, steps))
        assert await forward(BROKEN, context(chosen, http, steps)) == Done("key-7")
    assert [len(each.posted) for each in (well, ill, last)] == [1, 2, 1]


async def test_each_attempt_and_each_url_bears_the_same_id(http: httpx.AsyncClient) -> None:
    steps = MemorySteps()
    async with listen() as well, listen("503 Down", "200 OK") as ill:
        chosen = options(well.url, ill.url, allow_private=True)
        with pytest.raises(httpx.HTTPStatusError):
            await forward(BROKEN, context(chosen, http, steps))
        await forward(BROKEN, context(chosen, http, steps))
    assert {posted.headers["webhook-id"] for posted in (*well.posted, *ill.posted)} == {"key-7"}
    assert len({posted.body for posted in (*well.posted, *ill.posted)}) == 1


async def test_a_newer_version_goes_to_those_too_who_took_the_older_one(http: httpx.AsyncClient) -> None:
    steps = MemorySteps()
    async with listen() as well, listen("503 Down", "200 OK") as ill:
        chosen = options(well.url, ill.url, allow_private=True)
        with pytest.raises(httpx.HTTPStatusError):
            await forward(BROKEN, context(chosen, http, steps))
        await forward(BROKEN, context(chosen, http, steps, key="key-8"))
    assert [posted.headers["webhook-id"] for posted in well.posted] == ["key-7", "key-8"]


async def test_a_target_that_hangs_keeps_no_other_waiting() -> None:
    async with listen() as well:
        arrived = asyncio.Event()

        async def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host == "hangs.example":
                await arrived.wait()
            else:
                arrived.set()
            return httpx.Response(202)

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        chosen = options("https://hangs.example", well.url, allow_private=True)
        assert await forward(BROKEN, context(chosen, http)) == Done("key-7")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_ends_in_the_dead_letters(
    http: httpx.AsyncClient, code: int
) -> None:
    async with listen() as elsewhere, listen(f"{code} Moved\r\nLocation: {elsewhere.url}") as moved:
        with pytest.raises(httpx.HTTPStatusError) as refusal:
            await forward(BROKEN, context(options(moved.url, allow_private=True), http))
    assert judge(refusal.value).reaction is Reaction.REJECT
    assert elsewhere.posted == []


@pytest.mark.parametrize(
    ("answer", "reaction", "after"),
    [
        ("429 Slow\r\nRetry-After: 40", Reaction.RETRY, 40),
        ("503 Down", Reaction.RETRY, None),
        ("401 Who", Reaction.PARK, None),
        ("403 No", Reaction.PARK, None),
        ("410 Gone", Reaction.REJECT, None),
    ],
)
async def test_an_answer_is_judged_as_any_handlers_and_names_only_the_host(
    http: httpx.AsyncClient, answer: str, reaction: Reaction, after: float | None
) -> None:
    async with listen(answer) as listener:
        url = f"http://u:hush@127.0.0.1:{listener.port}/hush?token=hush"
        with pytest.raises(httpx.HTTPStatusError) as refusal:
            await forward(BROKEN, context(options(url, allow_private=True), http))
    failure = judge(refusal.value)
    assert (failure.reaction, failure.after) == (reaction, after)
    assert failure.reason == f"POST 127.0.0.1 answered {answer[:3]}"
    assert "hush" not in f"{refusal.value} {refusal.value.request.url}"


async def test_a_broken_connection_is_the_targets_trouble_and_names_only_the_host(
    http: httpx.AsyncClient,
) -> None:
    async with listen() as listener:
        url = f"{listener.url}/hush"
    with pytest.raises(httpx.ConnectError, match=f"^127.0.0.1:{listener.port}: ") as refusal:
        await forward(BROKEN, context(options(url, allow_private=True), http))
    assert judge(refusal.value).target_down
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("error", [httpx.ReadTimeout(""), TimeoutError()])
async def test_a_target_that_does_not_answer_is_in_trouble_and_is_named(error: Exception) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    ctx = context(options("https://slow.example/hush", allow_private=True), pretending(answer))
    with pytest.raises(type(error), match=r"^slow\.example") as refusal:
        await forward(BROKEN, ctx)
    assert judge(refusal.value).target_down
    assert "hush" not in str(refusal.value)


async def test_an_answer_without_end_is_not_read(http: httpx.AsyncClient) -> None:
    async with listen("200 OK", endless=True) as listener:
        async with asyncio.timeout(60):
            assert await forward(BROKEN, context(options(listener.url, allow_private=True), http)) == Done(
                "key-7"
            )


async def test_no_cookie_of_one_answer_goes_along_with_another_request(http: httpx.AsyncClient) -> None:
    async with listen("202 Accepted\r\nSet-Cookie: session=1") as listener:
        chosen = options(f"{listener.url}/a", f"{listener.url}/b", allow_private=True)
        for key in ("key-7", "key-8"):
            await forward(BROKEN, context(chosen, http, key=key))
    assert len(listener.posted) == 4
    assert not [posted for posted in listener.posted if "cookie" in posted.headers]


async def test_of_several_failures_all_but_the_one_that_decides_are_logged(http: httpx.AsyncClient) -> None:
    async with listen("404 No") as wrong, listen("401 Who") as strict, listen("500 Ill") as ill:
        chosen = options(f"{wrong.url}/hush", f"{strict.url}/hush", f"{ill.url}/hush", allow_private=True)
        with capture_logs() as lines, pytest.raises(httpx.HTTPStatusError, match="answered 500"):
            await forward(BROKEN, context(chosen, http))
    assert sorted(line["reason"] for line in lines) == sorted(
        [f"127.0.0.1:{wrong.port} answered 404", f"127.0.0.1:{strict.port} answered 401"]
    )


class LostError(Exception):
    """The router took the work away."""


def test_the_failure_that_decides_leaves_nothing_undone() -> None:
    """What is no target's fault, then what waiting mends, then what somebody must allow, then the rest."""
    in_order = [
        LostError(),
        answered(429, {"retry-after": "5"}),
        answered(500),
        answered(401),
        answered(404),
    ]
    for index, error in enumerate(in_order):
        assert decisive(in_order[index:][::-1]) is error
    assert decisive([answered(404), PermissionError("private")]).args == ("private",)
    assert decisive([answered(403), httpx.ReadTimeout("slow")]).args == ("slow",)
    limited = answered(403, {"retry-after": "5"})
    assert decisive([answered(503), limited]) is limited


def answered(code: int, headers: dict[str, str] | None = None) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "https://hooks.example")
    response = httpx.Response(code, headers=headers)
    return httpx.HTTPStatusError(str(code), request=request, response=response)


async def test_what_is_no_targets_fault_is_let_out_as_it_is(http: httpx.AsyncClient) -> None:
    class LosingSteps(MemorySteps):
        async def record(self, step: str, result: object) -> None:
            raise LostError

    async with listen() as well, listen("503 Down") as ill:
        chosen = options(ill.url, well.url, allow_private=True)
        with pytest.raises(LostError):
            await forward(BROKEN, context(chosen, http, LosingSteps()))
