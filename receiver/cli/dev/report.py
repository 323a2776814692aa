"""What `nectar-router dev --once` says in the end: pure functions over what was seen."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from receiver.cli.dev.once import Scene
from receiver.cli.output import Finding, Verdict
from receiver.journal import deliver
from receiver.simulator import Message, Outcome

ENDED_WELL = ("fetched", "done", "skipped")
Concerned = Callable[[Iterable[str]], Iterable[str]]
"""The handlers that a change in these attributes concerns."""


def table(scenes: Sequence[Scene], connection: str) -> Table:
    """A row for each scene."""
    shown = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("Nectar says", "Received", "Fetched", "Delivered", "Mailed"):
        shown.add_column(title, no_wrap=title != "Mailed")
    for scene in scenes:
        cells = (
            [scene.name],
            map(_received, scene.messages),
            (f"{one.status} ({scene.after(one.fetched)} ms)" for one in scene.versions),
            _delivered(scene, connection),
            (f"{mail.subject} ({scene.after(mail.received.timestamp() * 1000)} ms)" for mail in scene.mails),
        )
        # As Text: in a plain string rich would take [brackets] for instructions.
        shown.add_row(*(Text("\n".join(lines)) for lines in cells))
    return shown


def _received(message: Message) -> str:
    kind = message.event_type.removeprefix("connection.").removesuffix(".v2")
    first = message.attempts[0]
    return f"{kind} {first.status_code or 'no answer'} ({first.latency * 1000:.0f} ms)"


def _delivered(scene: Scene, connection: str) -> Iterator[str]:
    for attempt in scene.attempts:
        kind, _, handler = attempt.work.removesuffix(f":{connection}").partition(":")
        if kind == "deliver":
            yield f"{handler} {attempt.outcome} ({scene.after(attempt.ended)} ms)"


def findings(
    scenes: Sequence[Scene], connection: str, concerned: Concerned, dead: Sequence[str]
) -> Iterator[Finding]:
    """Whether all happened that the story calls for, mails aside."""
    messages = [message for scene in scenes for message in scene.messages]
    good = [message for message in messages if message.outcome is Outcome.DELIVERED]
    yield _judge("Webhooks", len(good) == len(messages), f"{len(good)} of {len(messages)} were answered 2xx")

    fetched = [scene for scene in scenes if scene.status in [version.status for version in scene.versions]]
    yield _judge(
        "Fetches", len(fetched) == len(scenes), f"{len(fetched)} of {len(scenes)} changes were fetched"
    )

    missing = [line for scene in scenes for line in _missing(scene, connection, concerned)]
    number = sum(attempt.outcome in ENDED_WELL[1:] for scene in scenes for attempt in scene.attempts)
    yield _judge("Handlers", not missing, "; ".join(missing) or f"{number} deliveries, all ended well")

    quarantined = sum(message.outcome is Outcome.ABORTED for message in messages)
    left = f"{len(dead)} dead letters, {quarantined} in quarantine"
    yield _judge("Left over", not dead and not quarantined, left)


def _missing(scene: Scene, connection: str, concerned: Concerned) -> Iterator[str]:
    if not scene.settled:
        yield f"{scene.name}: not finished in time"
    ended = {(attempt.work, attempt.version): attempt for attempt in scene.attempts}
    for version in scene.versions:
        for handler in concerned(version.changed):
            attempt = ended.get((deliver(handler, connection), version.number))
            if attempt is None or attempt.outcome not in ENDED_WELL:
                how = f"{attempt.outcome}, {attempt.detail}" if attempt else "not run"
                yield f"{scene.name}: {handler} {how}"


def mail_findings(scenes: Sequence[Scene], owner: str, link: str | None) -> Iterator[Finding]:
    """Whether the owner got the mails of the `reconnect` story, and the first one the right link."""
    counts = [len(scene.mails) for scene in scenes]
    mails = [mail for scene in scenes for mail in scene.mails]
    right = counts == [0, 0, 1, 1] and all(mail.to == (owner,) for mail in mails)
    told = "2 of 2 reached the owner" if right else f"{counts} by step, and not [0, 0, 1, 1] to the owner"
    yield _judge("Mails", right, told)
    if link is not None:
        leads = [link in mail.links for mail in mails] == [True, False]
        told = "the first mail leads to where the owner mends it" if leads else "not in the first mail alone"
        yield _judge("Reconnect link", leads, told)


def _judge(subject: str, good: bool, detail: str) -> Finding:
    return Finding(subject, Verdict.OK if good else Verdict.FAILED, detail)
