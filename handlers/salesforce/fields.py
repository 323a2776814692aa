"""The fields that a record gets, and what is written there."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from handlers.crm import Figures

FIGURES = {
    "Nectar_Connections__c": "double",
    "Nectar_Connected__c": "double",
    "Nectar_Needing_Action__c": "double",
    "Nectar_Worst_Status__c": "string",
    "Nectar_Since__c": "datetime",
    "Nectar_Checked__c": "datetime",
    "Nectar_Link__c": "url",
}
"""The fields that are written, and the type that each has."""

LONGEST = 255
"""Characters of a text, a name or a URL."""


def values(figures: Figures, link: str) -> dict[str, JsonValue]:
    """What is written: a value for each of `FIGURES`. Null clears what was there."""
    written: tuple[JsonValue, ...] = (
        *(figures.total, figures.connected, figures.needing_action, figures.worst and str(figures.worst)),
        *(_moment(figures.since), _moment(figures.checked), link[:LONGEST]),
    )
    return dict(zip(FIGURES, written, strict=True))


def differs(wanted: Mapping[str, JsonValue], there: Mapping[str, Any]) -> bool:
    """Whether a record says something else than it should. Numbers come with fractions, times with zones."""
    return any(_plain(name, value) != _plain(name, there.get(name)) for name, value in wanted.items())


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _plain(name: str, value: Any) -> Any:
    if FIGURES[name] != "datetime" or not value:
        return value
    return _moment(datetime.fromisoformat(str(value)))
