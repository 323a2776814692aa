"""Shadow mode: a delivery on live traffic that reaches nobody, recorded to be read."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from receiver.api import Done, Outcome, Skipped
from receiver.describing import LONGEST_TEXT
from receiver.dispatch.delivery import Delivery
from receiver.journal import Rehearsals, Rehearsed, Setback
from receiver.rehearsal import Effect
from receiver.telemetry import Redactor


class Shadow:
    """Records what handlers in shadow mode would have done."""

    def __init__(self, rehearsals: Rehearsals, redactor: Redactor) -> None:
        self._rehearsals = rehearsals
        self._redactor = redactor

    async def record(self, delivery: Delivery, result: Outcome | Setback) -> Outcome | Setback:
        """Record the attempt; how it is to be settled.

        Trouble is told and no more: nothing is retried, parked or dead for the sake of a rehearsal. Who asks
        to be shown the connection later is.
        """
        word, detail = _told(result)
        self._redactor.hide(delivery.change.connection.username)
        await self._rehearsals.keep(
            delivery.enabled.name,
            Rehearsed(
                connection=str(delivery.change.connection.id),
                version=delivery.pending.version,
                status=str(delivery.change.connection.status),
                outcome=word,
                detail=self._redactor.text(detail)[:LONGEST_TEXT],
                effects=[masked(effect, self._redactor) for effect in delivery.effects],
            ),
        )
        if isinstance(result, Setback) and result.reaction != "later":
            return Skipped(f"shadow mode; in earnest: {word}, {detail}")
        return result


def masked(effect: Effect, redactor: Redactor) -> dict[str, JsonValue]:
    """The effect as it may be kept and shown: without secrets, a JSON body by the names of its values too."""
    what = dict(effect.what)
    body = what.get("body")
    if isinstance(body, str):
        what["body"] = _body(body, redactor)
    shown: Mapping[str, JsonValue] = redactor.value(what)
    return {"kind": effect.kind, **shown}


def _body(body: str, redactor: Redactor) -> JsonValue:
    try:
        parsed: JsonValue = redactor.value(json.loads(body))
    except ValueError:
        return redactor.text(body)
    return parsed


def _told(result: Outcome | Setback) -> tuple[str, str]:
    match result:
        case Setback(reaction=reaction, reason=reason):
            return reaction, reason
        case Done(reference=reference):
            return "done", str(reference or "")
        case Skipped(reason=reason):
            return "skipped", str(reason)
    return "later", ""
