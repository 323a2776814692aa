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
from collections.abc import Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import BaseModel, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[redacted]"
SECRET_NAMES = re.compile(r"secret|password|token|api[-_]?key|authorization|signature|credential", re.I)
PERSONAL_NAMES = re.compile(r"^(username|user_name|emails?|workflow_?owner_?email)$", re.I)
# Whole words, with what makes an address of them if that follows: never looks at a character twice.
WORD = re.compile(r"([\w.+-])[\w.+-]*+((?:@|%40)[\w-]+(?:\.[\w-]+)*)?")
PATTERNS = (
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), MASK),
    (re.compile(r"(/workflow/|/p/i/)[^\s\"'<>/]+"), rf"\1{MASK}"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), rf"\1{MASK}@"),
    (
        re.compile(r"([?&][\w-]{0,40}(?:secret|password|token|key|signature)=)[^\s&#\"'<>]+", re.I),
        rf"\1{MASK}",
    ),
)
SUSPICIOUS = re.compile(r"whsec_|/workflow/|/p/i/|://|[?&@]|%40")
"""What each of these patterns, and every address, has in it: most texts have none of it."""
LONGEST_TRACE = 4000
SHORTEST_HIDDEN = 6
"""Characters; to mask shorter ones wherever they occur would make logs unreadable."""
OF_STRUCTLOG = ("_record", "_from_structlog")


class Redactor:
    """Takes secrets and personal data out of texts and values.

    By pattern (magic links, webhook secrets, passwords and tokens in URLs, addresses), by the name of a
    value, and by the secrets themselves: those of options for good, those told to `hide` for a while.
    """

    def __init__(self, most: int = 256) -> None:
        self._options: set[str] = set()
        self._passing: OrderedDict[str, None] = OrderedDict()
        self._most = most
        self._longest_first: list[tuple[str, str]] = []

    def hide(self, *secrets: SecretStr | str | None) -> None:
        """From now on mask these wherever they turn up. Of very many, the oldest are forgotten."""
        for secret in secrets:
            text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret or ""
            if len(text) >= SHORTEST_HIDDEN:
                self._passing[text] = None
                self._passing.move_to_end(text)
        while len(self._passing) > self._most:
            self._passing.popitem(last=False)
        self._sort()

    def hide_options(self, options: BaseModel) -> None:
        """Mask every SecretStr within these settings or options, and passwords within them that are URLs."""
        for secret in _secrets(options):
            found = (secret, *_passwords(secret))
            self._options |= {text for text in found if len(text) >= SHORTEST_HIDDEN}
        self._sort()

    def _sort(self) -> None:
        # One may be part of another, which must not be left over in pieces.
        secrets = sorted({*self._options, *self._passing}, key=len, reverse=True)
        self._longest_first = [(secret, _mask_of(secret)) for secret in secrets]

    def text(self, text: str) -> str:
        """The text without secrets, addresses masked to their first letter and domain."""
        for secret, mask in self._longest_first:
            if secret in text:
                text = text.replace(secret, mask)
        if not SUSPICIOUS.search(text):
            return text
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return WORD.sub(_masked, text) if "@" in text or "%40" in text else text

    def value(self, value: object, name: str = "") -> Any:
        """The value without secrets, whatever it is made of."""
        if value is None or isinstance(value, bool):
            return value
        if SECRET_NAMES.search(name) or PERSONAL_NAMES.match(name):
            return MASK
        if isinstance(value, int | float):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(str(value))

    def trace(self, error: BaseException) -> str:
        """The error's traceback without secrets; of a long one the end."""
        return self.text("".join(traceback.format_exception(error)))[-LONGEST_TRACE:]

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """As a processor of structlog."""
        internal = {key: event[key] for key in OF_STRUCTLOG if key in event}
        rest = {key: self.value(value, key) for key, value in event.items() if key not in internal}
        return {**rest, **internal}


