"""What HubSpot says is wrong, and what follows from it.

https://developers.hubspot.com/docs/api-reference/latest/error-handling
"""

from collections.abc import Mapping
from typing import Any

import httpx

from handlers.crm import BusyError, RefusedError

LOCKED, MIGRATING = 423, 477
"""A record is being written by somebody else; the account is being moved. Both pass."""
PASSING = {"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "SERVER_ERROR", "TIMEOUT"}
"""Categories of a record's error that say nothing about the record."""


def check(response: httpx.Response) -> None:
    """Raise what the router knows what to do about, unless HubSpot took the request."""
    code = response.status_code
    if code == 401:
        raise PermissionError("HubSpot answered 401: HUBSPOT_TOKEN is not, or no longer, good")
    if code == 403:
        raise PermissionError("HubSpot answered 403: the token lacks a scope, see the page of this handler")
    if code in (LOCKED, MIGRATING):
        raise BusyError(f"HubSpot answered {code}: locked for the moment")
    if code in (400, 409, 413, 414):
        raise refusal(f"HubSpot answered {code}", _json(response))
    response.raise_for_status()


def of_record(error: Mapping[str, Any]) -> Exception:
    """What to raise for one record of a batch."""
    category = str(error.get("category") or "")
    if category in PASSING:
        return BusyError(f"HubSpot did not write the record: {category}")
    return refusal("HubSpot refuses the record", error)


def refusal(said: str, error: Any) -> Exception:
    """What to raise for what HubSpot will not take.

    Without its properties nothing can be written at all: that is waited out, as a refused token is.
    """
    words = explain(error)
    if "PROPERTY_DOESNT_EXIST" in words:
        return PermissionError(f"{said}: {', '.join(words)}; `nectar-router handlers setup hubspot` makes it")
    return RefusedError(f"{said}: {', '.join(words) or 'no reason given'}")


def explain(error: Any) -> list[str]:
    """HubSpot's codes and the names of properties; never its messages, which repeat values.

    Every part of an error may be missing.
    """
    if not isinstance(error, dict):
        return []
    details = [each for each in error.get("errors") or [] if isinstance(each, dict)]
    codes = [error.get("category"), *(each.get("code") for each in details)]
    names = [name for each in (error, *details) for name in _property_names(each)]
    return [*dict.fromkeys(str(word) for word in (*codes, *names) if word)]


def _property_names(error: Mapping[str, Any]) -> list[Any]:
    context = error.get("context")
    named = context.get("propertyName") if isinstance(context, dict) else None
    return named if isinstance(named, list) else [named, error.get("in")]


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return {}
