"""What Salesforce says is wrong, and what follows from it.

An error is a list of {message, errorCode, fields}.
https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html
"""

from typing import Any

import httpx

from handlers.crm import BusyError, RefusedError

SEVERAL = 300
PASSING = {
    "REQUEST_LIMIT_EXCEEDED",  # 403: the org's requests of the last 24 hours, or too many at a time
    "UNABLE_TO_LOCK_ROW",  # 400: somebody else is writing the record
    "SERVER_UNAVAILABLE",
}
MISSING_FIELD = {"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"}


def raise_for(response: httpx.Response, place: str) -> None:
    """Raise what the router knows what to do about, unless it went well. `place`: object and key field."""
    code = response.status_code
    if response.is_success:
        return
    if code == SEVERAL:
        raise RefusedError(f"several records have that {place}: merge them, and tick Unique on the field")
    words = explain(response)
    said = f"Salesforce answered {code}: {', '.join(words) or 'no reason given'}"
    if PASSING & set(words):
        raise BusyError(said)
    if code in (401, 403):
        raise PermissionError(said)
    if MISSING_FIELD & set(words):
        # Nothing at all can be written: that is waited out, as a refused token is.
        raise PermissionError(f"{said}; the user lacks fields that the page of this handler lists")
    if 400 <= code < 500 and code not in (408, 429):
        raise RefusedError(said)
    response.raise_for_status()


def explain(response: httpx.Response) -> list[str]:
    """Salesforce's codes and the names of fields; never its messages, which repeat values."""
    try:
        errors: Any = response.json()
    except ValueError:
        return []
    found = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    words = [word for each in found for word in (each.get("errorCode"), *(each.get("fields") or []))]
    return [*dict.fromkeys(str(word) for word in words if word)]
