"""Whether Zendesk is as the handler needs it; asks, and changes nothing."""

from collections.abc import Awaitable, Callable, Sequence

from handlers.ticketing import RefusedError, Ticket
from handlers.zendesk.api import Api
from handlers.zendesk.options import Options

PRIORITIES = ("low", "normal", "high", "urgent")
TYPES = ("problem", "incident", "question", "task")
NO_TICKETS_KEY = "nectar-preflight"

Find = Callable[[str], Awaitable[Sequence[Ticket]]]


async def preflight(api: Api, find: Find, options: Options) -> str:
    """What was found, in a few words. Raises PermissionError or RefusedError that says what is missing."""
    await api.agent()
    for setting, known in (("priority", PRIORITIES), ("type", TYPES)):
        for value in _named(options, setting):
            if value not in known:
                raise RefusedError(f"{setting}: there is no {value!r}; there are: {', '.join(known)}")
    for setting, place in (("group", "groups"), ("assignee", "users")):
        for value in _named(options, setting):
            if not value.isdecimal():
                raise RefusedError(f"{setting}: must be an id, a number")
            if await api.get_if_there(f"{place}/{value}") is None:
                raise RefusedError(f"{setting}: there is no {value} in Zendesk, or not for this agent")
    await find(NO_TICKETS_KEY)
    return f"{options.url.host} takes our token and has all that is named"


def _named(options: Options, setting: str) -> list[str]:
    """Its values in options and rules, as far as they are known beforehand: templates are not."""
    said = [getattr(options, setting), *(getattr(rule, setting) for rule in options.rules)]
    return [*dict.fromkeys(value for value in said if value and "{" not in value)]
