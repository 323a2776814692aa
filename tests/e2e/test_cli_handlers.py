"""`nectar-router handlers` lists what is installed, what it wants to be told, and never a value."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli import nectar_router


def listed(place: Path, **variables: str) -> dict[str, dict[str, Any]]:
    """The list as JSON, by name."""
    done = nectar_router(place, "handlers", "--json", **variables)
    assert done.returncode == 0, done.stderr
    return {handler["name"]: handler for handler in json.loads(done.stdout)["handlers"]}


CRM = """
from pydantic import BaseModel
from receiver.api import Change, Context, Done, handler

class Options(BaseModel):
    region: str = 'eu'

@handler('my-crm', options=Options, rate=2)
async def crm(change: Change, ctx: Context[Options]) -> Done:
    'Show the state in the CRM.'
    return Done()

@crm.preflight
async def reach(options, http):
    if options.region == 'eu':
        return 'the CRM takes us'
    raise PermissionError('hush-hush' + options.region)
"""
SHORT = """
from receiver.api import handler

@handler('short')
async def short(change):
    'Takes one argument too few.'
"""


def install(folder: Path, package: str, points: str, **modules: str) -> None:
    """A package as pip leaves it, version 1.2."""
    info = folder / f"{package.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[nectar_router.handlers]\n{points}\n")
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with a handler that works, and one for each way of not being one."""
    points = "my-crm = acme_crm:crm\nlost = acme_nowhere:lost\nodd = acme_crm:Options\ntwin = acme_crm:crm"
    install(tmp_path, "acme-handlers", points, acme_crm=CRM)
    install(tmp_path, "other-handlers", "twin = other:twin\nshort = other_short:short", other_short=SHORT)
    return tmp_path


def test_the_built_in_handlers_are_listed_with_their_options(tmp_path: Path) -> None:
    """With what each variable takes, and whether it is set."""
    found = listed(tmp_path, HANDLERS="log", EMAIL_FROM="Energy <energy@example.com>")
    assert {"email", "log"} <= set(found)
    assert (found["log"]["enabled"], found["email"]["enabled"]) == (True, False)
    assert found["email"]["source"].startswith("nectar-router ")
    assert found["email"]["summary"].startswith("Write to the owner")
    options = {option["variable"]: option for option in found["email"]["options"]}
    server, sender = options["EMAIL_SMTP_URL"], options["EMAIL_FROM"]
    assert (server["type"], server["required"], server["set"]) == ("secret", True, False)
    assert (sender["type"], sender["required"], sender["set"]) == ("text", True, True)
    assert options["EMAIL_REPLY_TO"]["required"] is False


def test_a_plugin_is_listed_and_a_broken_one_says_why(plugins: Path) -> None:
    """It hides no other. The exit code is 0: a list that was made is no failure."""
    found = listed(plugins, HANDLERS="my-crm,pager", PYTHONPATH=str(plugins))
    crm = found["my-crm"]
    assert (crm["source"], crm["package"], crm["version"]) == ("acme-handlers 1.2", "acme-handlers", "1.2")
    assert (crm["summary"], crm["problem"]) == ("Show the state in the CRM.", "")
    assert [option["variable"] for option in crm["options"]] == ["MY_CRM_REGION"]
    for name, reason in {
        "lost": "'lost' of acme-handlers cannot be imported: ModuleNotFoundError",
        "odd": "is no handler: acme_crm:Options must be made by @handler",
        "twin": "provided more than once, by acme-handlers, other-handlers",
        "short": "'short': expected 'async def f(change, ctx)'",
        "pager": "no installed package provides it",
    }.items():
        assert reason in found[name]["problem"]
    assert (found["pager"]["enabled"], found["lost"]["enabled"]) == (True, False)


