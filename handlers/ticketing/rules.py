"""The policy: what each status asks for, and what is otherwise for some statuses, companies or countries."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from handlers.ticketing.templates import Template
from receiver.api import Connection


class Do(StrEnum):
    """What a status asks for."""

    OPEN = "open"
    """A ticket is to be open: at once, or `after` some time."""
    COMMENT = "comment"
    """To be told in a ticket that is open; opens and closes none."""
    CLOSE = "close"
    """It works: an open ticket is solved."""
    IGNORE = "ignore"


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", value.strip())
    if found is None:
        raise ValueError('must be a number and a unit, such as "30m", "24h" or "7d"')
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0), le=timedelta(days=3650))]


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else value


AnyOf = Annotated[tuple[str, ...], BeforeValidator(_list)]


class Rule(BaseModel):
    """For connections that meet all of its conditions, all that else it says holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    CONDITIONS: ClassVar = ("status", "company", "country")

    status: AnyOf = Field(default=(), description="One of these: `PASSWORD_INCORRECT`...")
    company: AnyOf = Field(default=(), description="One of these, by name, by Nectar's id or by your id.")
    country: AnyOf = Field(default=(), description="One of these: `US`...")

    do: Do | None = None
    after: Duration | None = None
    subject: Template | None = None
    body: Template | None = None
    comment: Template | None = None

    @model_validator(mode="after")
    def _says_of_what(self) -> Self:
        if self.do in (Do.OPEN, Do.COMMENT, Do.CLOSE) and not self.status:
            raise ValueError(f'"do": "{self.do}" needs a "status": else it would hold for all, CONNECTED too')
        return self

    @property
    def specificity(self) -> int:
        """How many conditions it has."""
        return sum(bool(getattr(self, name)) for name in self.CONDITIONS)

    def meets(self, connection: Connection) -> bool:
        """Whether it holds for this connection."""
        company = connection.company
        names = [company.name, str(company.id or ""), company.external_id] if company else []
        return (
            _one_of([str(connection.status)], self.status)
            and _one_of(names, self.company)
            and _one_of([connection.country], self.country)
        )

    def settings(self) -> Iterator[tuple[str, Any]]:
        """What it says, by name."""
        for name in type(self).model_fields:
            if name not in self.CONDITIONS and (value := getattr(self, name)) is not None:
                yield name, value


def _one_of(values: Iterable[str | None], wanted: tuple[str, ...]) -> bool:
    folded = {value.casefold() for value in values if value}
    return not wanted or any(each.casefold() in folded for each in wanted)


BUILT_IN = (
    Rule(
        status=(
            *(
                "PASSWORD_INCORRECT",
                "MFA_TOKEN_EXPIRED",
                "NEW_PASSWORD_NEEDED",
                "ADDITIONAL_CREDENTIALS_NEEDED",
            ),
            *("URL_INACCESSIBLE", "NO_ACCOUNTS_FOUND", "OTHER_ERROR", "COMPANY_INACTIVE"),
        ),
        do=Do.OPEN,
    ),
    Rule(status=("WEBSITE_DOWN",), do=Do.OPEN, after=timedelta(hours=24)),
    Rule(status=("PENDING", "UNDER_INVESTIGATION"), do=Do.COMMENT),
    Rule(status=("CONNECTED",), do=Do.CLOSE),
)
"""What holds before the operator's rules. A status that no rule names is ignored."""
