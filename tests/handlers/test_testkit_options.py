"""make_options: made-up values for what a handler must be told."""

from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    IPvAnyAddress,
    PostgresDsn,
    SecretBytes,
    SecretStr,
    StringConstraints,
    create_model,
    model_validator,
)

from handlers.email import Options as EmailOptions
from receiver.testing import CannotMakeUpError, make_options


class Color(Enum):
    RED = "red"


class Part(BaseModel):
    name: str
    ratio: Annotated[float, Field(gt=0, lt=0.05)]


def _https(secret: SecretStr) -> SecretStr:
    HttpUrl(secret.get_secret_value())
    return secret


@pytest.mark.parametrize(
    ("kind", "type_of"),
    [
        (str, str),
        (SecretStr, SecretStr),
        (SecretBytes, SecretBytes),
        (HttpUrl, HttpUrl),
        (AnyUrl, AnyUrl),
        (PostgresDsn, PostgresDsn),
        (IPvAnyAddress, IPv4Address),
        (int, int),
        (float, float),
        (bool, bool),
        (Decimal, Decimal),
        (date, date),
        (timedelta, timedelta),
        (UUID, UUID),
        (Color, Color),
        (Literal["x", "y"], str),
        (str | None, str),
        (Any, str),
        (dict, dict),
        (list, list),
        (Part, Part),
    ],
)
def test_each_type_has_a_value(kind: Any, type_of: type) -> None:
    assert isinstance(make_options(create_model("Options", option=(kind, ...))).option, type_of)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (list[int], [1]),
        (set[str], {"made-up"}),
        (tuple[str, int], ("made-up", 1)),
        (tuple[int, ...], (1,)),
        (dict[str, int], {"made-up": 1}),
        (list[Part], [Part(name="made-up", ratio=0.025)]),
        (Annotated[list[int], Field(min_length=3)], [1, 10, 0]),
    ],
)
def test_each_container_has_something_in_it(kind: Any, expected: object) -> None:
    assert make_options(create_model("Options", option=(kind, ...))).option == expected  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,10}$")],
        Annotated[str, StringConstraints(pattern=r"^C[A-Z0-9]{8,}$")],
        Annotated[str, StringConstraints(max_length=3)],
        Annotated[SecretStr, Field(min_length=40)],
        Annotated[SecretStr, AfterValidator(_https)],
        Annotated[int, Field(ge=1, le=65535)],
        Annotated[int, Field(lt=-5)],
        Annotated[int, Field(ge=20, multiple_of=7)],
        Annotated[float, Field(gt=0, lt=0.001)],
    ],
)
def test_constraints_are_kept(kind: Any) -> None:
    make_options(create_model("Options", option=(kind, ...)))


def test_what_is_given_or_has_a_default_is_not_made_up() -> None:
    class Options(BaseModel):
        team: str
        region: str = "eu"

    assert make_options(Options, team="ops") == Options(team="ops", region="eu")


def test_made_up_secrets_are_unlike_anything_else() -> None:
    class Options(BaseModel):
        token: SecretStr
        key: SecretStr

    options = make_options(Options)
    assert "secret-token-" in options.token.get_secret_value()
    assert options.token != options.key


def test_aliases_are_known() -> None:
    class Options(BaseModel):
        sender: str = Field(alias="from")
        to: str = Field(validation_alias=AliasChoices("recipient", "to"))

    assert make_options(Options).sender == "made-up@example.com"
    assert make_options(Options, sender="a@example.com").sender == "a@example.com"
    assert make_options(Options, **{"from": "b@example.com"}).sender == "b@example.com"


def test_options_with_their_own_ideas_are_met() -> None:
    """A mail server's URL within a secret, and a mailbox of another library."""
    options = make_options(EmailOptions)
    assert options.server.host == "smtp.example.com"
    assert options.from_address.addr_spec == "made-up@example.com"


def test_what_cannot_be_made_up_is_named_with_the_way_out_and_nothing_else_is() -> None:
    class Options(BaseModel):
        code: Annotated[str, StringConstraints(pattern=r"^zq[0-9]{13}$")]
        team: str

    with pytest.raises(CannotMakeUpError) as error:
        make_options(Options)
    assert "Options.code cannot be made up (String should match pattern" in str(error.value)
    assert "give it: make_options(Options, code=...)" in str(error.value)
    assert "team" not in str(error.value)


def test_what_is_given_and_wrong_is_named_and_not_repeated() -> None:
    class Options(BaseModel):
        model_config = ConfigDict(str_max_length=3)
        token: SecretStr
        port: int

    with pytest.raises(CannotMakeUpError, match=r"Options\.port") as error:
        make_options(Options, port="hush")
    assert "hush" not in str(error.value)


def test_options_that_depend_on_each_other_are_asked_for() -> None:
    class Options(BaseModel):
        team: str = ""
        region: str = ""

        @model_validator(mode="after")
        def _either(self) -> "Options":
            if not self.team and not self.region:
                raise ValueError("give TEAM or REGION")
            return self

    with pytest.raises(CannotMakeUpError, match=r"Options cannot be made up \(give TEAM or REGION\)"):
        make_options(Options)


def test_an_option_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(TypeError, match="Part has no option 'nmae'; there are name, ratio"):
        make_options(Part, nmae="x")
