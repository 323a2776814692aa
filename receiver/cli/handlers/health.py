"""How the handlers are doing, if the journal can be asked within a moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from redis.exceptions import RedisError

from receiver.journal import Store, connect
from receiver.journal.health import Health, read_health
from receiver.settings import SettingsError, load_settings
from receiver.tasks import cancel
from receiver.telemetry import Redactor

PATIENCE = 1.5
"""Seconds: a list is wanted at once, and most of it needs no Redis."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How they are doing, by name; or why that is unknown."""

    known: dict[str, Health]
    unknown: str = ""


async def read_conditions(handlers: Sequence[str], redactor: Redactor) -> Conditions:
    """How these are doing, as far as Redis says so within a moment."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return Conditions({}, str(error).splitlines()[0])
    redactor.hide_options(settings)
    store = connect(settings.redis_dsn)
    try:
        found = await _in_time(store, handlers)
    except (RedisError, OSError) as error:
        return Conditions({}, f"Redis is away ({type(error).__name__})")
    finally:
        await store.close()
    if found is None:
        return Conditions({}, f"Redis is away (no answer within {PATIENCE:g} s)")
    return Conditions(
        {name: replace(each, reason=redactor.text(each.reason)) for name, each in found.items()}
    )


async def _in_time(store: Store, handlers: Sequence[str]) -> dict[str, Health] | None:
    asking = asyncio.create_task(read_health(store, handlers))
    await asyncio.wait({asking}, timeout=PATIENCE)
    if asking.done():
        return asking.result()
    await cancel(asking)
    return None
