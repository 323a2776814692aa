"""Judges what one handler was shown of one connection, delivery after delivery, by the ledger."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.evidence import Evidence, Line
from tests.chaos.timeline import able_seconds

LONGEST_TAKEOVER = 10.0
LOST = ("LostClaim", "CancelledError")
"""How a delivery ends whose step could not be recorded: the journal was away, or gave it to another."""


@dataclass(frozen=True)
class Repeats:
    """Steps that ran more than once."""

    died: list[str]
    """Whoever ran it died before it could be recorded."""
    lost: list[str]
    """Its record was refused, since the journal was away or read-only."""
    unexcused: list[str]


def went_back(evidence: Evidence) -> Iterator[str]:
    """A delivery showed an older version than one before it."""
    for pair, lines in _chains(evidence).items():
        newest = 0
        for line in lines:
            if line.kind == "begin" and line.version < newest:
                yield f"{pair}: version {line.version} after {newest}"
            newest = max(newest, line.version)


def at_once(evidence: Evidence) -> Iterator[str]:
    """A delivery began while another of the same pair was under way in a living process."""
    deaths = _deaths(evidence)
    for pair, lines in _chains(evidence).items():
        running: dict[int, Line] = {}
        for line in lines:
            if line.kind == "end":
                running.pop(line.pid, None)
            if line.kind != "begin":
                continue
            for other in running.values():
                if not _died(deaths, other.pid, other.at, line.at):
                    yield (
                        f"{pair}: version {other.version} by {other.pid} was under way for "
                        f"{line.at - other.at:.1f} s when {line.version} began by {line.pid}"
                    )
            running = {line.pid: line}


def orphans(evidence: Evidence) -> Iterator[str]:
    """A delivery was cut short by the death of its process, and began anew too late."""
    for pair, seconds in _takeovers(evidence):
        if seconds > LONGEST_TAKEOVER:
            yield f"{pair}: {seconds:.1f} s"


def slowest_takeover(evidence: Evidence) -> float:
    """Seconds until the last delivery that a death cut short ran again."""
    return max((seconds for _, seconds in _takeovers(evidence)), default=0.0)


def repeated_steps(evidence: Evidence) -> Repeats:
    """Steps that ran again, though `once` was to run them once."""
    found = Repeats([], [], [])
    deaths = _deaths(evidence)
    for pair, lines in _chains(evidence).items():
        # The last effect of each step, and whether it was recorded or its delivery lost meanwhile.
        effects: dict[tuple[str, str], Line] = {}
        lost: set[tuple[str, str]] = set()
        recorded: set[tuple[str, str]] = set()
        for line in lines:
            step = line.key, line.step
            if line.kind == "recorded":
                recorded.add(step)
            elif line.kind == "end" and line.how in LOST:
                lost |= {each for each, effect in effects.items() if effect.pid == line.pid} - recorded
            elif line.kind == "step":
                if before := effects.get(step):
                    died = _died(deaths, before.pid, before.at, line.at) and step not in recorded
                    where = found.lost if step in lost else found.died if died else found.unexcused
                    where.append(f"{pair}: {line.step!r} by {before.pid} and by {line.pid}")
                effects[step] = line
                lost.discard(step)
    return found


def changing_keys(evidence: Evidence) -> Iterator[str]:
    """A target could not know that it is asked for the same again."""
    keys: dict[tuple[str, str, int], str] = {}
    for line in evidence.ledger:
        if line.kind == "begin" and keys.setdefault((*line.pair, line.version), line.key) != line.key:
            yield f"{line.pair}, version {line.version}, attempt {line.attempt}"


def newest_shown(evidence: Evidence) -> dict[tuple[str, str], int]:
    """The newest serial that each pair has come to the end of."""
    shown: dict[tuple[str, str], int] = defaultdict(int)
    for line in evidence.ledger:
        if line.kind == "end" and line.how == "done":
            shown[line.pair] = max(shown[line.pair], line.serial)
    return shown


def repeated_deliveries(evidence: Evidence) -> int:
    """Deliveries that came to a good end and were shown the same version again: the end was not recorded."""
    done: set[tuple[str, str, int]] = set()
    again = 0
    for line in evidence.ledger:
        # The other one may ask to be shown the same again.
        if line.handler == "effects":
            shown = (*line.pair, line.version)
            again += line.kind == "begin" and shown in done
            if line.kind == "end" and line.how == "done":
                done.add(shown)
    return again


def most_cut_short(evidence: Evidence) -> int:
    """Deliveries that a process had begun and not ended when it died; of all deaths the most."""
    open_ones: dict[int, int] = defaultdict(int)
    for line in evidence.ledger:
        open_ones[line.pid] += {"begin": 1, "end": -1}.get(line.kind, 0)
    return max((open_ones[death.pid] for death in evidence.deaths), default=0)


def _takeovers(evidence: Evidence) -> Iterator[tuple[tuple[str, str], float]]:
    """Each delivery that a death cut short: how long it took from there until it ran again.

    A further death on the way may have struck who was about to take it over: then from that one.
    """
    deaths = _deaths(evidence)
    workers = sorted(death.at for death in evidence.deaths if death.name.startswith("worker"))
    for pair, lines in _chains(evidence).items():
        begun: Line | None = None
        for line in lines:
            if line.kind == "begin":
                if begun is not None and _died(deaths, begun.pid, begun.at, line.at):
                    last = workers[bisect_left(workers, line.at) - 1]
                    yield pair, able_seconds(evidence.outages, last, line.at)
                # Trouble of its own may rightly keep the other handler's work waiting.
                begun = line if line.handler == "effects" else None
            elif line.kind == "dies":
                begun = line
            elif line.kind == "end":
                begun = None


def _chains(evidence: Evidence) -> dict[tuple[str, str], list[Line]]:
    """The ledger by pair."""
    chains: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in evidence.ledger:
        chains[line.pair].append(line)
    return chains


def _deaths(evidence: Evidence) -> dict[int, list[float]]:
    deaths: dict[int, list[float]] = defaultdict(list)
    for death in evidence.deaths:
        deaths[death.pid].append(death.at)
    return deaths


def _died(deaths: dict[int, list[float]], pid: int, since: float, until: float) -> bool:
    times = sorted(deaths.get(pid, []))
    return bisect_left(times, since) < bisect_right(times, until)
