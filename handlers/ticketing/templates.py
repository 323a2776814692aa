"""The templates that an operator may set, and what can stand in them.

Jinja in a sandbox. A template is checked when the process starts: a variable that does not exist is an error
there, which names it. Each variable always exists; what is not known is empty.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator

from handlers.ticketing.tracker import RefusedError

VARIABLES: Mapping[str, str] = {
    "event": "what has just happened: `opened`, `changed`, `solved` or `reopened`",
    "status": "Nectar's word, such as `PASSWORD_INCORRECT`",
    "problem": "the status in a few words: `the password is incorrect`",
    "advice": "who must do what",
    "since": "since when it has that status: `2025-11-03 06:00 UTC`",
    "detail": "Nectar's own words about the error",
    "utility": "the utility's name, or its host name",
    "utility_url": "its login page",
    "company": "the name of the company",
    "company_id": "its id with Nectar",
    "company_external_id": "its id with you, as Nectar has it",
    "country": "two letters: `US`",
    "sites": "a list: names of the sites concerned",
    "accounts": "a list: account numbers",
    "types": "a list: `ELECTRICITY`, `GAS`...",
    "connection_id": "the connection's id with Nectar",
    "link": "where people look at the connection",
    "previous": "the ticket of the last time, where this one follows it: `#42`",
    "username": "of the login at the utility; empty unless it is to be shown",
    "owner": "e-mail address of the login's owner; empty unless it is to be shown",
    "reconnect_link": "where the owner mends it; empty unless it is to be shown",
}

LONGEST_LINE = 200
"""Characters of a subject and of the fields."""
LONGEST_TEXT = 20_000

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)


def _shortened(items: Iterable[str], most: int = 20) -> str:
    """At most so many of them by commas, and how many more there are."""
    listed = [*items]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


_ENVIRONMENT.filters["shortened"] = _shortened


def check_template(source: str) -> str:
    """The template, if it can be used. Raises ValueError that names unknown variables and those there are."""
    try:
        unknown = meta.find_undeclared_variables(_ENVIRONMENT.parse(source)) - VARIABLES.keys()
        _compiled(source)
    except TemplateSyntaxError as error:
        raise ValueError(f"is no template: {error.message} (line {error.lineno})") from None
    except TemplateError as error:
        raise ValueError(f"is no template: {error.message}") from None
    if unknown:
        raise ValueError(
            f"unknown variable {', '.join(map(repr, sorted(unknown)))}; there are: {', '.join(VARIABLES)}"
        )
    return source


@lru_cache(maxsize=256)
def _compiled(source: str) -> Compiled:
    return _ENVIRONMENT.from_string(source)


Template = Annotated[str, AfterValidator(check_template)]


def render(name: str, source: str, values: Mapping[str, object]) -> str:
    """The text. Raises RefusedError that names the setting when the template fails on these values."""
    try:
        return _compiled(source).render(values).strip()[:LONGEST_TEXT]
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        # Not its text where it is not Jinja's own: that may hold a value.
        told = error.message if isinstance(error, TemplateError) else type(error).__name__
        raise RefusedError(f"the template of {name!r} fails: {told}") from None


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """`text` as one line of printable characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(printable.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
