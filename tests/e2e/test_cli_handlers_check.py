"""`nectar-router handlers check` says whether a handler keeps the contract, and how to mend it."""

import json
from pathlib import Path

import pytest

from tests.e2e.cli import nectar_router
from tests.e2e.outside import Environment, make_environment

TWICE = '''
from pydantic import BaseModel, HttpUrl, SecretStr
from receiver.api import Done, handler


class Options(BaseModel):
    url: HttpUrl
    token: SecretStr


@handler("twice", options=Options)
async def twice(change, ctx):
    """Posts again whenever it is asked, and tells its token."""
    ctx.log.info("posting with %s", ctx.options.token.get_secret_value())
    (await ctx.http.post(str(ctx.options.url), json={"new": True})).raise_for_status()
    return Done()
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with a handler that breaks rules."""
    made = make_environment(tmp_path_factory.mktemp("check") / "env")
    made.provide("acme-twice", {"twice": "acme_twice:twice"}, acme_twice=TWICE)
    return made


def test_a_handler_that_keeps_the_contract_is_shown_scene_by_scene(tmp_path: Path) -> None:
    done = nectar_router(tmp_path, "handlers", "check", "log")
    assert done.returncode == 0, done.stderr
    assert "ok       PASSWORD_INCORRECT at first sight: done\n" in done.stdout
    assert "log keeps the contract in" in done.stdout.splitlines()[-1]


def test_what_a_handler_does_wrong_is_named_with_the_way_out(home: Environment) -> None:
    """Exit code 1; the scenes where it was seen; and no secret, whatever the handler makes of it."""
    done = home.run("nectar-router", "handlers", "check", "twice", cwd=home.folder, TWICE_TOKEN="hush-hush-1")
    assert done.returncode == 1
    assert "Options made up, since they are not set: TWICE_URL.\n" in done.stdout
    for name, mend in {"not-idempotent": "ctx.once", "leaks-secret": "Name the option"}.items():
        finding = done.stdout.partition(f"\n{name}: ")[2].partition("\n\n")[0]
        assert "  seen: " in finding
        assert mend in finding + done.stdout.partition(f"\n{name}: ")[2]
    assert "failed   " in done.stdout
    assert done.stdout.splitlines()[-1] == "twice does not keep the contract yet."
    assert "hush-hush" not in done.stdout + done.stderr


def test_as_json_it_is_one_document(home: Environment) -> None:
    done = home.run("nectar-router", "handlers", "check", "twice", "--json", cwd=home.folder)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["ok"], report["handler"]) == (False, "twice")
    assert report["made_up"] == ["TWICE_URL", "TWICE_TOKEN"]
    findings = {finding["name"]: finding for finding in report["findings"]}
    assert {"wrong", "scenes", "mend"} <= findings["not-idempotent"].keys()
    assert report["scenes"][0]["told"]


def test_a_handler_that_is_not_there_exits_1_and_says_which_there_are(tmp_path: Path) -> None:
    done = nectar_router(tmp_path, "handlers", "check", "pagr")
    assert done.returncode == 1
    assert "No installed package provides a handler 'pagr'; there are: chat, " in done.stderr
