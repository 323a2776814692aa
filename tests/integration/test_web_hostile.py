"""Hostile input over raw sockets: never a 5xx but 503, always a problem document, and the next is served."""

import asyncio
import gzip

import pytest
from redis.asyncio import Redis

from tests.integration.bench import Recorder, bench
from tests.integration.webhooks import (
    CONNECTION,
    PATH,
    Router,
    encoded,
    payload,
    problem,
    read_answer,
    request,
    signed,
)

pytestmark = pytest.mark.anyio


def with_more(more: str) -> bytes:
    """A body that fits but for what is added."""
    return f'{{"id":"{CONNECTION}",{more}}}'.encode()


NOT_JSON = {
    "nothing": b"",
    "a NUL": b"\x00",
    "a NUL in a string": with_more('"url":"\x00"'),
    "a lone surrogate": with_more(r'"url":"\ud800"'),
    "a lone surrogate as a name": with_more(r'"\udfff":1'),
    "NaN": with_more('"x":NaN'),
    "Infinity": with_more('"x":[{"y":-Infinity}]'),
    "NaN for a field": with_more('"status":NaN'),
    "an integer beyond all bounds": with_more(f'"x":{"9" * 100_000}'),
    "ten thousand levels": b"[" * 10_000 + b"]" * 10_000,
    "ten thousand levels of objects": b'{"old":' * 10_000 + b"1" + b"}" * 10_000,
    "ten thousand levels below a field": with_more('"old":' + "[" * 10_000 + "]" * 10_000),
    "latin-1": with_more('"url":"é"').decode().encode("latin-1"),
    "utf-16": with_more('"url":"x"').decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + with_more('"url":"x"'),
    "two values": b"{}{}",
    "a comment": b"{/* */}",
    "a form": b"id=1&status=2",
    "half of a message": with_more('"url":"x"')[:-9],
    "compressed, and not declared so": gzip.compress(with_more('"url":"x"')),
}

MISFITS = {
    "null": b"null",
    "an array": b"[]",
    "an array of events": b"[" + with_more('"url":"x"') + b"]",
    "a string": b'"connection.updated.v2"',
    "a number": b"1e999",
    "true": b"true",
    "an empty object": b"{}",
    "an id that comes twice, the last time wrong": with_more('"id":"x"'),
    "types of all sorts": with_more('"eventType":["document.created"],"status":{},"accounts":"x"'),
    "a number for a time": with_more('"created":1e300'),
    "an address of a megabyte": with_more(f'"workflowOwnerEmail":"{"a" * 900_000}"'),
    "a hundred thousand wrong entries": with_more(f'"initialSites":[{"1," * 100_000}1]'),
}

TAKEN = {
    "a time beyond the calendar in UTC": with_more('"updated":"9999-12-31T23:59:59-23:59"'),
    "a huge number": with_more('"x":1e999,"y":-1e-999'),
    "words that are not numbers": with_more('"status":"NaN","country":"Infinity"'),
    "an id that comes twice, the last time right": b'{"id":1,' + with_more('"url":"x"')[1:],
    "a NUL that is spelled out": with_more(r'"status":"\u0000","country":"\u0000\u0000"'),
    "a hundred levels": with_more('"old":' + "[" * 100 + "]" * 100),
    "a type of a megabyte": with_more(f'"eventType":"connection.{"a." * 450_000}"'),
    "a status of a megabyte": with_more(f'"status":"{"a@" * 450_000}"'),
    "a hundred thousand fields": with_more(",".join(f'"k{number}":0' for number in range(80_000))),
    "characters of all planes": with_more('"url":"\u202e\ufeff\U0001f4a9\U0010ffff"'),
}


@pytest.mark.parametrize("name", NOT_JSON)
async def test_what_is_not_json_for_everybody_is_answered_400(
    router: Router, redis: Redis, name: str
) -> None:
    problem(await router.raw(request(NOT_JSON[name], signed(NOT_JSON[name]))), 400)
    assert not [key async for key in redis.scan_iter("nectar:[eq]*")]


@pytest.mark.parametrize("name", MISFITS)
async def test_json_that_is_no_event_is_answered_422_and_kept(
    router: Router, redis: Redis, name: str
) -> None:
    answer = await router.raw(request(MISFITS[name], signed(MISFITS[name])))
    assert problem(answer, 422)["errors"]
    assert await redis.zcard("nectar:quarantine") == 1


@pytest.mark.parametrize("name", TAKEN)
async def test_what_is_odd_and_yet_an_event_is_taken(router: Router, name: str) -> None:
    assert (await router.raw(request(TAKEN[name], signed(TAKEN[name])))).status_code == 202


@pytest.mark.parametrize("name", [*NOT_JSON, *MISFITS, *TAKEN])
async def test_without_a_signature_none_of_this_is_even_looked_at(router: Router, name: str) -> None:
    body = {**NOT_JSON, **MISFITS, **TAKEN}[name]
    problem(await router.raw(request(body)), 401)


