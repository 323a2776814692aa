"""Canned answers: from a dict or list of what a target answers to the function that answers so."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import httpx

from receiver.rehearsal import take_everything

Answer: TypeAlias = Callable[[httpx.Request], httpx.Response]
Canned: TypeAlias = httpx.Response | int | dict[str, Any] | Exception
"""A whole response; a code without a body; a JSON object, answered 200 (201 to a POST); an error to raise."""
Answers: TypeAlias = Answer | Mapping[str, Canned | Sequence[Canned]] | Sequence[Canned]


class NoAnswerError(AssertionError):
    """A test did not say what to answer to a request. Not the handler's fault: the kit lets it out."""


def answering(answers: Answers | None) -> Answer:
    """The function that answers so; None: everything that is asked for is done, and bears an id."""
    if answers is None:
        return take_everything
    if isinstance(answers, Mapping):
        return _ByPath(answers)
    return answers if callable(answers) else _InTurn(answers)


class _InTurn:
    """Each answer once, whatever is asked for; the last for ever where `lasting`."""

    def __init__(self, answers: Sequence[Canned], *, lasting: bool = False) -> None:
        self._left = list(answers)
        self._lasting = lasting

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self._left:
            raise NoAnswerError(f"{_named(request)}: the answers are used up; give one more")
        last = self._lasting and len(self._left) == 1
        return _served(self._left[0] if last else self._left.pop(0), request)


class _ByPath:
    """Answers by "METHOD /path" or "/path"; a whole URL may stand for the path, `*` for any part of it."""

    def __init__(self, answers: Mapping[str, Canned | Sequence[Canned]]) -> None:
        self._answers = {asked: _InTurn(_listed(answer), lasting=True) for asked, answer in answers.items()}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        for asked, answer in self._answers.items():
            if _fits(asked, request):
                return answer(request)
        given = ", ".join(map(repr, self._answers)) or "nothing"
        missing = repr(f"{request.method} {request.url.path}")
        raise NoAnswerError(f"{_named(request)}: no answer is given for this; add {missing} to {given}")


def _listed(answer: Canned | Sequence[Canned]) -> Sequence[Canned]:
    return answer if isinstance(answer, Sequence) else [answer]


def _fits(asked: str, request: httpx.Request) -> bool:
    method, blank, path = asked.partition(" ")
    if not blank:
        method, path = "*", asked
    url = request.url.copy_with(query=None, fragment=None)
    return fnmatchcase(request.method, method.upper()) and any(
        fnmatchcase(each, path) for each in (request.url.path, str(url), str(request.url))
    )


def _served(answer: Canned, request: httpx.Request) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, httpx.Response):
        # A copy: httpx writes into what it is given, and this one may be given again.
        headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)
    if isinstance(answer, int):
        return httpx.Response(answer)
    return httpx.Response(201 if request.method == "POST" else 200, json=answer)


def _named(request: httpx.Request) -> str:
    return f"{request.method} {request.url.host}{request.url.path}"
