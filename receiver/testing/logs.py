"""Hears what is logged while a handler runs: by structlog, and by the standard library."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

Line = Mapping[str, Any]

_ear: ContextVar[list[Line] | None] = ContextVar("ear", default=None)
"""Where the lines of the attempt at hand go: attempts that run side by side do not hear each other."""
_lock = threading.Lock()
_listeners = 0
_levels: dict[logging.Logger, int] = {}
"""As they were before."""

QUIET = ("httpx", "httpcore", "asyncio")
"""Of these the router shows warnings alone: a line for each request would tell secrets that are in URLs."""


@contextmanager
def listening() -> Iterator[list[Line]]:
    """The list that fills with what is logged within, each line with `event` and `log_level`."""
    lines: list[Line] = []
    before = _ear.set(lines)
    _attach()
    try:
        yield lines
    finally:
        _detach()
        with suppress(ValueError):  # an attempt that is broken off ends in another context
            _ear.reset(before)


def _tap(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A processor of structlog's, before all others."""
    if (lines := _ear.get()) is not None:
        lines.append({**event, "log_level": method})
    return event


class _Tap(logging.Handler):
    """The same for the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. One that structlog hands on has been heard there."""
        lines = _ear.get()
        if lines is None or isinstance(record.msg, dict):
            return
        line: dict[str, Any] = {"event": record.getMessage(), "log_level": record.levelname.lower()}
        if record.exc_info:
            line["exception"] = logging.Formatter().formatException(record.exc_info)
        lines.append({**line, "logger": record.name})


_handler = _Tap()


def _attach() -> None:
    global _listeners
    with _lock:
        processors = structlog.get_config()["processors"]
        if _tap not in processors:
            processors.insert(0, _tap)
        if not _listeners:
            logging.getLogger().addHandler(_handler)
            _set_levels()
        _listeners += 1


def _detach() -> None:
    global _listeners
    with _lock:
        _listeners -= 1
        if _listeners:
            return
        processors = structlog.get_config()["processors"]
        if _tap in processors:
            processors.remove(_tap)
        logging.getLogger().removeHandler(_handler)
        for logger, level in _levels.items():
            logger.setLevel(level)
        _levels.clear()


def _set_levels() -> None:
    """As the router has them: the usual ones would drop most lines before anybody hears them."""
    root, quiet = logging.getLogger(), [logging.getLogger(name) for name in QUIET]
    _levels.update({logger: logger.level for logger in (root, *quiet)})
    root.setLevel(min(logging.INFO, root.level))
    for logger in quiet:
        logger.setLevel(max(logging.WARNING, logger.level))
