"""What `nectar-router handlers list` tells of a handler, and the same as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from receiver.cli.handlers.facts import Facts
from receiver.cli.moments import iso
from receiver.cli.output import Finding
from receiver.journal.health import Health


@dataclass(frozen=True, slots=True)
class Listed:
    """A handler."""

    facts: Facts
    wrong: tuple[str, ...]
    """What keeps it from starting as it is set: a line for each variable. Of enabled ones only."""
    health: Health | None
    shadow_health: Health | None
    """In shadow mode: that has deliveries of its own."""
    unknown: str
    """Why its health is not known."""
    preflight: Finding | None
    """What its target said, where it was asked."""


def document(one: Listed) -> dict[str, Any]:
    """As JSON."""
    facts = one.facts
    return {
        "name": facts.name,
        "enabled": facts.enabled,
        "shadow": facts.shadow,
        "source": facts.source,
        "package": facts.package,
        "version": facts.version,
        "summary": facts.summary,
        "problem": facts.problem,
        "wrong": list(one.wrong),
        "options": [asdict(option) for option in facts.options],
        "schedule": {
            each.field: {"value": each.value, "variable": each.variable, "set": each.set}
            for each in facts.schedule
        },
        "health": _health(one, one.health),
        "shadow_health": _health(one, one.shadow_health) if facts.shadow else None,
        "preflight": asdict(one.preflight) if one.preflight else None,
    }


def _health(one: Listed, health: Health | None) -> dict[str, Any]:
    if health is None:
        return {"breaker": "unknown", "reason": one.unknown}
    return {
        "breaker": "open" if health.since else "closed",
        "since": iso(health.since),
        "reason": health.reason,
        "parked": health.parked,
        "dead": health.dead,
    }
