"""Made-up options, so that a handler can be run without anybody thinking of values for it."""

import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from receiver.testing.values import candidates

ModelT = TypeVar("ModelT", bound=BaseModel)

MOST_TRIES = 200
"""Values tried for one option."""


class CannotMakeUpError(ValueError):
    """Some options cannot be made up: the text names each, and how to give it."""


def make_options(model: type[ModelT], **given: Any) -> ModelT:
    """An instance of `model`: what is `given`, made-up values for the rest of what is required, and defaults.

    `given`: by the field's name, or by its alias. Made-up secrets are unlike any other value, so that they
    can be found in a log. Raises CannotMakeUpError, which names each option that must be given.
    """
    values = _by_alias(model, given)
    untried = {
        _alias(name, field): candidates(field.annotation, name, field.metadata)
        for name, field in model.model_fields.items()
        if field.is_required() and _alias(name, field) not in values
    }
    tries = 0
    values |= {alias: next(ideas, None) for alias, ideas in untried.items()}
    while True:
        try:
            return model.model_validate(values)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) if problem["loc"] else "" for problem in error.errors()}
            tries += 1
            if tries > MOST_TRIES or not _try_others(values, untried, wrong):
                raise CannotMakeUpError(_explain(model, error)) from None


def _try_others(values: dict[str, Any], untried: dict[str, Iterator[Any]], wrong: set[str]) -> bool:
    """Put the next idea wherever something is wrong; False when there is none left for any of them."""
    ideas = {alias: list(itertools.islice(untried[alias], 1)) for alias in wrong & untried.keys()}
    values |= {alias: idea[0] for alias, idea in ideas.items() if idea}
    return any(ideas.values())


def _by_alias(model: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    aliases = {name: _alias(name, field) for name, field in model.model_fields.items()}
    if unknown := sorted(given.keys() - aliases.keys() - set(aliases.values())):
        raise TypeError(
            f"{model.__name__} has no option {unknown[0]!r}; there are {', '.join(aliases) or 'none'}"
        )
    return {aliases.get(name, name): value for name, value in given.items()}


def _alias(name: str, field: FieldInfo) -> str:
    """What the field is given by."""
    alias = field.validation_alias or field.alias or name
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return str(alias.path[0]) if isinstance(alias, AliasPath) else alias


def _explain(model: type[BaseModel], error: ValidationError) -> str:
    """No value stands here: some of those given may be secret."""
    names = {_alias(name, field): name for name, field in model.model_fields.items()}
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        alias = str(problem["loc"][0]) if problem["loc"] else ""
        name = names.get(alias, alias)
        part = ".".join(map(str, problem["loc"][1:]))
        said = f"{part}: " * bool(part) + problem["msg"].removeprefix("Value error, ")
        lines.append(
            f"{model.__name__}.{name} cannot be made up ({said}); give it: "
            f"make_options({model.__name__}, {name}=...)"
            if name
            else f"{model.__name__} cannot be made up ({said}); give what it asks for: "
            f"make_options({model.__name__}, ...)"
        )
    return "\n".join(dict.fromkeys(lines))
