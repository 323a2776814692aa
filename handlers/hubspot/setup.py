"""What must be in HubSpot before anything can be written there, and what makes it."""

from collections.abc import Iterator
from typing import Any

import httpx

from handlers.hubspot.api import Api
from handlers.hubspot.options import Options
from handlers.hubspot.properties import GROUP, GROUP_LABEL, Kind, Property, properties_of


async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether the properties are there. Raises LookupError that names those that are not."""
    api = Api(options, http)
    wrong = [
        problem for kind in kinds(options) for problem in _problems(kind, options, await api.properties(kind))
    ]
    if wrong:
        raise LookupError(f"{'; '.join(wrong)}. `nectar-router handlers setup hubspot` makes what is missing")
    return f"the properties of {' and '.join(kinds(options))} are there"


async def make_properties(options: Options, http: httpx.AsyncClient) -> list[str]:
    """Make the properties that are missing; a line for each that was made. To be run again is harmless.

    Raises ValueError when one is there and is of another kind: what holds values is not touched.
    """
    api, done = Api(options, http), list[str]()
    for kind in kinds(options):
        there = await api.properties(kind)
        missing = [each for each in properties_of(kind, options.key_property) if each.name not in there]
        if wrong := [each for each in _problems(kind, options, there) if "is missing" not in each]:
            raise ValueError("; ".join(wrong))
        if missing and GROUP not in await api.groups(kind):
            await api.make_group(kind, GROUP, GROUP_LABEL)
            done.append(f"made the group {GROUP} of {kind}")
        for each in missing:
            await api.make_property(kind, each.definition)
            done.append(f"made {kind}.{each.name} ({each.type}{', unique' if each.unique else ''})")
    return done


def kinds(options: Options) -> list[Kind]:
    """The kinds of records that are written."""
    return ["companies", "contacts"] if options.contacts else ["companies"]


def _problems(kind: Kind, options: Options, there: dict[str, Any]) -> Iterator[str]:
    for each in properties_of(kind, options.key_property):
        if (found := there.get(each.name)) is None:
            yield f"{kind}.{each.name} is missing"
        elif problem := _problem(each, found):
            yield f"{kind}.{each.name} {problem}"


def _problem(wanted: Property, found: dict[str, Any]) -> str:
    if found.get("type") != wanted.type:
        return f"is a {found.get('type')} and must be a {wanted.type}"
    if wanted.unique and not found.get("hasUniqueValue"):
        return "does not demand unique values, which can be said only when a property is made"
    return ""
