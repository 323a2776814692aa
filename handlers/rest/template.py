"""Templates: `{name}` in a URL or in the texts of a JSON body stands for a figure.

A body is read as JSON first and filled in afterwards: nothing that Nectar sends can break out of its place.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from pydantic import JsonValue

from handlers.crm import Standing

FIELD = re.compile(r"\{(\w+)\}")
FIELDS = (
    *("key", "company_id", "name", "total", "connected", "needing_action"),
    *("worst", "since", "checked", "link"),
)


def fields(standing: Standing, link: str) -> dict[str, JsonValue]:
    """What the names stand for; null where nothing is known."""
    customer, figures = standing.customer, standing.figures
    values: tuple[JsonValue, ...] = (
        *(customer.key, str(customer.id), customer.name),
        *(figures.total, figures.connected, figures.needing_action),
        *(figures.worst and str(figures.worst), _moment(figures.since), _moment(figures.checked), link),
    )
    return dict(zip(FIELDS, values, strict=True))


def unknown_fields(template: JsonValue) -> set[str]:
    """Names in a template that stand for nothing."""
    if isinstance(template, str):
        return set(FIELD.findall(template)) - set(FIELDS)
    if isinstance(template, dict):
        template = [*template, *template.values()]
    if isinstance(template, list):
        return {name for part in template for name in unknown_fields(part)}
    return set()


def fill_url(template: str, values: Mapping[str, JsonValue]) -> str:
    """The URL, values percent-encoded."""
    return FIELD.sub(lambda found: quote(_text(values[found[1]]), safe=""), template)


def fill(template: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """The body. A text that is one name and nothing else becomes what that stands for: a number, or null."""
    if isinstance(template, dict):
        return {name: fill(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [fill(part, values) for part in template]
    if not isinstance(template, str):
        return template
    if alone := FIELD.fullmatch(template):
        return values[alone[1]]
    return FIELD.sub(lambda found: _text(values[found[1]]), template)


def _text(value: JsonValue) -> str:
    return "" if value is None else str(value)


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