def test_a_broken_one_is_red_where_there_are_colors(plugins: Path) -> None:
    done = nectar_router(plugins, "handlers", PYTHONPATH=str(plugins), FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[1;31mbroken" in done.stdout


def test_what_keeps_an_enabled_one_from_starting_is_said(plugins: Path) -> None:
    """Its options, and its schedule; of one that is not enabled nothing is said."""
    found = listed(plugins, HANDLERS="email,my-crm", MY_CRM_RATE="fast", PYTHONPATH=str(plugins))
    assert [line.partition(":")[0] for line in found["email"]["wrong"]] == ["EMAIL_SMTP_URL", "EMAIL_FROM"]
    assert [line.partition(":")[0] for line in found["my-crm"]["wrong"]] == ["MY_CRM_RATE"]
    assert listed(plugins)["email"]["wrong"] == []


def test_the_schedule_is_what_holds_and_says_which_variable_changes_it(plugins: Path) -> None:
    found = listed(plugins, MY_CRM_TIMEOUT="7", PYTHONPATH=str(plugins))["my-crm"]["schedule"]
    assert found["timeout"] == {"value": 7.0, "variable": "MY_CRM_TIMEOUT", "set": True}
    assert found["rate"] == {"value": 2.0, "variable": "MY_CRM_RATE", "set": False}
    told = nectar_router(plugins, "handlers", MY_CRM_TIMEOUT="7", PYTHONPATH=str(plugins)).stdout
    assert "schedule  7 s an attempt (MY_CRM_TIMEOUT), 2 requests a second" in told


def test_one_in_shadow_mode_is_enabled_and_said_to_be_so(plugins: Path) -> None:
    found = listed(plugins, HANDLERS="my-crm:shadow", PYTHONPATH=str(plugins))["my-crm"]
    assert (found["enabled"], found["shadow"], found["wrong"]) == (True, True, [])
    wrong = listed(plugins, HANDLERS="my-crm,my-crm:loud", PYTHONPATH=str(plugins))["my-crm"]["wrong"]
    assert wrong == ["HANDLERS: 'my-crm:loud': there is one mode, shadow, as in 'my-crm:shadow'"]


def test_targets_are_asked_only_when_that_is_wanted(plugins: Path) -> None:
    """`--check` asks those of enabled handlers; a target that refuses changes no exit code."""
    enabled = {"HANDLERS": "my-crm,log", "PYTHONPATH": str(plugins)}
    assert listed(plugins, **enabled)["my-crm"]["preflight"] is None
    for region, verdict in (("eu", "ok"), ("mars", "failed")):
        done = nectar_router(
            plugins, "handlers", "list", "--check", "--json", **enabled, MY_CRM_REGION=region
        )
        assert done.returncode == 0, done.stderr
        asked = {one["name"]: one["preflight"] for one in json.loads(done.stdout)["handlers"]}
        assert asked["my-crm"]["verdict"] == verdict
        assert asked["log"] is None
    told = nectar_router(plugins, "handlers", "--check", **enabled).stdout
    assert "target    the CRM takes us" in told


def test_the_list_is_what_handlers_alone_means(plugins: Path) -> None:
    alone, spelled_out = (nectar_router(plugins, "handlers", *words) for words in ((), ("list",)))
    assert alone.stdout == spelled_out.stdout
    assert alone.returncode == spelled_out.returncode == 0


def test_options_before_a_sub_command_are_wrong_usage(tmp_path: Path) -> None:
    """They would be taken for the list's, and mean nothing."""
    done = nectar_router(tmp_path, "handlers", "--json", "list")
    assert done.returncode == 2
    assert "behind `list`" in done.stderr


def test_no_value_is_printed_in_either_form(tmp_path: Path) -> None:
    for arguments in (("handlers",), ("handlers", "--json")):
        done = nectar_router(tmp_path, *arguments, EMAIL_SMTP_URL="smtps://me:hush-hush@smtp.example.com")
        assert done.returncode == 0
        assert "EMAIL_SMTP_URL" in done.stdout
        assert "hush-hush" not in done.stdout + done.stderr
