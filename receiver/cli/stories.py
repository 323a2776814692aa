"""A story as lines for people and as JSON: pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from receiver.cli.journal_rows import company_document, last_words, quarantine_row, status_word, work_document
from receiver.cli.moments import iso, lasted, shown
from receiver.journal.criteria import Criteria
from receiver.journal.history import Attempt, Version, milliseconds
from receiver.journal.letters import Quarantined
from receiver.journal.standings import Standing
from receiver.journal.states import State, Work, handler_of
from receiver.journal.story import ConnectionStory, EventStory

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A story, told."""

    lines: Sequence[str]
    document: Json


def tell_event(story: EventStory) -> Told:
    """What became of an event."""
    accepted, standing = story.event.accepted, story.event.standing
    received = milliseconds(accepted.mark)
    head = {
        "message": accepted.message,
        "type": accepted.type,
        "connection": accepted.connection,
        "company": standing.company.name,
        "unknown": ", ".join(f"{name} {values}" for name, values in accepted.flags.items()),
    }
    lines = [f"Event {accepted.mark}: {story.event.state()}", *_facts(head), ""]
    lines += [f"{shown(received)} UTC  received", *_steps(story, received), "", "Now"]
    lines += _now(standing)
    return Told(
        lines,
        {
            "event": {
                "id": accepted.mark,
                "message": accepted.message,
                "type": accepted.type,
                "received": iso(received),
                "unknown": accepted.flags,
                "payload": json.loads(story.payload) if story.payload else None,
                "state": story.event.state(),
            },
            "covered": story.covered,
            "fetches": [attempt_document(each) for each in story.fetches],
            "change": story.change and {**version_document(story.change), "new": story.changed},
            "deliveries": [attempt_document(each) for each in story.deliveries],
            "now": standing_document(standing),
        },
    )


def tell_connection(story: ConnectionStory, work: str) -> Told:
    """How a connection came to stand as it does; with `work`, what became of that."""
    standing = story.standing
    lines = [f"Connection {standing.id}", *_facts({"company": standing.company.name}), "", "Now"]
    lines += _now(standing)
    traced = next((each for each in standing.works if each.name == work), None)
    if traced and traced.trace:
        lines += ["", f"{work} failed with", *traced.trace.rstrip().splitlines()]
    lines += ["", "Versions, newest first"] if story.versions else []
    lines += [f"  {shown(version.fetched)}  {_version(version)}" for version in story.versions]
    lines += ["", "Attempts, newest first"] if story.attempts else []
    lines += [f"  {shown(each.ended)}  {_attempt(each)}" for each in story.attempts]
    return Told(
        lines,
        {
            "connection": standing_document(standing),
            "versions": [version_document(version) for version in story.versions],
            "attempts": [attempt_document(each) for each in story.attempts],
        },
    )


def tell_quarantined(one: Quarantined) -> Told:
    """Why a message lies in the quarantine."""
    errors = [f"  {error['location']}: {error['reason']}" for error in one.errors]
    facts = {"first came": shown(one.at), "last came": shown(one.last), "times": str(one.times)}
    advice = f"`nectar-router replay {one.message}` validates it anew."
    document = {**quarantine_row(one, Criteria()).document, "payload": json.loads(one.payload)}
    lines = [f"Message {one.message}: in the quarantine", *_facts(facts), "", *errors, "", advice]
    return Told(lines, {"quarantined": document})


def _steps(story: EventStory, received: int) -> Iterator[str]:
    for each in story.fetches:
        yield _after(each.ended - received, _attempt(each))
    if story.covered and not (story.fetches and story.fetches[-1].outcome == "fetched"):
        yield _after(None, "fetch       fetched: the record of attempts does not go back so far")
    if story.change and story.changed:
        yield _after(story.change.fetched - received, f"change      {_version(story.change)}")
    elif story.change:
        yield _after(None, f"change      none: version {story.change.number} was up to date")
    for each in story.deliveries:
        yield _after(each.ended - received, _attempt(each))


def _after(milliseconds_later: int | None, what: str) -> str:
    later = "" if milliseconds_later is None else f"+ {lasted(max(0, milliseconds_later))}"
    return f"{later:>23}  {what}"


def _attempt(attempt: Attempt) -> str:
    who = handler_of(attempt.work) or "fetch"
    number = (
        f"attempt {attempt.number}, " if attempt.number > 1 or attempt.outcome in ("retry", "dead") else ""
    )
    version = f"version {attempt.version}, " if attempt.version and who != "fetch" else ""
    detail = f": {attempt.detail}" if attempt.detail and attempt.outcome != "fetched" else ""
    return f"{who:<11} {attempt.outcome} ({version}{number}took {lasted(attempt.took)}){detail}"


def _version(version: Version) -> str:
    status = (
        f"{version.before or 'new'} → {version.status}"
        if version.before != version.status
        else version.status
    )
    changed = ", ".join(version.changed) if version.number > 1 else "everything"
    return f"version {version.number}: {status}; changed {changed}"


def _now(standing: Standing) -> Iterator[str]:
    since = f" since {shown(standing.since)}" if standing.since else ""
    yield f"  {'status':<11} {status_word(standing)}{since}, version {standing.version}"
    for work in standing.works:
        yield f"  {work.handler or 'fetch':<11} {_state(work)}"


def _state(work: Work) -> str:
    if work.state is State.IDLE:
        words = last_words(work)
        return f"idle{f', last {words}' if words else ''}"
    verb = {
        State.DEAD: "since",
        State.PARKED: "since",
        State.IN_HAND: "until",
        State.AWAITING: "a fetch since",
    }
    reason = f": {work.reason}" if work.reason else ""
    return f"{work.state} {verb.get(work.state, 'at')} {shown(work.at)}{reason}"


def _facts(facts: dict[str, str]) -> Iterator[str]:
    return (f"  {name:<11} {value}" for name, value in facts.items() if value)


def attempt_document(attempt: Attempt) -> Json:
    """An attempt."""
    return {
        "work": attempt.work,
        "handler": handler_of(attempt.work) or None,
        "version": attempt.version or None,
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "ended": iso(attempt.ended),
        "took_ms": attempt.took,
    }


def version_document(version: Version) -> Json:
    """A version of a connection."""
    return {
        "version": version.number,
        "fetched": iso(version.fetched),
        "status": version.status,
        "status_before": version.before or None,
        "changed": version.changed,
        "events": version.events,
    }


def standing_document(standing: Standing) -> Json:
    """How a connection stands."""
    return {
        "id": standing.id,
        "status": standing.status,
        "since": iso(standing.since),
        "version": standing.version,
        "fetched": iso(standing.fetched),
        "company": company_document(standing.company),
        "works": [{**work_document(work), "trace": work.trace} for work in standing.works],
    }
