"""The options of a handler, read from the environment under the handler's name."""

from typing import Annotated, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from receiver.settings import SettingsError, read_options


class Routing(BaseModel):
    """A nested model."""

    team: str
    level: int = 1


class Options(BaseModel):
    """One field of each kind that handlers ask for."""

    url: HttpUrl
    token: SecretStr
    sender: Annotated[str, Field(alias="from")] = "router@example.test"
    to: list[str] = []
    copies: tuple[str, ...] | None = None
    levels: frozenset[int] = frozenset()
    routing: Routing | None = None
    fields: dict[str, str] = {}
    footer: str | None = None
    urgent: bool = False


class Strict(BaseModel):
    """Options whose author sets the model's configuration and rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = ""
    password: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if bool(self.user) != bool(self.password.get_secret_value()):
            raise ValueError("user and password go together")
        return self


@pytest.fixture(autouse=True)
def pager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that the options need."""
    monkeypatch.setenv("PAGER_URL", "https://pager.example/hook")
    monkeypatch.setenv("PAGER_TOKEN", "hush-hush")


def trouble(model: type[BaseModel] = Options) -> str:
    """What is said about the options when they cannot be read."""
    with pytest.raises(SettingsError) as error:
        read_options(model, "PAGER")
    assert "hush" not in str(error.value)
    return str(error.value)


def test_options_are_an_instance_of_the_handlers_model() -> None:
    options = read_options(Options, "PAGER")
    assert isinstance(options, Options)
    assert str(options.url) == "https://pager.example/hook"
    assert options.token.get_secret_value() == "hush-hush"
    assert options.to == []


@pytest.mark.parametrize(
    ("variable", "value", "field", "meant"),
    [
        ("PAGER_FROM", "me@example.test", "sender", "me@example.test"),
        ("PAGER_TO", "a@b.test", "to", ["a@b.test"]),
        ("PAGER_TO", " a@b.test, c@d.test ,", "to", ["a@b.test", "c@d.test"]),
        ("PAGER_TO", '["a@b.test", "with, comma"]', "to", ["a@b.test", "with, comma"]),
        ("PAGER_TO", "", "to", []),
        ("PAGER_COPIES", "a,b", "copies", ("a", "b")),
        ("PAGER_LEVELS", "1,2", "levels", frozenset({1, 2})),
        ("PAGER_ROUTING", '{"team": "ops"}', "routing", Routing(team="ops")),
        ("PAGER_FIELDS", '{"status": "cf_1"}', "fields", {"status": "cf_1"}),
        ("PAGER_FOOTER", "[internal] {x}, y", "footer", "[internal] {x}, y"),
        ("PAGER_URGENT", "1", "urgent", True),
        ("PAGER_TOKEN", '{"type": "service_account"}', "token", SecretStr('{"type": "service_account"}')),
        ("PAGER_TOKEN", "a,b,[c", "token", SecretStr("a,b,[c")),
        ("PAGER_TOKEN", " {not json ", "token", SecretStr(" {not json ")),
        ("pager_footer", "lower case", "footer", "lower case"),
    ],
)
def test_each_kind_of_field_is_read_as_its_author_meant(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, meant: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(read_options(Options, "PAGER"), field) == meant


@pytest.mark.parametrize("unset", ["missing", "empty"])
def test_a_missing_option_is_named(monkeypatch: pytest.MonkeyPatch, unset: str) -> None:
    if unset == "missing":
        monkeypatch.delenv("PAGER_TOKEN")
    else:
        monkeypatch.setenv("PAGER_TOKEN", "")
    assert trouble() == "PAGER_TOKEN: is not set"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PAGER_URL", "hush", "PAGER_URL: Input should be a valid URL"),
        ("PAGER_LEVELS", "1,hush", "PAGER_LEVELS: Input should be a valid integer"),
        ("PAGER_TO", '["hush"', "PAGER_TO: is not valid JSON"),
        ("PAGER_ROUTING", "{hush", "PAGER_ROUTING: is not valid JSON"),
        ("PAGER_ROUTING", "hush", "PAGER_ROUTING: Input should be a valid dictionary"),
        ("PAGER_ROUTING", '{"level": 2}', "PAGER_ROUTING: Field required"),
        ("PAGER_URGENT", "hush", "PAGER_URGENT: Input should be a valid boolean"),
    ],
)
def test_a_bad_option_is_named_explained_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert trouble().startswith(said)


def test_every_option_in_trouble_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAGER_URL")
    monkeypatch.setenv("PAGER_URGENT", "hush")
    assert [line.partition(":")[0] for line in trouble().splitlines()] == ["PAGER_URL", "PAGER_URGENT"]


def test_an_option_by_alias_is_named_as_it_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sender(BaseModel):
        sender: str = Field(alias="from")

    assert trouble(Sender) == "PAGER_FROM: is not set"
    monkeypatch.setenv("PAGER_FROM", "me")
    assert read_options(Sender, "PAGER").sender == "me"


def test_a_rule_over_several_options_is_named_by_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_USER", "hush")
    assert trouble(Strict) == "PAGER_*: user and password go together"


def test_a_model_that_forbids_other_fields_ignores_other_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_USER", "pat")
    monkeypatch.setenv("PAGER_PASSWORD", "hush")
    assert read_options(Strict, "PAGER").user == "pat"


def test_a_variable_without_the_prefix_is_another_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM", "somebody else")
    monkeypatch.setenv("FOOTER", "somebody else")
    options = read_options(Options, "PAGER")
    assert (options.sender, options.footer) == ("router@example.test", None)


def test_two_handlers_may_share_a_model_and_not_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHT_PAGER_URL", "https://night.example")
    monkeypatch.setenv("NIGHT_PAGER_TOKEN", "another")
    assert read_options(Options, "NIGHT_PAGER").url.host == "night.example"
    assert read_options(Options, "PAGER").url.host == "pager.example"


def test_options_show_no_secret() -> None:
    options = read_options(Options, "PAGER")
    assert "hush" not in repr(options) + str(options.model_dump()) + options.model_dump_json()
