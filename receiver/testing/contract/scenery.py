"""What all scenes of one suite have in common: the handler, its options, its target, and who listens."""

import io
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from pydantic import BaseModel

from receiver.api import Handler
from receiver.describing import describe
from receiver.testing.contract.leaks import Leaks
from receiver.testing.contract.sockets import Guard
from receiver.testing.contract.states import States
from receiver.testing.making import LINK
from receiver.testing.running import Run
from receiver.testing.target import FakeHTTP
from receiver.testing.watchdog import home_of, told

NEVER_AWAITED = "was never awaited"


class Scenery:
    """See above."""

    def __init__(
        self,
        handler: Handler[Any],
        options: BaseModel,
        target: Callable[[], FakeHTTP],
        *,
        generic: bool,
    ) -> None:
        self.handler = handler
        self.options = options
        self.target = target
        """Makes a target, as it was before anything was sent to it."""
        self.generic = generic
        """Nobody said what the target answers."""
        self.states = States(handler)
        self.leaks = Leaks(options, LINK)
        self.guard = Guard(home_of(handler))
        self._output = io.StringIO()
        self._warnings: list[warnings.WarningMessage] = []

    def raised(self, run: Run) -> str:
        """What the handler raised, and at which of its lines."""
        assert run.error is not None
        said = f"raised {describe(run.error)}"
        home = home_of(self.handler)
        lines = [
            told(frame.filename, frame.lineno or 0, frame.name)
            for frame in traceback.extract_tb(run.error.__traceback__)
            if frame.filename.startswith(home)
        ]
        return f"{said}, at {lines[-1]}" if lines else said

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what is printed and warned of within."""
        with (
            warnings.catch_warnings(record=True) as caught,
            redirect_stdout(self._output),
            redirect_stderr(self._output),
        ):
            warnings.simplefilter("always")
            self._warnings = caught
            yield

    @contextmanager
    def on_stage(self) -> Iterator[None]:
        """To be open in the thread where the handler runs: there nobody can be reached.

        Who makes a coroutine is noted."""
        depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(1)
        try:
            with self.guard.active():
                yield
        finally:
            sys.set_coroutine_origin_tracking_depth(depth)

    def take_output(self) -> str:
        """What was printed since this was last asked."""
        text = self._output.getvalue()
        self._output.seek(0)
        self._output.truncate()
        return text

    def take_warnings(self) -> list[str]:
        """The coroutines that nobody awaited, since this was last asked."""
        texts = [str(warning.message) for warning in self._warnings]
        self._warnings.clear()
        return [_shortened(text) for text in texts if NEVER_AWAITED in text]

    def take_attempts_to_connect(self) -> list[str]:
        """The lines that tried to open a connection, since this was last asked."""
        tried = list(self.guard.tried)
        self.guard.tried.clear()
        return tried


def _shortened(text: str) -> str:
    """Of the message and the stack where the coroutine was made: the message, and the line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 else f"{lines[0]}: {lines[-1]}"