async def test_thousands_of_headers_do_no_harm(router: Router) -> None:
    body = encoded(payload())
    many = {f"x-header-{number}": "x" * 50 for number in range(5000)}
    problem(await router.raw(request(body, many)), 401)
    assert (await router.raw(request(body, many | signed(body)))).status_code == 202


async def test_thousands_of_signatures_do_no_harm(router: Router) -> None:
    body = encoded(payload())
    headers = signed(body, "msg_1")
    wrong = " ".join(["v1,AAAA"] * 5000)
    problem(await router.raw(request(body, headers | {"svix-signature": wrong})), 401)
    both = f"{wrong} {headers['svix-signature']}"
    assert (await router.raw(request(body, headers | {"svix-signature": both}))).status_code == 202


@pytest.mark.parametrize("name", ["svix-id", "svix-timestamp", "svix-signature", "webhook-id", "x-other"])
@pytest.mark.parametrize("value", ["é" * 100, "\xff\xfe", "a" * 50_000, "%00", "'\"<>{}"])
async def test_header_values_of_any_bytes_are_answered_401(router: Router, name: str, value: str) -> None:
    problem(await router.raw(request(b"{}", signed(b"{}") | {"svix-signature": "v1,x", name: value})), 401)


@pytest.mark.parametrize("kind", ["é", ";;;", "application/json;charset=\xff", "," * 1000, '"'])
async def test_content_types_of_any_bytes_are_answered_415_or_less(router: Router, kind: str) -> None:
    answer = await router.raw(request(b"{}", {"content-type": kind}))
    problem(answer, 415)


@pytest.mark.parametrize("host", ["[", "é", "", "a b", "x:99999999", "//evil.example"])
async def test_a_host_header_of_any_bytes_changes_nothing(router: Router, host: str) -> None:
    problem(await router.raw(request(b"{}", {"host": host})), 401)
    problem(await router.raw(request(b"{}", {"host": host}, path=f"{PATH}/")), 404)


@pytest.mark.parametrize(
    "path", [f"{PATH}%00", f"//{PATH}", f"{PATH}/..", "/%ff%fe", f"/{'a' * 20_000}", "/*"]
)
async def test_paths_of_all_sorts_are_answered_404(router: Router, path: str) -> None:
    problem(await router.raw(request(b"{}", path=path)), 404)


async def test_a_body_that_ends_too_early_leaves_nothing_and_stops_nobody(
    router: Router, redis: Redis
) -> None:
    body = encoded(payload())
    whole = request(body, signed(body, "msg_1"))
    _, writer = await asyncio.open_connection("127.0.0.1", router.port)
    writer.write(whole[:-1])
    writer.close()
    await writer.wait_closed()
    assert (await router.raw(whole)).status_code == 202
    assert await redis.xlen("nectar:events") == 1


async def test_a_sender_that_asks_first_is_told_to_go_on_or_refused_at_once(router: Router) -> None:
    body = encoded(payload())
    headers = signed(body) | {"expect": "100-continue"}
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    writer.write(request(b"", headers, length=len(body)))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await read_answer(reader)).status_code == 202
    writer.close()
    await writer.wait_closed()
    problem(await router.raw(request(b"", headers, length=10**9)), 413)


async def test_an_upgrade_of_the_connection_is_not_made_and_its_body_is_no_second_request(
    router: Router, redis: Redis
) -> None:
    hidden = encoded(payload())
    smuggled = request(hidden, signed(hidden, "msg_smuggled"))
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    writer.write(request(smuggled, {"connection": "upgrade", "upgrade": "h2c"}))
    problem(await read_answer(reader), 401)
    assert await reader.read() == b""
    writer.close()
    assert await redis.xlen("nectar:events") == 0


async def test_what_is_not_http_is_answered_with_a_problem_document_and_the_connection_ends(
    router: Router,
) -> None:
    for sent in (b"\x16\x03\x01\x02\x00\x01", b"POST\r\n\r\n", request(b"", {"content-length": "-1"})):
        answer = await router.raw(sent)
        assert problem(answer, 400)["detail"] == "Invalid HTTP request received."
        assert answer.headers["connection"] == "close"


async def test_no_url_in_a_message_is_ever_fetched(router: Router, redis_url: str) -> None:
    """Nor one in the answer of Nectar's API: what is fetched lies under NECTAR_BASE_URL."""
    called = []
    server = await asyncio.start_server(lambda *_: called.append("somebody"), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    odd = {"url": url, "datasource": {"name": "x", "url": url}, "$ref": url, "callback": url}
    async with server, bench(redis_url, Recorder()) as workers:
        connection = workers.nectar.add("connected", **odd)
        for fields in (odd, odd | {"status": url}, odd | {"eventType": url}, odd | {"updated": url}):
            await router.post(payload(id=connection, **fields))
        workers.nectar.edit(connection, statusErrorDetail=url)
        await workers.work_off()
        paths = {asked.path for asked in workers.nectar.requests.entries}
        assert paths == {f"/v2/connection/{connection}/details"}
    assert called == []
