"""Who is let in: messages as Svix and Standard Webhooks sign them, and no others."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import standardwebhooks
import svix.webhooks
from redis.asyncio import Redis

from receiver.signature import TOLERANCE
from tests.integration.webhooks import (
    CONNECTION,
    JSON,
    OTHER_SECRET,
    PATH,
    SECRET,
    Router,
    everything,
    payload,
    problem,
    running,
    signed,
)

pytestmark = pytest.mark.anyio

BODY = json.dumps(payload()).encode()

EXAMPLES: dict[str, dict[str, Any]] = {
    "created": {
        "id": CONNECTION,
        "eventType": "connection.created.v2",
        "status": "PENDING",
        "created": "2024-05-01T10:00:00.123456789",
        "updated": "2024-05-01T10:00:00.123456789",
        "url": "https://pacific.example",
        "country": "US",
        "company": {"id": CONNECTION, "name": "Acmé", "externalId": None, "publicId": "acme-7f3a"},
        "datasource": {"name": "Pacific Power"},
        "emails": ["owner@acme.example"],
        "accounts": [],
    },
    "updated": {
        "id": CONNECTION,
        "eventType": "connection.updated.v2",
        "status": "CONNECTED",
        "protectedChanges": ["accounts", "status"],
        "old": {"status": "PENDING", "accounts": []},
        "accounts": [
            {
                "accountNumber": "100-1",
                "datasourceTypes": ["ELECTRICITY"],
                "startDate": "2024-01-01",
                "endDate": None,
                "isTracked": True,
            }
        ],
    },
    "validated": {
        "id": CONNECTION,
        "eventType": "connection.validated.v2",
        "status": "MFA_TOKEN_EXPIRED",
        "updated": "2024-05-01T10:00:00Z",
        "sitesRelations": [
            {"accountIds": ["1"], "datasourceTypes": ["GAS"], "site": {"id": CONNECTION, "name": "Main St"}}
        ],
    },
    "of an older name": {"id": CONNECTION, "eventType": "connection.updated"},
}


async def send(router: Router, headers: dict[str, str], body: bytes = BODY) -> httpx.Response:
    """Post with these headers."""
    return await router.client.post(PATH, content=body, headers=JSON | headers)


@pytest.mark.parametrize("example", EXAMPLES)
async def test_what_looks_like_the_published_examples_is_taken_as_the_svix_library_signs_it(
    router: Router, redis: Redis, example: str
) -> None:
    body = json.dumps(EXAMPLES[example], ensure_ascii=False)
    now = datetime.now(UTC)
    signature = svix.webhooks.Webhook(SECRET).sign("msg_svix", now, body)
    headers = {
        "svix-id": "msg_svix",
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": signature,
    }
    assert (await send(router, headers, body.encode())).status_code == 202
    [(_, event)] = await redis.xrange("nectar:events")
    assert event["payload"] == body


async def test_the_standard_names_of_the_headers_are_taken_too(router: Router) -> None:
    now = datetime.now(UTC)
    signature = standardwebhooks.Webhook(SECRET).sign("msg_standard", now, BODY.decode())
    stamp = str(int(now.timestamp()))
    headers = {"webhook-id": "msg_standard", "webhook-timestamp": stamp, "webhook-signature": signature}
    assert (await send(router, headers)).status_code == 202


async def test_a_message_without_signature_headers_is_answered_401(router: Router, redis: Redis) -> None:
    answer = await send(router, {})
    assert problem(answer, 401)["detail"] == (
        "Not authentic: svix-id, svix-timestamp and svix-signature must all be there."
    )
    assert await redis.xlen("nectar:events") == 0


@pytest.mark.parametrize("family", ["svix", "webhook"])
@pytest.mark.parametrize("missing", ["id", "timestamp", "signature"])
async def test_a_message_that_lacks_one_of_the_three_headers_is_answered_401(
    router: Router, family: str, missing: str
) -> None:
    headers = signed(BODY, family=family)
    del headers[f"{family}-{missing}"]
    problem(await send(router, headers), 401)


async def test_headers_of_the_two_families_do_not_complete_each_other(router: Router) -> None:
    headers = signed(BODY)
    headers["webhook-signature"] = headers.pop("svix-signature")
    problem(await send(router, headers), 401)


@pytest.mark.parametrize(
    "signature", ["v1,", "v1,AAAA", "v2,AAAA", "AAAA", "v1,é", "v1", ",", "v2,A v1,", "v1a," + "A" * 5000]
)
async def test_a_wrong_signature_is_answered_401(router: Router, signature: str) -> None:
    headers = JSON | signed(BODY) | {"svix-signature": signature}
    latin = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    problem(await router.client.post(PATH, content=BODY, headers=latin), 401)


async def test_a_signature_by_another_secret_is_answered_401(router: Router) -> None:
    problem(await send(router, signed(BODY, secret=OTHER_SECRET)), 401)


@pytest.mark.parametrize("header", ["svix-id", "svix-timestamp"])
async def test_the_signature_covers_the_id_and_the_timestamp(router: Router, header: str) -> None:
    headers = signed(BODY)
    headers[header] = "msg_other" if header == "svix-id" else str(int(headers[header]) - 1)
    problem(await send(router, headers), 401)


async def test_the_signature_covers_each_byte_of_the_body(router: Router) -> None:
    problem(await send(router, signed(BODY), BODY + b" "), 401)


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-TOLERANCE - 60, "more than five minutes old"), (TOLERANCE + 60, "ahead")]
)
async def test_a_message_out_of_its_time_is_answered_401(router: Router, seconds: int, reason: str) -> None:
    answer = await send(router, signed(BODY, at=time.time() + seconds))
    assert reason in problem(answer, 401)["detail"]


@pytest.mark.parametrize("seconds", [-TOLERANCE + 60, TOLERANCE - 60])
async def test_a_clock_that_is_off_by_a_few_minutes_does_no_harm(router: Router, seconds: int) -> None:
    assert (await send(router, signed(BODY, at=time.time() + seconds))).status_code == 202


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "9" * 5000, "²"])
async def test_a_timestamp_that_is_no_number_is_answered_401(router: Router, stamp: str) -> None:
    headers = JSON | signed(BODY) | {"svix-timestamp": stamp}
    latin = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    problem(await router.client.post(PATH, content=BODY, headers=latin), 401)


async def test_while_a_secret_is_rotated_both_are_taken_and_both_signatures_may_come(redis_url: str) -> None:
    async with running(redis_url, nectar_webhook_secret=f"{SECRET},{OTHER_SECRET}") as router:
        for secret in (SECRET, OTHER_SECRET):
            assert (await send(router, signed(BODY, secret=secret))).status_code == 202
        problem(await send(router, signed(BODY, secret="whsec_c29tZWJvZHkgZWxzZQ==")), 401)
    async with running(redis_url, nectar_webhook_secret=OTHER_SECRET) as router:
        old, new = (signed(BODY, "msg_both", secret=secret) for secret in (SECRET, OTHER_SECRET))
        both = new | {"svix-signature": f"{old['svix-signature']} {new['svix-signature']}"}
        assert (await send(router, both)).status_code == 202


async def test_unsigned_messages_are_taken_only_under_allow_unsigned(redis_url: str) -> None:
    async with running(redis_url, nectar_webhook_secret="", allow_unsigned=True) as router:
        answers = [await send(router, {}), await send(router, {}), await send(router, {"svix-id": "msg_1"})]
        assert [answer.status_code for answer in answers] == [202, 202, 202]
        assert (await send(router, {"webhook-id": "msg_1"})).json() == {"status": "duplicate"}


async def test_under_allow_unsigned_a_wrong_signature_is_still_wrong(redis_url: str) -> None:
    async with running(redis_url, allow_unsigned=True) as router:
        assert (await send(router, {})).status_code == 202
        assert (await send(router, signed(BODY))).status_code == 202
        problem(await send(router, signed(BODY, secret=OTHER_SECRET)), 401)


async def test_nothing_of_a_refused_message_is_kept(router: Router, redis: Redis) -> None:
    problem(await send(router, signed(BODY, "msg_forged", secret=OTHER_SECRET)), 401)
    assert "msg_forged" not in await everything(redis)
