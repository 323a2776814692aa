"""What the webhook endpoint answers, over a real socket: each answer of the list, and why."""

import asyncio
import json

import pytest
from redis.asyncio import Redis

from receiver.web.body import LARGEST
from tests.integration.webhooks import (
    CONNECTION,
    JSON,
    PATH,
    Router,
    everything,
    fields,
    payload,
    problem,
    read_answer,
    request,
    signed,
)

pytestmark = pytest.mark.anyio


async def test_an_event_of_a_connection_is_answered_202_with_its_id(router: Router, redis: Redis) -> None:
    answer = await router.post(payload(), "msg_1")
    [(event, entry)] = await redis.xrange("nectar:events")
    assert (answer.status_code, answer.json()) == (202, {"id": event, "status": "accepted"})
    assert (entry["message"], entry["type"]) == ("msg_1", "connection.updated.v2")
    assert entry["connection"] == CONNECTION


async def test_an_event_that_does_not_say_its_type_is_taken_as_one_of_a_connection(router: Router) -> None:
    assert (await router.post({"id": CONNECTION})).status_code == 202
    assert (await router.post({"id": CONNECTION, "eventType": None})).status_code == 202


async def test_the_same_message_again_is_answered_200_duplicate(router: Router) -> None:
    assert (await router.post(payload(), "msg_1")).status_code == 202
    answer = await router.post(payload(), "msg_1")
    assert (answer.status_code, answer.json()) == (200, {"status": "duplicate"})


@pytest.mark.parametrize(
    "foreign",
    [
        {"eventType": "document.created.v2", "id": CONNECTION},
        {"eventType": "document.deleted.v2", "id": 7, "country": ["not", "ours"]},
        {"eventType": "invoice.paid"},
        {"eventType": "connectionless.thing", "status": {}},
    ],
)
async def test_an_event_of_another_kind_is_answered_200_ignored_and_leaves_nothing(
    router: Router, redis: Redis, foreign: dict[str, object]
) -> None:
    answer = await router.post(foreign, "msg_foreign")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ignored",
        "reason": f"{foreign['eventType']} is not an event of a connection",
    }
    assert "msg_foreign" not in await everything(redis)


@pytest.mark.parametrize("body", [b"", b"  ", b"{", b'{"id":}', b"id=1", b"\x00", b'{"id":"x"} trailing'])
async def test_malformed_json_is_answered_400(router: Router, body: bytes) -> None:
    detail = problem(await router.post(body), 400)["detail"]
    assert detail.startswith("The body is not JSON.")
    assert "line 1 column" in detail


@pytest.mark.parametrize("path", ["/", "/webhooks", f"{PATH}/", f"{PATH}/extra", "/no/such/page"])
async def test_an_unknown_path_is_answered_404_and_never_a_redirect(router: Router, path: str) -> None:
    problem(await router.client.post(path, content=b"{}", headers=JSON), 404)
    problem(await router.get(path), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_another_method_is_answered_405_with_those_allowed(router: Router, method: str) -> None:
    answer = await router.client.request(method, PATH)
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"


async def test_pages_to_look_at_cannot_be_posted_to(router: Router) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = await router.client.post(path)
        problem(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_a_body_of_one_mebibyte_is_taken(router: Router) -> None:
    bare = json.dumps(payload(padding="")).encode()
    body = bare.replace(b'"padding": ""', b'"padding": "%s"' % (b"x" * (LARGEST - len(bare))))
    assert len(body) == LARGEST
    assert (await router.post(body)).status_code == 202


async def test_a_body_declared_too_large_is_answered_413_before_it_is_sent(router: Router) -> None:
    answer = await router.raw(request(b"", signed(b""), length=LARGEST + 1))
    problem(answer, 413)
    assert answer.headers["connection"] == "close"


async def test_a_chunked_body_is_answered_413_as_soon_as_it_is_too_large(router: Router) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    head = f"POST {PATH} HTTP/1.1\r\nhost: router\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(LARGEST // 0x10000):
        writer.write(chunk)
    writer.write(b"1\r\n \r\n")  # one byte beyond; the end is never said
    answer = await read_answer(reader)
    problem(answer, 413)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_another_type_than_json_is_answered_415(router: Router, kind: str) -> None:
    answer = await router.post(payload(), content_type=kind)
    problem(answer, 415)
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", '"latin1"'])
async def test_another_charset_than_utf_8_is_answered_415(router: Router, charset: str) -> None:
    problem(await router.post(payload(), content_type=f"application/json; charset={charset}"), 415)


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8", 'application/json; charset="utf8"'],
)
async def test_json_in_utf_8_is_taken_however_it_is_spelled(router: Router, kind: str) -> None:
    assert (await router.post(payload(), content_type=kind)).status_code == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
async def test_a_compressed_body_is_answered_415(router: Router, encoding: str) -> None:
    answer = await router.post(payload(), content_encoding=encoding)
    problem(answer, 415)
    assert answer.headers["accept-encoding"] == "identity"


async def test_what_does_not_fit_the_schema_is_answered_422_with_every_field_and_no_more_retries(
    router: Router,
) -> None:
    misfit = payload(id="not a uuid", updated="yesterday", company={"id": 7}, accounts=[{}, 3])
    answer = await router.post(misfit)
    assert answer.headers["webhook-delivery"] == "abort-message"
    errors = problem(answer, 422)["errors"]
    assert [error["location"] for error in errors] == ["updated", "accounts.1", "company.id", "id"]
    assert all(error["reason"] and "uuid'" not in error["reason"] for error in errors)


async def test_nothing_but_a_misfit_stops_the_retries_of_a_message(router: Router) -> None:
    for answer in (await router.post(b"{"), await router.post(payload(), content_type="text/plain")):
        assert "webhook-delivery" not in answer.headers


async def test_of_very_many_wrong_fields_the_first_hundred_are_told(router: Router) -> None:
    answer = await router.post(payload(accounts=[0] * 5000))
    errors = problem(answer, 422)["errors"]
    assert len(errors) == 101
    assert errors[-1] == {"location": "(elsewhere)", "reason": "4900 more errors"}


async def test_a_misfit_is_kept_in_the_quarantine_with_what_is_wrong(router: Router, redis: Redis) -> None:
    body = json.dumps(payload(status=3)).encode()
    errors = problem(await router.post(body, "msg_misfit"), 422)["errors"]
    assert await redis.zrange("nectar:quarantine", 0, -1) == ["msg_misfit"]
    kept = await fields(redis, "nectar:quarantined:msg_misfit")
    assert kept["payload"].encode() == body
    assert json.loads(kept["errors"]) == errors
    assert await redis.xlen("nectar:events") == 0


@pytest.mark.parametrize(
    ("odd", "flags"),
    [
        ({"status": "ON_FIRE"}, {"status": ["ON_FIRE"]}),
        ({"country": "ZZ"}, {"country": ["ZZ"]}),
        ({"accounts": [{"datasourceTypes": ["STEAM", "GAS"]}]}, {"datasourceTypes": ["STEAM"]}),
    ],
)
async def test_a_value_outside_a_closed_list_flows_and_is_flagged(
    router: Router, redis: Redis, odd: dict[str, object], flags: dict[str, list[str]]
) -> None:
    assert (await router.post(payload(**odd))).status_code == 202
    [(_, event)] = await redis.xrange("nectar:events")
    assert json.loads(event["flags"]) == flags
