"""The variables that a handler reads, told from its model of options."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field, HttpUrl, SecretStr

from receiver.cli.handlers.options import Option, options_of


class Options(BaseModel):
    """Options of every kind."""

    url: HttpUrl
    token: SecretStr = SecretStr("hush-hush")
    spare: SecretStr | None = None
    region: Literal["eu", "us"] = "eu"
    tags: list[str] = Field(default=["a", "b"], description="What to tag with.")
    most: int | None = None
    verify: bool = True
    sender: str = Field(alias="from")


class Odd(BaseModel):
    """Options of which one has a type that JSON Schema does not know."""

    name: str
    callback: type = object


def told(model: type[BaseModel]) -> dict[str, Option]:
    return {option.variable: option for option in options_of(model, "MY_CRM")}


def test_variables_bear_the_prefix_and_an_alias_where_there_is_one() -> None:
    names = ("URL", "TOKEN", "SPARE", "REGION", "TAGS", "MOST", "VERIFY", "FROM")
    assert list(told(Options)) == [f"MY_CRM_{name}" for name in names]


def test_types_are_told_in_words() -> None:
    types = [option.type for option in told(Options).values()]
    assert types == ["URL", "secret", "secret", "eu or us", "list", "integer", "yes or no", "text"]


def test_defaults_are_told_but_those_of_secrets() -> None:
    options = told(Options)
    assert options["MY_CRM_REGION"].default == "eu"
    assert options["MY_CRM_TAGS"].default == ["a", "b"]
    assert options["MY_CRM_TOKEN"].default is None


def test_what_is_required_and_what_is_set_are_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as not set, as it does when the options are read."""
    monkeypatch.setenv("MY_CRM_URL", "")
    monkeypatch.setenv("MY_CRM_TOKEN", "hush-hush")
    options = told(Options)
    assert (options["MY_CRM_URL"].required, options["MY_CRM_URL"].set) == (True, False)
    assert (options["MY_CRM_TOKEN"].required, options["MY_CRM_TOKEN"].set) == (False, True)


def test_a_type_that_json_schema_does_not_know_hides_no_option() -> None:
    assert [option.type for option in told(Odd).values()] == ["text", "text"]