def _secrets(value: object) -> Iterator[str]:
    """The secrets in a value, however deep they lie."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from _secrets(vars(value))  # not dict(): an option may be named `keys`
    elif isinstance(value, Mapping):
        yield from _secrets(tuple(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _secrets(inner)


def _mask_of(secret: str) -> str:
    """Of a URL that is a secret, as those of many webhooks are, who is called may be told."""
    try:
        parts = urlsplit(secret)
        told = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        return MASK
    return f"{parts.scheme}://{parts.hostname}/{MASK}" if told else MASK


def _passwords(secret: str) -> tuple[str, ...]:
    """The password in a secret that is a URL, as it is written there and as it is meant."""
    try:
        password = urlsplit(secret).password or ""
    except ValueError:  # not a URL
        return ()
    return password, unquote(password)


def _masked(word: re.Match[str]) -> str:
    return f"{word[1]}***{word[2]}" if word[2] else word[0]


def milliseconds_since(mark: str) -> int | None:
    """Milliseconds since the event of this mark was accepted, as far as the clocks agree."""
    accepted = mark.partition("-")[0]
    return max(0, round(time.time() * 1000) - int(accepted)) if accepted else None


_delivery: ContextVar[tuple[str, str, int] | None] = ContextVar("delivery", default=None)


def log_delivery(handler: str, connection: str, version: int) -> None:
    """Name these in each line of this task's log, from now on. (By a variable for each it takes longer.)"""
    _delivery.set((handler, connection, version))


def name_delivery(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """As a processor of structlog: what `log_delivery` has named."""
    if (delivery := _delivery.get()) is not None:
        event.setdefault("handler", delivery[0])
        event.setdefault("connection", delivery[1])
        event.setdefault("version", delivery[2])
    return event


def configure_logging(log_format: str, redactor: Redactor, level: str = "info") -> None:
    """Send all logs of this process to standard output, as JSON or as lines for people.

    `level`: of what the router and its handlers say; of others nothing below `info` is heard.
    """
    lowest = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_delivery,
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
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        cache_logger_on_first_use=True,
    )
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [stream]
    root.setLevel(max(lowest, logging.INFO))
    for name in ("receiver", "handlers"):
        logging.getLogger(name).setLevel(lowest)
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
    """Renders a log line for people: time, what happened, connection and version, the rest.

    At the end stands how long ago the webhook was accepted, or else how long this took.
    """

    LATENCY_COLUMN = 110
    MOST_LISTED = 2
    STATUS_WIDTH = 18
    ABOUT_HANDLERS = ("delivered", "not delivered", "dead letter", "lost")
    UNSAID: ClassVar = {"accepted": ("event_id", "message"), "fetched": ("handlers",)}
    """Long ids, which nobody compares by eye, and what other lines say. The JSON lines have it."""
    WORDS = ("", "status", "handler", "changed", "outcome", "detail", "reason", "type", "to", "subject")
    """What speaks for itself without its name, in this order."""

    def __call__(self, logger: WrappedLogger, method: str, event: MutableMapping[str, Any]) -> str:
        """As a processor of structlog."""
        facts = {name: value for name, value in event.items() if value not in (None, "", [], {})}
        time, level, what, trace = (
            str(facts.pop(name, "")) for name in ("timestamp", "level", "event", "exception")
        )
        for name in self.UNSAID.get(what, ()):
            facts.pop(name, None)
        took, late = facts.pop("took_ms", None), facts.pop("since_accepted_ms", None)
        subject = self._subject(facts)
        if "handler" in facts and what not in self.ABOUT_HANDLERS:
            # A line of the handler's own, among those about it.
            what, facts[""] = f"· {facts.pop('handler')}", what
        label = "" if level in ("", "debug", "info") else f"{level.upper()}  "
        line = f"{time[11:23]}  {what:<11}  {subject}{label}{'  '.join(self._words(facts))}".rstrip()
        if (latency := took if late is None else late) is not None:
            line = f"{line:<{self.LATENCY_COLUMN}} {round(latency):>6} ms"
        return f"{line}\n{trace}" if trace else line

    def _subject(self, facts: dict[str, Any]) -> str:
        kind, _, rest = str(facts.pop("work", "")).partition(":")
        if kind == "deliver":
            facts.setdefault("handler", rest.partition(":")[0])
        connection = str(facts.pop("connection", rest.rpartition(":")[2]))
        version = f"v{facts.pop('version')}" if "version" in facts else ""
        return f"{connection[:8]:<8} {version:<3}  " if connection else ""

    def _words(self, facts: dict[str, Any]) -> Iterator[str]:
        before = facts.pop("previous_status", "")
        if before and "status" in facts:
            facts["status"] = f"{before} → {facts['status']}"
        for name in self.WORDS:
            if name in facts:
                value = facts.pop(name)
                aligned = name == "status" and isinstance(value, str)
                yield f"{value:<{self.STATUS_WIDTH}}" if aligned else self._listed(value)
        for name, value in facts.items():
            yield f"{name}={self._listed(value)}"

    def _listed(self, value: object) -> str:
        if not isinstance(value, list | tuple):
            return str(value)
        shown = ", ".join(map(str, value[: self.MOST_LISTED]))
        more = len(value) - self.MOST_LISTED
        return f"{shown} and {more} more" if more > 0 else shown
