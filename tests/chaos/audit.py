"""Judges a run: pure functions from evidence to what offends against a promise, each offence in words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.chaos import chains
from tests.chaos.evidence import HANDLERS, Evidence
from tests.chaos.timeline import able_seconds

LONGEST_STRANDED = 60.0
REFUSALS = {401, 503, None}
"""What an intruder may be answered. None: the process was away."""

Judge = Callable[[Evidence], Iterable[str]]


@dataclass(frozen=True)
class Row:
    """One figure of the table."""

    name: str
    number: int
    must_be_zero: bool
    examples: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it is as it must be."""
        return not (self.must_be_zero and self.number)


def audit(evidence: Evidence) -> list[Row]:
    """All figures, first those that tell what was done, then those that must be zero."""
    rows = [Row(name, number, must_be_zero=False) for name, number in figures(evidence)]
    for name, judge in JUDGES.items():
        found = list(judge(evidence))
        rows.append(Row(name, len(found), must_be_zero=True, examples=tuple(found[:5])))
    return rows


def figures(evidence: Evidence) -> Iterator[tuple[str, int]]:
    """What was done."""
    answers = [answer for sent in evidence.sent for answer in sent.answers]
    ended = Counter(death.name.partition("-")[0] for death in evidence.deaths)
    yield "events acknowledged", sum(sent.acknowledged is not None for sent in evidence.sent)
    yield "answers that were no 2xx", sum(not answer.acknowledged for answer in answers)
    yield (
        "redeliveries",
        len(answers) - sum(not answer.acknowledged for answer in answers) - len(evidence.sent),
    )
    yield "web processes ended", ended["web"]
    yield "worker processes ended", ended["worker"]
    yield "lines cut after a write, before its reply", evidence.replies_lost
    yield "fetches", len(evidence.fetches)
    yield "deliveries begun", sum(line.kind == "begin" for line in evidence.ledger)
    yield "dead letters", len(evidence.dead)
    yield "jobs in hand at one worker's death, at most", chains.most_cut_short(evidence)
    repeats = chains.repeated_steps(evidence)
    yield "steps run twice: died before the record", len(repeats.died)
    yield "steps run twice: journal away at the record", len(repeats.lost)
    yield "deliveries run again: their end not recorded", chains.repeated_deliveries(evidence)
    yield "slowest to run again after a death, s", round(chains.slowest_takeover(evidence))


def not_recorded(evidence: Evidence) -> Iterator[str]:
    """2xx was answered, and the journal knows nothing of it."""
    recorded = {event.message for event in evidence.events}
    for sent in evidence.sent:
        if sent.acknowledged is not None and sent.id not in recorded:
            yield f"{sent.id} of {sent.connection}, serial {sent.serial}"


def not_ended(evidence: Evidence) -> Iterator[str]:
    """Acknowledged, and neither handled nor in the dead letters when all work was over."""
    serials = {sent.id: sent.serial for sent in evidence.sent if sent.acknowledged is not None}
    shown = chains.newest_shown(evidence)
    for event in evidence.events:
        if event.message not in serials or _is_dead(evidence, f"refresh:{event.connection}", event.mark):
            continue
        kept = evidence.connections.get(event.connection)
        if kept is None or moment(event.mark) > moment(kept.covered):
            yield f"{event.message} of {event.connection}: no fetch covers it"
            continue
        for pair in ((handler, event.connection) for handler in HANDLERS):
            work = ":".join(("deliver", *pair))
            if _is_dead(evidence, work, event.mark):
                continue
            stands, serial = evidence.handled.get(pair, 0), serials[event.message]
            if stands < kept.version or shown.get(pair, 0) < serial:
                yield f"{event.message}, serial {serial}: {pair} stands at {stands} of {kept.version}"


def never_acknowledged(evidence: Evidence) -> Iterator[str]:
    """Refused to the last, though all was well again."""
    return (sent.id for sent in evidence.sent if sent.acknowledged is None)


def recorded_twice(evidence: Evidence) -> Iterator[str]:
    """One message, two events; a message whose work ended in the dead letters may come again."""
    times = Counter(event.message for event in evidence.events if event.connection not in evidence.rejected)
    return (f"{message}: {number} times" for message, number in times.items() if number > 1)


