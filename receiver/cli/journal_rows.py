"""A row of each list: its cells for people, and the whole of it as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from receiver.cli.moments import iso, shown
from receiver.journal.criteria import Criteria
from receiver.journal.history import milliseconds
from receiver.journal.letters import Letter, Quarantined
from receiver.journal.listing import Event
from receiver.journal.scans import Delivery
from receiver.journal.standings import Company, Standing
from receiver.journal.states import State, Work

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one thing."""

    cells: dict[str, str]
    """By their column's title."""
    document: Json


def event_row(event: Event, criteria: Criteria) -> Row:
    """An event."""
    accepted, standing = event.accepted, event.standing
    state, received = event.state(criteria.handler), milliseconds(accepted.mark)
    return Row(
        {
            "received": shown(received),
            "event": accepted.mark,
            "type": accepted.type,
            "connection": accepted.connection,
            "status": status_word(standing),
            "state": state,
        },
        {
            "id": accepted.mark,
            "message": accepted.message,
            "type": accepted.type,
            "received": iso(received),
            "connection": accepted.connection,
            "company": company_document(standing.company),
            "status": standing.status,
            "state": state,
            "unknown": accepted.flags,
        },
    )


def connection_row(standing: Standing, criteria: Criteria) -> Row:
    """A connection."""
    state = str(standing.state(criteria.handler))
    return Row(
        {
            "connection": standing.id,
            "status": status_word(standing),
            "since": shown(standing.since),
            "version": str(standing.version),
            "state": state,
            "company": standing.company.name or standing.company.external_id or standing.company.id,
        },
        {
            "id": standing.id,
            "status": standing.status,
            "since": iso(standing.since),
            "version": standing.version,
            "fetched": iso(standing.fetched),
            "company": company_document(standing.company),
            "state": state,
            "works": {work.handler or "fetch": str(work.state) for work in standing.works},
        },
    )


def delivery_row(row: Delivery, criteria: Criteria) -> Row:
    """A delivery."""
    work = row.work
    return Row(
        {
            "delivery": work.name,
            "state": str(work.state),
            "last attempt": shown(work.settled),
            "handled": f"v{work.version} {work.status}".strip() if work.version else "",
            "what it said": last_words(work),
        },
        {
            **work_document(work),
            "connection": work.connection,
            "company": company_document(row.standing.company),
        },
    )


def dead_row(letter: Letter, criteria: Criteria) -> Row:
    """A dead letter."""
    work = letter.work
    return Row(
        {
            "died": shown(work.at),
            "dead letter": work.name,
            "attempts": str(work.attempt),
            "status": status_word(letter.standing),
            "reason": work.reason,
        },
        {
            **work_document(work),
            "trace": work.trace,
            "connection": work.connection,
            "company": company_document(letter.standing.company),
            "status": letter.standing.status,
            "events": {"after": work.after or None, "upto": work.upto},
        },
    )


def quarantine_row(one: Quarantined, criteria: Criteria) -> Row:
    """A message in the quarantine."""
    first, *others = [f"{error['location']}: {error['reason']}" for error in one.errors] or [""]
    return Row(
        {
            "first came": shown(one.at),
            "message": one.message,
            "times": str(one.times),
            "errors": f"{first} (and {len(others)} more)" if others else first,
        },
        {
            "id": one.message,
            "first": iso(one.at),
            "last": iso(one.last),
            "times": one.times,
            "errors": one.errors,
        },
    )


def work_document(work: Work) -> Json:
    """A piece of work, without its trace."""
    document: Json = {"id": work.name, "state": str(work.state), "at": iso(work.at)}
    if work.handler:
        document |= {
            "handler": work.handler,
            "handled_version": work.version,
            "handled_status": work.status,
            "wanted_version": work.wanted,
            "outcome": work.outcome,
            "detail": work.detail,
        }
    return document | {"attempts": work.attempt, "reason": work.reason, "last_attempt": iso(work.settled)}


def company_document(company: Company) -> Json | None:
    """A company; None: nothing is known of it."""
    return asdict(company) if any(asdict(company).values()) else None


def status_word(standing: Standing) -> str:
    """A status that can be seen: there may be none."""
    return standing.status or ("none" if standing.version else "not fetched")


def last_words(work: Work) -> str:
    """What the last attempt said."""
    if work.state is State.IDLE:
        return f"{work.outcome}: {work.detail}" if work.detail else work.outcome
    return work.reason
