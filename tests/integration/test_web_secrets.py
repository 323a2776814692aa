"""Promise 10: secrets stay in. What lies in Redis after a webhook, and what the logs say of it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.webhooks import (
    CONNECTION,
    JSON,
    OTHER_SECRET,
    PATH,
    SECRET,
    Router,
    encoded,
    everything,
    fields,
    payload,
    problem,
    signed,
    until,
)

pytestmark = pytest.mark.anyio

MAGIC = "hush-hush-magic-value"
USERNAME, ADDRESS = "pat.the.owner", "owner.of.it@acme.example"

HIDING_PLACES: dict[str, Any] = {
    "at the top": payload(connectionMagicLinkSecret=MAGIC),
    "under old": payload(old={"connectionMagicLinkSecret": MAGIC, "status": "PENDING"}),
    "deep below": payload(accounts=[{"site": {"more": [{"connection_magic_link_secret": MAGIC}]}}]),
    "as an object": payload(old={"connectionMagicLinkSecret": {"value": [MAGIC]}}),
    "in other letters": payload(old={"CONNECTIONMAGICLINKSECRET": MAGIC, "magic_link_secret": MAGIC}),
    "spelled out": json.dumps(payload(old={"connectionMagicLinkSecret": MAGIC}))
    .replace("connectionMagic", "\\u0063onnection\\u004dagi\\u0063")
    .encode(),
    "spelled out in full": json.dumps(payload(old={"KEY": MAGIC}))
    .replace("KEY", "".join(f"\\u{ord(letter):04x}" for letter in "connectionMagicLinkSecret"))
    .encode(),
    "behind a key that comes twice": b'{"id":"%s","old":{"connectionMagicLinkSecret":"%s"},"old":{}}'
    % (CONNECTION.encode(), MAGIC.encode()),
}

AS_THEY_CAME = {
    "with blanks": b' { "id" :\t"%s",\r\n "status":"CONNECTED" } ' % CONNECTION.encode(),
    "with keys that come twice": b'{"status":"PENDING","id":"%s","status":"CONNECTED"}' % CONNECTION.encode(),
    "with letters spelled out": b'{"id":"%s","company":{"name":"Acm\\u00e9 \\u0041\\/B \\ud83d\\ude00"}}'
    % CONNECTION.encode(),
    "with numbers of any form": b'{"id":"%s","x":[1E400,1.0,-0,100000000000000000000000]}'
    % CONNECTION.encode(),
    "with a NUL": b'{"id":"%s","url":"\\u0000"}' % CONNECTION.encode(),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
async def test_promise_10_the_magic_links_secret_is_nowhere_in_redis(
    router: Router, redis: Redis, place: str
) -> None:
    assert (await router.post(HIDING_PLACES[place])).status_code == 202
    assert MAGIC not in await everything(redis)
    [(_, event)] = await redis.xrange("nectar:events")
    assert json.loads(event["payload"])["id"] == CONNECTION


@pytest.mark.parametrize("place", HIDING_PLACES)
async def test_promise_10_it_is_not_in_the_quarantine_either(
    router: Router, redis: Redis, place: str
) -> None:
    body = encoded(HIDING_PLACES[place]).replace(b'"id"', b'"country": 7, "id"', 1)
    answer = await router.post(body, "msg_1")
    problem(answer, 422)
    assert MAGIC not in answer.text
    assert MAGIC not in await everything(redis)
    kept = json.loads((await fields(redis, "nectar:quarantined:msg_1"))["payload"])
    assert kept["country"] == 7


async def test_all_but_the_secret_is_kept(router: Router, redis: Redis) -> None:
    told = payload(company={"name": "Acmé 😀"}, numbers=[1.5, 10**30], old={"status": None})
    await router.post(told | {"connectionMagicLinkSecret": MAGIC})
    [(_, event)] = await redis.xrange("nectar:events")
    assert json.loads(event["payload"]) == told


@pytest.mark.parametrize("form", AS_THEY_CAME)
async def test_a_payload_without_the_secret_is_kept_byte_for_byte(
    router: Router, redis_url: str, form: str
) -> None:
    assert (await router.post(AS_THEY_CAME[form])).status_code == 202
    async with Redis.from_url(redis_url) as bare:
        [(_, event)] = await bare.xrange("nectar:events")
    assert event[b"payload"] == AS_THEY_CAME[form]


async def free_port() -> int:
    """A port that nobody listens on."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        return int(server.sockets[0].getsockname()[1])


