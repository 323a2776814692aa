"""What all trackers are told by the environment.

The options of a tracker's handler inherit these and add their own; its rules inherit `Rule` and add what can
be set by status, company or country.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Generic, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from typing_extensions import TypeVar

from handlers.ticketing.facts import Shown
from handlers.ticketing.rules import BUILT_IN, Do, Duration, Rule
from handlers.ticketing.templates import Template
from handlers.ticketing.texts import BODY, COMMENT, SUBJECT
from receiver.api import Connection

RuleT = TypeVar("RuleT", bound=Rule, default=Rule)


class TicketingOptions(BaseModel, Generic[RuleT]):
    """What the options of every tracker's handler begin with. `RuleT`: its rules."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    rules: tuple[RuleT, ...] = Field(
        default=(),
        description="What is to be otherwise for some statuses, companies or countries: a JSON list. "
        "The rule with the most conditions wins, of equals the one further down.",
    )
    subject: Template = Field(default=SUBJECT, description="Template of a ticket's subject.")
    body: Template = Field(default="", description="Template of its body. None: the built-in one.")
    comment: Template = Field(default="", description="Template of the comments. None: the built-in one.")
    reopen_within: Duration = Field(
        default="30d",
        validate_default=True,
        description="A ticket that was solved longer ago is not opened again: a new one follows it.",
    )
    link: str = Field(
        default="https://dash.nectarclimate.com",
        pattern=r"^https?://",
        description="Where people look at a connection; `{id}` stands for its id.",
    )
    show: tuple[Shown, ...] = Field(
        default=(),
        description="What tickets may hold beside: `username`, `owner` (an e-mail address), `reconnect_link` "
        "(whoever has it can change the login).",
    )

    @field_validator("rules", mode="wrap")
    @classmethod
    def _number_rules(cls, value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError as error:
            raise ValueError("; ".join(_problems(error))) from None


def _problems(error: ValidationError) -> Iterator[str]:
    """What is wrong with the rules: which rule, which setting, never its value."""
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        number, *path = problem["loc"] or ("",)
        setting = "".join(f", {part!r}" for part in path[:1])
        wrong = "there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        rule = f"rule {number + 1}{setting}: " if isinstance(number, int) else ""
        yield f"{rule}{wrong.removeprefix('Value error, ')}"


def fields_of(options: TicketingOptions[Any]) -> Iterator[str]:
    """Names of the settings that this tracker has beyond those of all: `project`, `assignee`..."""
    rule: type[Rule] = get_args(type(options).model_fields["rules"].annotation)[0]
    return (name for name in rule.model_fields if name not in Rule.model_fields)


def settings_for(options: TicketingOptions[Any], connection: Connection) -> Mapping[str, Any]:
    """All that holds for a connection: what the options say, refined by the rules that it meets."""
    chosen: dict[str, Any] = {"do": Do.IGNORE, "after": timedelta(0)}
    chosen |= {
        "subject": options.subject,
        "body": options.body or BODY,
        "comment": options.comment or COMMENT,
    }
    chosen |= {name: getattr(options, name) for name in fields_of(options)}
    met = [rule for rule in (*BUILT_IN, *options.rules) if rule.meets(connection)]
    for rule in sorted(met, key=lambda each: each.specificity):
        chosen |= rule.settings()
    return chosen
