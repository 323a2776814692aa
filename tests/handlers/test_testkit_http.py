"""FakeHTTP: a made-up target that answers, remembers, and fails when it is told to."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from receiver.testing import FakeHTTP, NoAnswerError
from receiver.testing.troubles import Died

pytestmark = pytest.mark.anyio

URL = "https://pager.example.com/pages"


async def test_without_answers_all_that_is_asked_for_is_done_and_bears_an_id() -> None:
    http = FakeHTTP()
    made, read = await http.client.post(URL), await http.client.get(URL)
    assert (made.status_code, read.status_code) == (201, 200)
    assert made.json()["id"]


async def test_it_remembers_what_it_was_sent() -> None:
    http = FakeHTTP()
    await http.client.post(f"{URL}?urgent=1", json={"text": "broken"}, headers={"Idempotency-Key": "k"})
    await http.client.put(URL, content=b"no json")
    post, put = http.requests
    assert (post.method, post.url, post.path) == ("POST", f"{URL}?urgent=1", "/pages")
    assert post.json == {"text": "broken"}
    assert post.headers["idempotency-key"] == "k"
    assert (post.status, post.taken) == (201, True)
    assert (put.content, put.json) == (b"no json", None)
    assert [effect.what["method"] for effect in http.effects] == ["POST", "PUT"]


async def test_a_function_can_answer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"echo": request.url.path})

    assert (await FakeHTTP(answer).client.get(URL)).json() == {"echo": "/pages"}


async def test_answers_can_be_given_by_method_and_path() -> None:
    http = FakeHTTP(
        {
            "POST /pages": {"id": "page-7"},
            "GET /pages/*": httpx.Response(200, json=[1, 2]),
            "/gone": 404,
            "DELETE https://other.example.com/pages": 204,
        }
    )
    assert (await http.client.post(URL)).json() == {"id": "page-7"}
    for _ in range(2):
        assert (await http.client.get(f"{URL}/page-7?full=1")).json() == [1, 2]
    assert (await http.client.put("https://pager.example.com/gone")).status_code == 404
    assert (await http.client.delete("https://other.example.com/pages")).status_code == 204


async def test_a_list_is_answered_in_turn_its_last_again_and_again() -> None:
    http = FakeHTTP({"GET /pages": [503, {"state": "open"}, {"state": "closed"}]})
    answers = [await http.client.get(URL) for _ in range(4)]
    assert [each.status_code for each in answers] == [503, 200, 200, 200]
    assert answers[-1].json() == {"state": "closed"}


async def test_a_list_without_paths_is_answered_in_turn_and_then_used_up() -> None:
    http = FakeHTTP([{"id": "1"}, httpx.ConnectError("away")])
    assert (await http.client.post(URL)).json() == {"id": "1"}
    with pytest.raises(httpx.ConnectError, match="away"):
        await http.client.post(URL)
    with pytest.raises(NoAnswerError, match="used up"):
        await http.client.post(URL)


async def test_a_request_without_an_answer_fails_and_says_what_to_add() -> None:
    http = FakeHTTP({"POST /page": 201})
    with pytest.raises(NoAnswerError, match=r"add 'POST /pages' to 'POST /page'") as error:
        await http.client.post(URL)
    assert http.mistake is error.value


@pytest.mark.parametrize(
    ("befall", "error"),
    [(FakeHTTP.time_out, httpx.ReadTimeout), (FakeHTTP.refuse, httpx.ConnectError)],
)
async def test_it_fails_as_often_as_it_is_told_after_what_goes_well(
    befall: Callable[..., None], error: type[Exception]
) -> None:
    http = FakeHTTP()
    befall(http, times=1, after=1)
    assert (await http.client.post(URL)).is_success
    with pytest.raises(error):
        await http.client.post(URL)
    assert (await http.client.post(URL)).is_success
    assert [sent.status for sent in http.requests] == [201, None, 201]


async def test_an_error_code_comes_with_its_headers_until_it_recovers() -> None:
    http = FakeHTTP()
    http.fail_with(429, headers={"Retry-After": "120"})
    for _ in range(2):
        reply = await http.client.post(URL)
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "120")
    http.recover()
    assert (await http.client.post(URL)).is_success
    assert [sent.taken for sent in http.requests] == [False, False, True]


async def test_what_times_out_has_been_taken_and_what_is_refused_has_not() -> None:
    taken = []

    def answer(request: httpx.Request) -> httpx.Response:
        taken.append(request.url.path)
        return httpx.Response(201)

    http = FakeHTTP(answer)
    http.time_out(times=1)
    http.refuse(times=1, after=1)
    for path in ("/timed-out", "/refused"):
        with pytest.raises(httpx.TransportError):
            await http.client.post(f"https://pager.example.com{path}")
    assert taken == ["/timed-out"]
    assert [sent.taken for sent in http.requests] == [True, False]
    assert len(http.effects) == 1


@pytest.mark.parametrize(
    ("befall", "error"),
    [
        (lambda http: http.fail_with(401), PermissionError),
        (lambda http: http.fail_with(503), ConnectionError),
        (lambda http: http.time_out(), TimeoutError),
        (lambda http: http.refuse(), ConnectionRefusedError),
    ],
)
async def test_what_goes_by_outside_meets_the_same_troubles(
    befall: Callable[[FakeHTTP], None], error: type[Exception]
) -> None:
    http = FakeHTTP()
    await http.keep("mail", {"to": "the owner"})
    befall(http)
    with pytest.raises(error):
        await http.keep("mail", {"to": "the owner"})
    assert http.effects[0].kind == "mail"


async def test_a_header_that_could_not_be_sent_is_refused_as_it_would_be() -> None:
    with pytest.raises(httpx.LocalProtocolError, match="X-Title"):
        await FakeHTTP().client.post(URL, headers={"X-Title": "one\r\nX-Two: two"})


async def test_it_can_keep_one_waiting_for_ever() -> None:
    http = FakeHTTP()
    http.hang()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await http.client.get(URL)


async def test_a_process_that_has_died_does_nothing_any_more() -> None:
    http = FakeHTTP()
    http.die_after(2)
    await http.client.post(URL)
    for _ in range(2):
        with pytest.raises(Died):
            await http.client.post(URL)
    assert http.died
    assert len(http.requests) == 2


def test_its_client_serves_one_event_loop_after_another() -> None:
    http = FakeHTTP()

    async def ask() -> int:
        return (await http.client.get(URL)).status_code

    assert [asyncio.run(ask()), asyncio.run(ask())] == [200, 200]
