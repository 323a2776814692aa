"""Asks a handler's target, by the handler's own preflight."""

import asyncio

import httpx

from receiver.cli.output import Finding, Verdict
from receiver.describing import describe
from receiver.registry import Enabled
from receiver.telemetry import Redactor

TIMEOUT = httpx.Timeout(10, connect=5)
LONGEST = 30.0
"""Seconds that a preflight may take."""


async def preflight(each: Enabled, http: httpx.AsyncClient, redactor: Redactor) -> Finding | None:
    """What the handler says of its target; None: it has no preflight."""
    name, check = f"{each.handler.name}: target", each.handler.check
    if check is None:
        return None
    try:
        async with asyncio.timeout(LONGEST):
            found = await check(each.options, http)
    except Exception as error:  # noqa: BLE001 - a plugin's check may fail in any way, and that is the finding
        return Finding(
            name, Verdict.FAILED, redactor.text(describe(error)), "See its options and its target."
        )
    return Finding(name, Verdict.OK, redactor.text(found))
