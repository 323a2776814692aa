"""`nectar-router handlers list`: which there are, how they are set, and how they are doing."""

import asyncio
from collections.abc import Iterable

import httpx

from receiver.cli.handlers.facts import asked_for, facts
from receiver.cli.handlers.health import read_conditions
from receiver.cli.handlers.list_lines import print_list
from receiver.cli.handlers.listed import Listed, document
from receiver.cli.handlers.preflight import TIMEOUT, preflight
from receiver.cli.output import Finding, print_json
from receiver.registry import Enabled, load_registry
from receiver.settings import SHADOW, SettingsError
from receiver.telemetry import Redactor


def run(*, check: bool, as_json: bool) -> None:
    """Print the list. Exit code 0 whatever is on it."""
    handlers = asyncio.run(listed(check=check))
    if as_json:
        print_json({"handlers": [document(handler) for handler in handlers]})
    else:
        print_list(handlers)


async def listed(*, check: bool) -> list[Listed]:
    """All handlers that are installed or asked for. `check`: also what the targets of enabled ones say."""
    found = facts()
    ready, wrong = _enabled({one.name for one in found if not one.problem})
    redactor = Redactor()
    for each in ready:
        redactor.hide_options(each.options)
    conditions, said = await asyncio.gather(
        read_conditions([name for one in found for name in (one.name, one.name + SHADOW)], redactor),
        _ask(ready if check else (), redactor),
    )
    return [
        Listed(
            one,
            wrong.get(one.name, ()),
            conditions.known.get(one.name),
            conditions.known.get(one.name + SHADOW) if one.shadow else None,
            conditions.unknown,
            said.get(one.name),
        )
        for one in found
    ]


def _enabled(usable: set[str]) -> tuple[list[Enabled], dict[str, tuple[str, ...]]]:
    """Those that HANDLERS names, as far as they can start, and what keeps the others from it."""
    ready: list[Enabled] = []
    wrong: dict[str, tuple[str, ...]] = {}
    for asked in dict.fromkeys(asked_for()):
        name = asked.partition(":")[0]
        try:
            ready += load_registry([asked]).values() if name in usable else ()
        except SettingsError as error:
            wrong[name] = tuple(dict.fromkeys((*wrong.get(name, ()), *str(error).splitlines())))
    return ready, wrong


async def _ask(handlers: Iterable[Enabled], redactor: Redactor) -> dict[str, Finding | None]:
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        asked = list(handlers)
        said = await asyncio.gather(*(preflight(each, http, redactor) for each in asked))
    return {each.handler.name: finding for each, finding in zip(asked, said, strict=True)}