def stranded(evidence: Evidence) -> Iterator[str]:
    """Due for more than a minute in which it could have been begun."""
    for overdue in evidence.overdue:
        waited = able_seconds(evidence.outages, overdue.since, overdue.seen)
        if waited > LONGEST_STRANDED:
            yield f"{overdue.work}: {waited:.0f} s"


def fetched_too_early(evidence: Evidence) -> Iterator[str]:
    """An event that is said to be covered, and no fetch began after its acceptance."""
    began = defaultdict(list)
    for request in evidence.requests:
        began[request.path.split("/")[-2]].append(request.began)
    for fetch in evidence.fetches:
        accepted = moment(fetch.mark)[0] / 1000
        # The journal's times are cut to milliseconds.
        if not any(accepted <= each <= fetch.at + 0.002 for each in began[fetch.connection]):
            yield f"{fetch.connection} up to {fetch.mark}, settled at {fetch.at:.3f}"


def shown_too_old(evidence: Evidence) -> Iterator[str]:
    """A handler was shown events together with a state from before them."""
    serials = {sent.id: sent.serial for sent in evidence.sent}
    for line in evidence.ledger:
        if line.kind == "begin":
            newest = max((serials.get(message, 0) for message in line.events), default=0)
            if newest > line.serial:
                yield f"{line.pair}, version {line.version}: serial {line.serial} for {newest}"


def fetched_for_nothing(evidence: Evidence) -> Iterator[str]:
    """A fetch that covers nothing that one before it did not: something called for work that was no news."""
    last: dict[str, str] = {}
    for fetch in evidence.fetches:
        if moment(fetch.mark) <= moment(last.get(fetch.connection, "")):
            yield f"{fetch.connection} up to {fetch.mark}"
        last[fetch.connection] = fetch.mark


def intruders(evidence: Evidence) -> Iterator[str]:
    """What is not authentic, or not fresh, was read, kept or acknowledged."""
    kept = {event.message for event in evidence.events} | set(evidence.quarantined)
    for intruder in evidence.intruding:
        odd = {answer.status_code for answer in intruder.answers} - REFUSALS
        if odd or intruder.id in kept:
            yield f"{intruder.id}: answered {sorted(map(str, odd))}, kept: {intruder.id in kept}"


def unplanned_ends(evidence: Evidence) -> Iterator[str]:
    """A process ended that nobody had told to."""
    suicides = {line.pid for line in evidence.ledger if line.kind == "dies"}
    for death in evidence.deaths:
        if not death.planned and death.pid not in suicides:
            yield f"{death.name} ended with {death.code}"


def moment(mark: str) -> tuple[int, int]:
    """A mark in an order that grows with time; none is older than all."""
    milliseconds, _, sequence = (mark or "0-0").partition("-")
    return int(milliseconds), int(sequence)


def _is_dead(evidence: Evidence, work: str, mark: str) -> bool:
    if work not in evidence.dead:
        return False
    since, upto = evidence.dead[work]
    return moment(since) < moment(mark) <= moment(upto)


JUDGES: dict[str, Judge] = {
    "acknowledged, not in the journal": not_recorded,
    "acknowledged, not ended in handled or dead": not_ended,
    "never acknowledged": never_acknowledged,
    "messages recorded twice": recorded_twice,
    "stranded longer than 60 s": stranded,
    "not running again 10 s after a worker's death": chains.orphans,
    "versions going back for one handler and connection": chains.went_back,
    "two deliveries of one handler and connection at once": chains.at_once,
    "fetches begun before an event that they cover": fetched_too_early,
    "states shown that are older than their events": shown_too_old,
    "fetches with no new event behind them": fetched_for_nothing,
    "steps run twice without either": lambda evidence: chains.repeated_steps(evidence).unexcused,
    "attempts at one version with another key": chains.changing_keys,
    "intruders read, kept or acknowledged": intruders,
    "secrets or personal data in a log": lambda evidence: evidence.leaks,
    "processes that ended by themselves": unplanned_ends,
}
