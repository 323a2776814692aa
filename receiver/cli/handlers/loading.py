"""One handler by name, with options for one run. What is wrong with it is said with where to look."""

import os
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from receiver.api import Handler
from receiver.cli.handlers.frames import frames_of_import
from receiver.cli.handlers.options import options_of
from receiver.cli.output import Failed
from receiver.registry import environment_prefix, installed, load_handler
from receiver.settings import SettingsError, read_options
from receiver.testing import CannotMakeUpError, make_options


@dataclass(frozen=True, slots=True)
class Filled:
    """Options, some of which may be made up."""

    options: BaseModel
    made_up: tuple[str, ...]
    """The variables that are not set and that somebody must set before the handler can be enabled."""


def find_handler(name: str) -> Handler[Any]:
    """The installed handler of that name. Raises Failed."""
    provided = installed()
    if name not in provided:
        raise Failed(f"No installed package provides a handler {name!r}; there are: {', '.join(provided)}.")
    try:
        return load_handler(provided[name])
    except SettingsError as error:
        where = frames_of_import(error.__cause__) if error.__cause__ else ()
        lines = [str(error).removeprefix("HANDLERS: "), *(f"  {line}" for line in where)]
        raise Failed("\n".join(lines)) from None


def read_filled(handler: Handler[Any], *, make_up: bool) -> Filled:
    """Its options from the environment; with `make_up`, required ones that are not set are made up.

    Raises Failed.
    """
    prefix = environment_prefix(handler.name)
    names = list(handler.options.model_fields)
    variables = dict(zip(names, options_of(handler.options, prefix), strict=True))
    missing = [name for name, each in variables.items() if each.required and not each.set]
    unset = [variables[name].variable for name in missing]
    model = handler.options
    if missing and make_up:
        given = {name: os.environ[each.variable] for name, each in variables.items() if each.set}
        model = _with_defaults(model, missing, given, unset)
    try:
        return Filled(read_options(model, prefix), tuple(unset) if make_up else ())
    except SettingsError as error:
        hint = "\nFor a dry run, --made-up-options makes up what is required and not set."
        raise Failed(f"{error}{hint if missing and not make_up else ''}") from None


def _with_defaults(
    model: type[BaseModel], missing: list[str], given: dict[str, str], unset: list[str]
) -> type[BaseModel]:
    """The model of options with made-up defaults, so that what is set is read as ever."""
    made = _made_up(model, given) or _made_up(model, {})
    if made is None:
        raise Failed(f"No values can be made up for {', '.join(unset)}: set what is special about them.")
    defaults: dict[str, Any] = {}
    for name in missing:
        shape = model.model_fields[name]
        defaults[name] = (shape.annotation, FieldInfo.merge_field_infos(shape, default=getattr(made, name)))
    return create_model(model.__name__, __base__=model, **defaults)


def _made_up(model: type[BaseModel], given: dict[str, str]) -> BaseModel | None:
    """Options made up to go with those that are set, as far as these are simply text."""
    try:
        return make_options(model, **given)
    except CannotMakeUpError:
        return None
