"""A message in the quarantine is validated anew, and accepted if it fits now."""

from dataclasses import dataclass

from receiver.cli.output import Failed
from receiver.cli.reading import Journal
from receiver.journal import Intake, Message, Reception
from receiver.journal.letters import Letters
from receiver.web.payload import Foreign, Malformed, Misfit, understand


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message."""

    message: str
    event: str = ""
    """The mark of its event, when it was accepted."""
    problem: str = ""
    """Why it was not. It stays in the quarantine."""


async def readmit(journal: Journal, message: str, *, dry: bool) -> Verdict:
    """Validate what is kept of a message; unless `dry`, accept it as if it came now."""
    kept = await Letters(journal.store).quarantined(message)
    if kept is None:
        return Verdict(message, problem="lies in the quarantine no longer")
    understood = _understood(message, kept.payload)
    if isinstance(understood, str):
        return Verdict(message, problem=journal.redactor.text(understood))
    if dry:
        return Verdict(message)
    intake = Intake(journal.store, journal.settings.max_backlog, journal.settings.fetch_interval)
    receipt = await intake.accept(understood)
    if receipt.reception is Reception.OVERLOADED:
        raise Failed("Too much work is waiting (MAX_BACKLOG). Try again later; it is safe to repeat.")
    if receipt.reception is Reception.DUPLICATE:
        return Verdict(message, problem=f"has been accepted before, as event {receipt.event}")
    return Verdict(message, event=receipt.event)


def _understood(message: str, payload: str) -> Message | str:
    """The message, or what is wrong with it."""
    try:
        understood = understand(message, payload.encode())
    except Malformed as error:
        return f"is not JSON: {error}"
    match understood:
        case Message():
            return understood
        case Foreign(type=kind):
            return f"is not an event of a connection, but {kind}"
        case Misfit(errors=errors):
            listed = "; ".join(f"{error['location']}: {error['reason']}" for error in errors)
            return f"does not fit: {listed}"