class Program:
    """The web process as the Procfile runs it, with all that it says."""

    def __init__(self, port: int, process: asyncio.subprocess.Process) -> None:
        self.port = port
        self.process = process

    async def lines(self) -> list[str]:
        """All that it said until it was told to stop."""
        self.process.terminate()
        said, _ = await self.process.communicate()
        return said.decode().splitlines()


@pytest.fixture
async def program(redis_url: str) -> AsyncIterator[Program]:
    port = await free_port()
    settings = {
        "NECTAR_WEBHOOK_SECRET": SECRET,
        "REDIS_URL": redis_url,
        "NECTAR_API_KEY": "key-of-nectar",
        "LOG_LEVEL": "debug",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "receiver.web"),
        env={"PATH": os.environ["PATH"], "PORT": str(port), **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    yield Program(port, process)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def alive(client: httpx.AsyncClient) -> bool:
    """Whether the program answers."""
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


async def test_promise_10_the_logs_hold_no_secret_and_no_personal_data(program: Program) -> None:
    personal = payload(
        username=USERNAME,
        workflowOwnerEmail=ADDRESS,
        emails=[ADDRESS],
        connectionMagicLinkSecret=MAGIC,
        old={"username": USERNAME, "workflowOwnerEmail": ADDRESS},
    )
    bodies = [
        personal,
        personal | {"status": "ON_FIRE"},
        personal | {"eventType": "document.created.v2"},
        personal | {"workflowOwnerEmail": f"{ADDRESS} {USERNAME}"},
        personal | {"username": [USERNAME], "id": USERNAME, "updated": MAGIC, "company": ADDRESS},
        encoded(personal)[:-1],
    ]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{program.port}", trust_env=False) as client:
        await until(bool, lambda: alive(client))
        for body in map(encoded, bodies):
            for secret in (SECRET, OTHER_SECRET):
                await client.post(PATH, content=body, headers=JSON | signed(body, secret=secret))
        await client.post(f"{PATH}?token={MAGIC}", content=b"", headers=JSON)
    lines = await program.lines()
    said = [json.loads(line) for line in lines]
    events = [line["event"] for line in said]
    assert (events.count("accepted"), events.count("quarantined"), events.count("refused")) == (2, 2, 10)
    for private in (MAGIC, USERNAME, ADDRESS, SECRET, SECRET.removeprefix("whsec_"), "key-of-nectar"):
        assert not [line for line in lines if private in line]


async def test_each_line_about_a_message_carries_its_id(program: Program, redis: Redis) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{program.port}", trust_env=False) as client:
        await until(bool, lambda: alive(client))
        for message, body in (("msg_good", encoded(payload())), ("msg_odd", b'{"id":1}'), ("msg_bad", b"{")):
            await client.post(PATH, content=body, headers=JSON | signed(body, message))
    said = [json.loads(line) for line in await program.lines()]
    about = [(line["message"], line["event"]) for line in said if "message" in line]
    assert about == [
        ("msg_good", "accepted"),
        ("msg_odd", "quarantined"),
        ("msg_odd", "refused"),
        ("msg_bad", "refused"),
    ]
    [accepted] = [line for line in said if line["event"] == "accepted"]
    [(event, _)] = await redis.xrange("nectar:events")
    assert (accepted["event_id"], accepted["connection"]) == (event, CONNECTION)
