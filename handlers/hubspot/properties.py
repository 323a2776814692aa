"""The properties that HubSpot's records get, and what is written there.

Values are strings, whatever a property's type; times are ISO 8601 in UTC.
https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

from handlers.crm import Figures

Kind: TypeAlias = Literal["companies", "contacts"]

GROUP, GROUP_LABEL = "nectar", "Nectar"
COMPANY = "nectar_company"


@dataclass(frozen=True, slots=True)
class Property:
    """A property, as `POST /crm/properties/{version}/{kind}` makes it."""

    name: str
    label: str
    type: Literal["string", "number", "datetime"]
    description: str
    unique: bool = False

    @property
    def field_type(self) -> str:
        """How it is shown."""
        return {"string": "text", "number": "number", "datetime": "date"}[self.type]

    @property
    def definition(self) -> dict[str, JsonValue]:
        """What makes it."""
        made: dict[str, JsonValue] = {"groupName": GROUP, "name": self.name, "label": self.label}
        made |= {"type": self.type, "fieldType": self.field_type, "description": self.description}
        return made | ({"hasUniqueValue": True} if self.unique else {})


FIGURES = (
    Property("nectar_connections", "Connections", "number", "Utility connections in Nectar."),
    Property("nectar_connected", "Connected", "number", "Connections whose data flows."),
    Property("nectar_needing_action", "Needing action", "number", "Connections that somebody must mend."),
    Property("nectar_worst_status", "Worst status", "string", "The status to look at first."),
    Property("nectar_since", "Since", "datetime", "Since when there has been a connection of that status."),
    Property("nectar_checked", "Last checked", "datetime", "When Nectar last looked at a connection."),
    Property("nectar_link", "More about the connections", "string", "Where to look further."),
)


def properties_of(kind: Kind, key_property: str) -> tuple[Property, ...]:
    """What records of this kind must have. A company is found by the first, a contact by its address."""
    if kind == "contacts":
        return (Property(COMPANY, "Connections of", "string", "The company meant here."), *FIGURES)
    key = Property(key_property, "Company in Nectar", "string", "What Nectar calls the company.", unique=True)
    return (key, *FIGURES)


def values(figures: Figures, link: str) -> dict[str, str]:
    """What is written: a value for each of `FIGURES`. An empty one clears what was there."""
    return {
        "nectar_connections": str(figures.total),
        "nectar_connected": str(figures.connected),
        "nectar_needing_action": str(figures.needing_action),
        "nectar_worst_status": figures.worst or "",
        "nectar_since": _moment(figures.since),
        "nectar_checked": _moment(figures.checked),
        "nectar_link": link,
    }


def differs(wanted: Mapping[str, str], there: Mapping[str, str | None]) -> bool:
    """Whether a record says something else than it should. Times may come with fractions of a second."""
    return any(_plain(value) != _plain(there.get(name) or "") for name, value in wanted.items())


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _plain(value: str) -> str:
    try:
        return _moment(datetime.fromisoformat(value)) if "T" in value else value
    except ValueError:
        return value
