"""What the commands that read the journal have in common."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import typer
from redis.exceptions import RedisError
from rich.text import Text

from receiver.cli.output import Failed, console
from receiver.describing import describe
from receiver.journal import Store, connect
from receiver.journal.states import known_handlers
from receiver.settings import Settings, load_settings
from receiver.telemetry import Redactor

STYLES = {
    **dict.fromkeys(("dead", "reject"), "bold red"),
    **dict.fromkeys(("parked", "park", "retry"), "yellow"),
    **dict.fromkeys(("handled", "done", "fetched"), "green"),
}


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of the deployment that the environment tells of."""

    store: Store
    settings: Settings
    redactor: Redactor
    handlers: Sequence[str]
    """All that are known of: enabled here, or ever shown a connection."""

    def check_handlers(self, *names: str) -> None:
        """Raises BadParameter for a handler that nobody knows of."""
        for name in filter(None, names):
            if name not in self.handlers:
                known = ", ".join(self.handlers) or "none"
                raise typer.BadParameter(f"no handler {name!r}; there are: {known}.", param_hint="--handler")


@asynccontextmanager
async def open_journal() -> AsyncIterator[Journal]:
    """The journal. Raises SettingsError; and Failed when Redis is away."""
    settings = load_settings()
    redactor = Redactor()
    redactor.hide_options(settings)
    store = connect(settings.redis_dsn)
    try:
        yield Journal(store, settings, redactor, await known_handlers(store, settings.journal_handlers))
    except (RedisError, OSError) as error:
        reason = redactor.text(describe(error))
        raise Failed(f"Redis does not answer as it must ({reason}). Is REDIS_URL right?") from None
    finally:
        await store.close()


def print_rows(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned lines, whole however narrow the terminal is: what is printed is also searched."""
    out = console()
    for line in _lines(titles, rows):
        out.print(line, soft_wrap=True)


def _lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Text]:
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    yield Text("  ".join(map(str.ljust, titles, widths)).rstrip(), style="bold")
    for row in rows:
        cells = zip(row, widths, strict=True)
        line = Text("  ").join(Text(cell.ljust(width), STYLES.get(cell, "")) for cell, width in cells)
        line.rstrip()
        yield line
