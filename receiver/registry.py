"""Finds the installed handlers, enables those that are asked for, and reads their options."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel, create_model

from receiver.api import Handler, Schedule
from receiver.describing import describe
from receiver.settings import SHADOW, SettingsError, journal_name, read_options

GROUP = "nectar_router.handlers"


@dataclass(frozen=True, slots=True)
class Enabled:
    """A handler that is to run, with its options."""

    handler: Handler[Any]
    options: BaseModel
    schedule: Schedule
    """As declared, and overridden by the environment."""
    shadow: bool = False
    """What it would send is kept instead."""

    @property
    def name(self) -> str:
        """What it is called in the journal."""
        return f"{self.handler.name}{SHADOW}" if self.shadow else self.handler.name


class Registry(Mapping[str, Enabled]):
    """The enabled handlers by name, in the order of HANDLERS."""

    def __init__(self, enabled: Iterable[Enabled]) -> None:
        self._enabled = {each.name: each for each in enabled}

    def __getitem__(self, name: str) -> Enabled:
        """The enabled handler of that name."""
        return self._enabled[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._enabled)

    def __len__(self) -> int:
        """How many are enabled."""
        return len(self._enabled)

    def concerned(self, changed: Iterable[str]) -> list[str]:
        """Names of the handlers that asked to be shown a change in these attributes."""
        fields = frozenset(changed)
        return [name for name, each in self._enabled.items() if each.handler.concerns(fields)]


def installed() -> dict[str, list[EntryPoint]]:
    """The handlers that installed packages provide; more than one of a name is a clash."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return dict(sorted(found.items()))


def load_handler(points: list[EntryPoint]) -> Handler[Any]:
    """Import a handler. Raises SettingsError that says what is wrong with it and where it comes from."""
    point = points[0]
    origin = point.dist.name if point.dist else point.value
    if len({(each.value, each.dist.name if each.dist else "") for each in points}) > 1:
        owners = ", ".join(sorted(each.dist.name if each.dist else each.value for each in points))
        raise SettingsError(f"HANDLERS: {point.name!r} is provided more than once, by {owners}")
    try:
        found = point.load()
    except (Exception, SystemExit) as error:
        raise SettingsError(
            f"HANDLERS: {point.name!r} of {origin} cannot be imported: {describe(error)}"
        ) from error
    if not isinstance(found, Handler):
        raise SettingsError(
            f"HANDLERS: {point.name!r} of {origin} is no handler: {point.value} must be made by @handler"
        )
    if found.name != point.name:
        raise SettingsError(
            f"HANDLERS: {origin} registers {found.name!r} as {point.name!r}; the names must be the same"
        )
    return found


def environment_prefix(handler: str) -> str:
    """What the variables of a handler's options begin with: `my-crm` has MY_CRM."""
    return handler.upper().replace("-", "_")


def read_schedule(handler: Handler[Any]) -> Schedule:
    """When and how often it may run: as it declares, unless PAGER_RATE and the like say otherwise.

    A variable that is one of its options is no more than that. Raises SettingsError.
    """
    own = {name.lower() for name in _option_names(handler.options)}
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in Schedule.model_fields.items() if name not in own
    }
    given = read_options(create_model("Schedule", **fields), environment_prefix(handler.name))
    return handler.schedule.model_copy(update=given.model_dump(exclude_unset=True))


def _option_names(options: type[BaseModel]) -> Iterator[str]:
    for name, field in options.model_fields.items():
        yield field.alias or name


def load_registry(names: Iterable[str], available: Mapping[str, list[EntryPoint]] | None = None) -> Registry:
    """The handlers of these names, or `name:shadow`, each with its options from the environment.

    Raises SettingsError with one line for each thing that is wrong.
    """
    provided = installed() if available is None else available
    enabled: list[Enabled] = []
    wrong: list[str] = []
    for name in dict.fromkeys(names):
        try:
            enabled.append(_enable(name, provided))
        except SettingsError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Registry(enabled)


def _enable(entry: str, provided: Mapping[str, list[EntryPoint]]) -> Enabled:
    shadow = journal_name(entry).endswith(SHADOW)
    name = entry.partition(":")[0]
    if name not in provided:
        known = ", ".join(provided) or "none"
        raise SettingsError(f"HANDLERS: no installed package provides {name!r}; there are: {known}")
    handler = load_handler(provided[name])
    try:
        options = read_options(handler.options, environment_prefix(name))
        return Enabled(handler, options, read_schedule(handler), shadow)
    except SettingsError as error:
        lines = (f"{line} (option of handler {name!r})" for line in str(error).splitlines())
        raise SettingsError("\n".join(lines)) from None
