"""What the handlers under test write down: a JSON line for each thing that happens, in one file for all."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from receiver.api import Change, Context

PAUSE = 0.02
"""Seconds between a step's effect and its record: room for a process to die in."""


@dataclass(frozen=True)
class Delivery:
    """One attempt, as its handler sees it."""

    path: str
    facts: dict[str, Any]

    def write(self, kind: str, **more: Any) -> None:
        """Append a line, in one write: a process that is killed then loses none.

        Only with the whole machine would it be lost, so there is no fsync, which would hold up the worker.
        """
        line = {"kind": kind, **self.facts, **more, "at": time.monotonic(), "wall": time.time()}
        file = os.open(self.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.write(file, json.dumps(line).encode() + b"\n")
        finally:
            os.close(file)

    def effect(self, step: str) -> Callable[[], Coroutine[Any, Any, str]]:
        """What `ctx.once` is to run once."""

        async def happen() -> str:
            self.write("step", step=step)
            await asyncio.sleep(PAUSE)
            return step

        return happen


@asynccontextmanager
async def delivery(path: str, handler: str, change: Change, ctx: Context[Any]) -> AsyncIterator[Delivery]:
    """Write down that a delivery begins, and, unless the process dies, how it ends."""
    detail = change.connection.status_error_detail or ""
    facts = {
        "handler": handler,
        "connection": str(change.connection.id),
        "version": change.version,
        "status": str(change.connection.status),
        "serial": int(detail.removeprefix("serial ") or 0) if detail.startswith("serial ") else 0,
        "attempt": ctx.attempt,
        "key": ctx.idempotency_key,
        "pid": os.getpid(),
    }
    made = Delivery(path, facts)
    made.write("begin", events=[event.id for event in change.events])
    how = "done"
    try:
        yield made
    except BaseException as error:
        how = type(error).__name__
        raise
    finally:
        made.write("end", how=how)
