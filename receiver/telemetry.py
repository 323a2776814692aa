"""Logs, and what must never be in them.

structlog renders; the standard library's loggers (uvicorn, arq, httpx) go the same way, so that all lines
bear the same correlation ids and pass the same redaction.
"""

import logging
import re
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import BaseModel, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[redacted]"
SECRET_NAMES = re.compile(r"secret|password|token|api[-_]?key|authorization|signature|credential", re.I)
PERSONAL_NAMES = re.compile(r"^(username|user_name|emails?|workflow_?owner_?email)$", re.I)
ADDRESS = re.compile(r"\b([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)*)")
PATTERNS = (
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), MASK),
    (re.compile(r"(/workflow/|/p/i/)[^\s\"'<>/]+"), rf"\1{MASK}"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), rf"\1{MASK}@"),
)
LONGEST_TRACE = 4000


class Redactor:
    """Takes secrets and personal data out of texts and values.

    By pattern (magic links, webhook secrets, passwords in URLs, addresses), by the name of a value, and by
    the secrets themselves as far as they were told to `hide`.
    """

    def __init__(self, most: int = 256) -> None:
        self._hidden: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def hide(self, *secrets: SecretStr | str | None) -> None:
        """From now on mask these wherever they turn up. Of very many, the oldest are forgotten."""
        for secret in secrets:
            text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret or ""
            if len(text) >= 6:
                self._hidden[text] = None
                self._hidden.move_to_end(text)
        while len(self._hidden) > self._most:
            self._hidden.popitem(last=False)

    def hide_options(self, options: BaseModel) -> None:
        """Mask every SecretStr among these settings or options, and passwords within them that are URLs."""
        for value in dict(options).values():
            for secret in value if isinstance(value, tuple | list) else (value,):
                if isinstance(secret, SecretStr):
                    self.hide(secret, unquote(urlsplit(secret.get_secret_value()).password or ""))

    def text(self, text: str) -> str:
        """The text without secrets, addresses masked to their first letter and domain."""
        for secret in self._hidden:
            if secret in text:
                text = text.replace(secret, MASK)
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return ADDRESS.sub(r"\1***@\2", text)

    def value(self, value: object, name: str = "") -> Any:
        """The value without secrets, whatever it is made of."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if SECRET_NAMES.search(name) or PERSONAL_NAMES.match(name):
            return MASK
        if isinstance(value, Mapping):
            return {str(key): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(str(value))

    def trace(self, error: BaseException) -> str:
        """The error's traceback without secrets; of a long one the end."""
        return self.text("".join(traceback.format_exception(error)))[-LONGEST_TRACE:]

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """As a processor of structlog."""
        internal = {key: event[key] for key in event if key.startswith("_")}
        rest = {key: self.value(value, key) for key, value in event.items() if key not in internal}
        return {**rest, **internal}


def milliseconds_since(mark: str) -> int | None:
    """Milliseconds since the event of this mark was accepted, as far as the clocks agree."""
    accepted = mark.partition("-")[0]
    return max(0, round(time.time() * 1000) - int(accepted)) if accepted else None


def configure_logging(log_format: str, redactor: Redactor) -> None:
    """Send all logs of this process to standard output, as JSON or as lines for people."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_color,
        redactor,
    ]
    render: Processor = structlog.processors.JSONRenderer() if log_format == "json" else PlainLine()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [stream]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "arq", "arq.worker"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # arq says a line for each bell and httpx one for each request: the journal's own lines say more.
    for name in ("arq", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_color(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """uvicorn says its messages twice, the second time for terminals with colors."""
    event.pop("color_message", None)
    return event


class PlainLine:
    """Renders a log line for people: time, what happened, and the rest as key=value."""

    def __call__(self, logger: WrappedLogger, method: str, event: MutableMapping[str, Any]) -> str:
        """As a processor of structlog."""
        time = str(event.pop("timestamp", ""))[11:23]
        level = event.pop("level", "info")
        what = event.pop("event", "")
        trace = event.pop("exception", "")
        label = "" if level == "info" else f"{level.upper()} "
        rest = "  ".join(f"{key}={value}" for key, value in event.items() if value not in ("", None, [], {}))
        line = f"{time}  {label}{what:<10}  {rest}".rstrip()
        return f"{line}\n{trace}" if trace else line
