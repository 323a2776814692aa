"""Finding, enabling and checking handlers."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from receiver.api import Change, Context, Done, Handler, NoOptions, Schedule, handler
from receiver.registry import (
    GROUP,
    Enabled,
    Registry,
    environment_prefix,
    installed,
    load_handler,
    load_registry,
)
from receiver.settings import SettingsError


class PagerOptions(BaseModel):
    url: str
    token: SecretStr


@handler("my-pager", options=PagerOptions, changed={"status"})
async def my_pager(change: Change, ctx: Context[PagerOptions]) -> Done:
    """Page the engineer on call."""
    return Done()


@handler("quiet")
async def quiet(change: Change, ctx: Context[Any]) -> Done:
    return Done()


async def bare(change: Change, ctx: Context[Any]) -> Done:
    """Nobody put @handler above it."""
    return Done()


HERE = "tests.unit.test_registry"


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


AVAILABLE = {
    "my-pager": [point("my-pager", f"{HERE}:my_pager")],
    "quiet": [point("quiet", f"{HERE}:quiet")],
    "bare": [point("bare", f"{HERE}:bare")],
    "renamed": [point("renamed", f"{HERE}:quiet")],
    "missing": [point("missing", "no_such_package_anywhere:run")],
    "lacking": [point("lacking", f"{HERE}:no_such_handler")],
    "twice": [point("twice", f"{HERE}:quiet"), point("twice", f"{HERE}:my_pager")],
    "same": [point("quiet", f"{HERE}:quiet"), point("quiet", f"{HERE}:quiet")],
}


@pytest.fixture
def pager_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PAGER_URL", "https://pager.example")
    monkeypatch.setenv("MY_PAGER_TOKEN", "hush-hush")


def test_the_built_in_handlers_are_found_like_any_other() -> None:
    assert {"email", "log"} <= installed().keys()
    assert isinstance(load_handler(installed()["log"]), Handler)


def test_installed_is_not_enabled() -> None:
    assert len(load_registry([])) == 0


@pytest.mark.usefixtures("pager_options")
def test_enabled_handlers_have_their_options_from_the_environment() -> None:
    registry = load_registry(["my-pager", "quiet"], AVAILABLE)
    assert list(registry) == ["my-pager", "quiet"]
    options = registry["my-pager"].options
    assert isinstance(options, PagerOptions)
    assert (options.url, options.token.get_secret_value()) == ("https://pager.example", "hush-hush")
    assert isinstance(registry["quiet"].options, NoOptions)


def test_a_handler_named_twice_is_enabled_once() -> None:
    assert list(load_registry(["quiet", "quiet"], AVAILABLE)) == ["quiet"]


def test_a_name_that_nobody_provides_stops_the_start_and_says_which_there_are() -> None:
    with pytest.raises(
        SettingsError, match="no installed package provides 'qiet'; there are: my-pager, quiet"
    ):
        load_registry(["qiet"], {name: AVAILABLE[name] for name in ("my-pager", "quiet")})
    with pytest.raises(SettingsError, match="there are: none"):
        load_registry(["quiet"], {})


def test_an_option_that_is_missing_is_named_by_its_variable_and_its_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_PAGER_TOKEN", "hush-hush")
    with pytest.raises(SettingsError) as caught:
        load_registry(["my-pager"], AVAILABLE)
    assert str(caught.value) == "MY_PAGER_URL: is not set (option of handler 'my-pager')"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bare", "is no handler: tests.unit.test_registry:bare must be made by @handler"),
        ("renamed", "registers 'quiet' as 'renamed'; the names must be the same"),
        ("missing", "cannot be imported: ModuleNotFoundError"),
        ("lacking", "cannot be imported: AttributeError"),
        ("twice", "'twice' is provided more than once, by "),
    ],
)
def test_a_plugin_that_is_wrong_says_how(name: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_registry([name], AVAILABLE)
    assert told in str(caught.value)


def test_the_same_entry_found_twice_is_no_clash() -> None:
    """As with an editable install beside a built one."""
    assert load_handler(AVAILABLE["same"]) is quiet


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_registry(["bare", "qiet", "my-pager"], AVAILABLE)
    lines = str(caught.value).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "HANDLERS:",
        "HANDLERS:",
        "MY_PAGER_URL:",
        "MY_PAGER_TOKEN:",
    ]


def test_a_handler_is_found_in_any_package_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_tools.py").write_text(
        "from receiver.api import Done, handler\n\n"
        '@handler("acme-tool")\n'
        "async def run(change, ctx):\n"
        "    return Done()\n"
    )
    metadata = tmp_path / "acme_tools-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tools\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\nacme-tool = acme_tools:run\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(load_registry(["acme-tool"])) == ["acme-tool"]


def test_variables_begin_with_the_handler_s_name() -> None:
    assert environment_prefix("my-crm") == "MY_CRM"


def test_those_who_asked_for_a_changed_field_are_concerned_and_those_who_asked_for_all() -> None:
    options = PagerOptions(url="", token=SecretStr(""))
    registry = Registry(
        [Enabled(my_pager, options, my_pager.schedule), Enabled(quiet, NoOptions(), quiet.schedule)]
    )
    assert registry.concerned({"status", "url"}) == ["my-pager", "quiet"]
    assert registry.concerned({"url"}) == ["quiet"]
    assert registry.concerned({"aFieldOfNextYear"}) == ["quiet"]


@pytest.mark.usefixtures("pager_options")
def test_a_schedule_is_as_declared_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_PAGER_RATE", "2.5")
    monkeypatch.setenv("MY_PAGER_CONCURRENCY", "4")
    registry = load_registry(["my-pager", "quiet"], AVAILABLE)
    assert registry["my-pager"].schedule == Schedule(rate=2.5, concurrency=4)
    assert registry["quiet"].schedule == quiet.schedule


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("QUIET_RATE", "0"),
        ("QUIET_TIMEOUT", "soon"),
        ("QUIET_CONCURRENCY", "0.5"),
        ("QUIET_FAILURES_TO_OPEN", "0"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"^{variable}: .* \(option of handler 'quiet'\)$"):
        load_registry(["quiet"], AVAILABLE)


class TimedOptions(BaseModel):
    timeout: str = "none"


@handler("timed", options=TimedOptions, timeout=7)
async def timed(change: Change, ctx: Context[TimedOptions]) -> Done:
    return Done()


def test_a_variable_that_is_an_option_of_the_handler_is_no_more_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIMED_TIMEOUT", "a while")
    enabled = load_registry(["timed"], {"timed": [point("timed", f"{HERE}:timed")]})["timed"]
    assert enabled.options.model_dump() == {"timeout": "a while"}
    assert enabled.schedule.timeout == 7


def test_a_handler_in_shadow_mode_has_a_name_of_its_own_in_the_journal() -> None:
    registry = load_registry(["quiet:shadow", "quiet"], AVAILABLE)
    assert {name: each.shadow for name, each in registry.items()} == {"quiet.shadow": True, "quiet": False}
    assert registry.concerned({"status"}) == ["quiet.shadow", "quiet"]


def test_another_mode_than_shadow_stops_the_start() -> None:
    with pytest.raises(
        SettingsError, match="HANDLERS: 'quiet:loud': there is one mode, shadow, as in 'quiet:"
    ):
        load_registry(["quiet:loud"], AVAILABLE)
