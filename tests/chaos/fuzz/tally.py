"""Judges each answer as it comes, and counts."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic_core import from_json

from tests.chaos.fuzz.shots import Shot

PROBLEM = b"\r\ncontent-type: application/problem+json\r\n"
PLACES = re.compile(r"\d+")
EXAMPLES = 5
SHOWN = 300
"""Bytes of a request in an example."""


@dataclass(slots=True, frozen=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def document(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return from_json(self.body)
        except ValueError:
            return None


@dataclass
class Offences:
    """How many of one kind, and some of them."""

    number: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """One more."""
        self.number += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


class Tally:
    """What was sent, what was answered, and what was wrong with that."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.connections = 0
        self.cut_off = 0
        """Requests whose sender did not wait for the answer."""
        self.not_http = 0
        self.unanswered_garbage = 0
        self.acknowledged: Counter[str] = Counter()
        """How often each message was answered 202."""
        self.signed: set[str] = set()
        """All messages that were authentic."""
        self.offences: defaultdict[str, Offences] = defaultdict(Offences)
        self._shapes: set[str] = set()

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.sent.total()

    @property
    def shapes(self) -> int:
        """How many different answers there were."""
        return len(self._shapes)

    def send(self, shot: Shot) -> None:
        """A request is on its way."""
        self.sent[shot.kind] += 1
        if shot.message:
            self.signed.add(shot.message)

    def judge(self, shot: Shot, answer: Answer) -> bool:
        """An answer has come; whether there was none like it before."""
        self.answers[answer.status] += 1
        if answer.status >= 500:
            self._offend("answered 5xx", shot, answer)
        elif answer.status not in shot.expected:
            self._offend("answered otherwise than the request calls for", shot, answer)
        if answer.status == 202:
            self.acknowledged[shot.message] += 1
        if shot.to_head:
            return False
        document = answer.document()
        if answer.status >= 400:
            self._judge_problem(shot, answer, document)
        shape = _shape(answer.status, document)
        is_new = shape not in self._shapes
        self._shapes.add(shape)
        return is_new

    def silent(self, shot: Shot) -> None:
        """No answer came, and none will."""
        if shot.garbage:
            self.unanswered_garbage += 1
        else:
            self.offences["never answered"].add(_shown(shot))

    def stays_open(self, shot: Shot) -> None:
        """The connection was to end with this answer, and did not."""
        self.offences["connections that did not end"].add(_shown(shot))

    def _judge_problem(self, shot: Shot, answer: Answer, document: Any) -> None:
        good = (
            isinstance(document, dict)
            and document.get("status") == answer.status
            and document.get("title") == HTTPStatus(answer.status).phrase
            and document.get("type") == "about:blank"
            and bool(document.get("detail"))
            and PROBLEM in answer.head
        )
        if not good:
            self._offend("refusals that are no problem document", shot, answer)
        elif document["detail"] == "Invalid HTTP request received.":
            self.not_http += 1

    def _offend(self, what: str, shot: Shot, answer: Answer) -> None:
        self.offences[what].add(f"{answer.status} {answer.body[:SHOWN]!r} to {_shown(shot)}")


def _shown(shot: Shot) -> str:
    return f"{shot.kind}: {shot.data[:SHOWN]!r}"


def _shape(status: int, document: Any) -> str:
    """The answer without what is of this request alone."""
    if not isinstance(document, dict):
        return str(status)
    errors = [
        f"{PLACES.sub('#', each['location'])[:60]} {PLACES.sub('#', each['reason'])[:60]}"
        for each in document.get("errors", [])[:3]
    ]
    return f"{status} {PLACES.sub('#', str(document.get('detail', '')))[:80]} {errors}"
