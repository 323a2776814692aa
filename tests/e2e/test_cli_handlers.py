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


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with a package that provides three handlers, two of them broken."""
    info = tmp_path / "acme_handlers-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-handlers\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[nectar_router.handlers]\nmy-crm = acme_crm:crm\nlost = acme_nowhere:lost\nodd = acme_crm:Options\n"
    )
    (tmp_path / "acme_crm.py").write_text(
        "from pydantic import BaseModel\n"
        "from receiver.api import Change, Context, Done, handler\n"
        "class Options(BaseModel):\n"
        "    region: str = 'eu'\n"
        "@handler('my-crm', options=Options)\n"
        "async def crm(change: Change, ctx: Context[Options]) -> Done:\n"
        "    'Show the state in the CRM.'\n"
        "    return Done()\n"
    )
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
    """One that cannot be imported hides no other."""
    found = listed(plugins, HANDLERS="my-crm,pager", PYTHONPATH=str(plugins))
    crm = found["my-crm"]
    assert (crm["source"], crm["summary"], crm["problem"]) == (
        "acme-handlers 1.2",
        "Show the state in the CRM.",
        "",
    )
    assert [option["variable"] for option in crm["options"]] == ["MY_CRM_REGION"]
    assert "cannot be imported: ModuleNotFoundError" in found["lost"]["problem"]
    assert "is no handler" in found["odd"]["problem"]
    assert found["pager"]["problem"] == "no installed package provides it"


def test_no_value_is_printed_in_either_form(tmp_path: Path) -> None:
    for arguments in (("handlers",), ("handlers", "--json")):
        done = nectar_router(tmp_path, *arguments, EMAIL_SMTP_URL="smtps://me:hush-hush@smtp.example.com")
        assert done.returncode == 0
        assert "EMAIL_SMTP_URL" in done.stdout
        assert "hush-hush" not in done.stdout + done.stderr
