"""`nectar-router check` says of each thing whether it is as it must be, and what to do where it is not."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from receiver.journal import Worklist, connect
from receiver.simulator import Fault, Inbox, Simulator
from tests.e2e.cli import nectar_router
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio
KEY = "the-right-key"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


@dataclass
class Place:
    """A deployment, and where `check` is typed."""

    folder: Path
    variables: dict[str, str]
    nectar: Simulator
    inbox: Inbox
    redis: "Redis"
    last: dict[str, Any] = field(default_factory=dict)

    async def check(self, *arguments: str, **variables: str) -> dict[str, tuple[str, str]]:
        """Verdict and detail by subject. An empty variable counts as none."""
        done = await asyncio.to_thread(
            nectar_router, self.folder, "check", "--json", *arguments, **{**self.variables, **variables}
        )
        self.last = json.loads(done.stdout)
        assert done.returncode == (0 if self.last["ok"] else 1)
        assert "hush-hush" not in done.stdout + done.stderr
        return {each["subject"]: (each["verdict"], each["detail"]) for each in self.last["checks"]}

    def advice(self, subject: str) -> str:
        """What was said last is to be done about a subject."""
        return "".join(each["advice"] for each in self.last["checks"] if each["subject"] == subject)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator["Redis"]:
    """A Redis that is as it must be."""
    with Redis.from_url(redis_url, decode_responses=True) as client:
        client.flushall()
        client.config_set("appendonly", "yes")
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("save", "")
        yield client


@pytest.fixture
async def place(tmp_path: Path, redis: "Redis", redis_url: str) -> AsyncIterator[Place]:
    """A deployment that is as it must be: one worker, a mail server, and Nectar takes the key."""
    async with Inbox() as inbox, Simulator(api_key=KEY) as nectar, present_worker(redis_url):
        variables = {
            "NECTAR_API_KEY": KEY,
            "NECTAR_WEBHOOK_SECRET": SECRET,
            "NECTAR_BASE_URL": nectar.base_url,
            "REDIS_URL": redis_url,
            "HANDLERS": "email,log",
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
            "EMAIL_FROM": "Router <router@example.com>",
        }
        yield Place(tmp_path, variables, nectar, inbox, redis)


@asynccontextmanager
async def present_worker(redis_url: str) -> AsyncIterator[None]:
    """Report for work once, as a worker does every few seconds."""
    store = connect(redis_url)
    await Worklist(store).present("a-worker:1")
    yield
    await store.close()


async def test_a_deployment_that_is_as_it_must_be_passes(place: Place) -> None:
    """Every setting is listed, secrets only as set, and every handler's target is asked."""
    found = await place.check()
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert found["NECTAR_API_KEY"] == ("ok", "set")
    assert found["PORT"] == ("ok", "8000 (default)")
    assert found["Redis persistence"] == ("ok", "append-only file")
    assert found["Worker"] == ("ok", "1 at work")
    assert found["Nectar"] == ("ok", f"{place.nectar.base_url} answers and takes the key")
    assert found["email: target"] == ("ok", f"127.0.0.1:{place.inbox.port} answers; no login is set")


async def test_the_same_is_told_in_lines_for_people(place: Place) -> None:
    done = await asyncio.to_thread(nectar_router, place.folder, "check", **place.variables)
    assert done.returncode == 0
    assert "ok       Redis eviction         noeviction\n" in done.stdout


async def test_variables_in_trouble_are_named_and_their_values_are_not(place: Place) -> None:
    """All of them at once, those of handlers too."""
    found = await place.check(
        NECTAR_WEBHOOK_SECRET="hush-hush!", PORT="hush-hush", EMAIL_FROM="", HANDLERS="email,pager"
    )
    assert {subject for subject, (verdict, _) in found.items() if verdict == "failed"} == {
        "NECTAR_WEBHOOK_SECRET",
        "PORT",
        "EMAIL_FROM",
        "HANDLERS",
    }
    assert found["EMAIL_FROM"][1] == "is not set (option of handler 'email')"
    assert "'pager'" in found["HANDLERS"][1]


async def test_a_redis_that_evicts_or_forgets_fails(place: Place) -> None:
    """It would lose what was acknowledged."""
    place.redis.config_set("maxmemory-policy", "allkeys-lru")
    place.redis.config_set("appendonly", "no")
    found = await place.check()
    assert found["Redis eviction"] == ("failed", "maxmemory-policy is allkeys-lru")
    assert "noeviction" in place.advice("Redis eviction")
    assert found["Redis persistence"][0] == "failed"
    place.redis.config_set("save", "900 1")
    assert (await place.check())["Redis persistence"] == ("warning", "snapshots only (900 1)")


async def test_what_a_managed_redis_does_not_show_is_a_warning(place: Place) -> None:
    """Many of them refuse CONFIG."""
    place.redis.config_set("appendonly", "no")
    place.redis.acl_setuser(
        "managed", True, passwords=["+hush-hush"], categories=["+@all"], commands=["-config"], keys=["*"]
    )
    url = place.variables["REDIS_URL"].replace("redis://", "redis://managed:hush-hush@")
    found = await place.check(REDIS_URL=url)
    assert found["Redis persistence"][0] == "warning"
    assert place.last["ok"]


async def test_a_redis_that_is_away_fails(place: Place) -> None:
    found = await place.check(REDIS_URL="redis://:hush-hush@127.0.0.1:1/0")
    assert found["Redis"][0] == "failed"
    assert "REDIS_URL" in place.advice("Redis")


async def test_no_worker_is_a_warning(place: Place) -> None:
    """In a release phase there may be none yet."""
    place.redis.flushall()
    found = await place.check()
    assert found["Worker"] == ("warning", "none is there")
    assert place.last["ok"]


async def test_a_refused_key_and_a_nectar_that_is_down_are_two_things(place: Place) -> None:
    refused = await place.check(NECTAR_API_KEY="hush-hush")
    assert refused["Nectar"][0] == "failed"
    assert "NECTAR_API_KEY" in place.advice("Nectar")
    place.nectar.faults.set(Fault(status=503))
    down = await place.check()
    assert down["Nectar"] == ("failed", "Nectar answered 503")
    assert "NECTAR_BASE_URL" in place.advice("Nectar")


async def test_a_handler_whose_target_does_not_answer_fails(place: Place) -> None:
    found = await place.check(EMAIL_SMTP_URL="smtp://me:hush-hush@127.0.0.1:1")
    assert found["email: options"] == ("ok", "good")
    assert found["email: target"][0] == "failed"
    assert "127.0.0.1:1" in found["email: target"][1]


async def test_offline_asks_nobody(place: Place) -> None:
    """As in a release phase: settings and options only, so neither Redis nor Nectar need be there."""
    found = await place.check(
        "--offline", REDIS_URL="redis://127.0.0.1:1/0", NECTAR_BASE_URL="http://127.0.0.1:1"
    )
    assert "Redis" not in found
    assert place.last["ok"]
    assert (await place.check("--offline", EMAIL_FROM=""))["EMAIL_FROM"][0] == "failed"


async def test_what_is_not_set_yet_is_a_warning_that_says_what_follows(place: Place) -> None:
    """The first deployment comes before its variables; unsigned webhooks are one, too."""
    unset = {"NECTAR_API_KEY": "", "NECTAR_WEBHOOK_SECRET": "", "HANDLERS": "", "ALLOW_UNSIGNED": "1"}
    found = await place.check("--offline", **unset)
    assert {subject for subject, (verdict, _) in found.items() if verdict == "warning"} == set(unset)
    assert "503" in place.advice("NECTAR_WEBHOOK_SECRET")
    assert place.last["ok"]
