"""The forward handler in a rehearsal: what would be posted is seen, and nothing leaves."""

from dataclasses import replace

import httpx
import pytest

from handlers.forward import forward
from handlers.forward.delivering import deliver
from receiver.api import Done
from receiver.rehearsal import Effect, Rehearsing, stand_in_of
from tests.handlers.forwarding import BROKEN, SECRET, context, nobody, options

pytestmark = pytest.mark.anyio


async def test_nothing_is_looked_up_or_sent_and_the_real_url_is_shown() -> None:
    chosen = options("https://hooks.example/a?b=c", "http://127.0.0.1:9/x", secret=[SECRET])
    effects: list[Effect] = []

    async def keep(effect: Effect) -> None:
        effects.append(effect)

    rehearsing = Rehearsing(keep, stand_in_of(forward, chosen))
    async with rehearsing.client() as http:
        ctx = replace(context(chosen, http), rehearsal=rehearsing)
        assert await deliver(BROKEN, ctx, nobody) == Done("key-7")
    assert [(effect.kind, effect.what["url"]) for effect in effects] == [
        ("http", "https://hooks.example/a?b=c"),
        ("http", "http://127.0.0.1:9/x"),
    ]
    headers = effects[0].what["headers"]
    assert isinstance(headers, dict)
    assert (headers["host"], headers["webhook-id"]) == ("hooks.example", "key-7")


def test_the_stand_in_takes_what_it_is_posted() -> None:
    answer = stand_in_of(forward, options("https://hooks.example"))
    assert answer(httpx.Request("POST", "https://hooks.example")).status_code == 202
