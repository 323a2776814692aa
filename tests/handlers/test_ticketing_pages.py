"""What the pages about tickets say is so."""

import json
import re
from pathlib import Path

import pytest

from handlers.redmine import Options
from handlers.redmine.options import RedmineRule
from handlers.ticketing.options import settings_for
from handlers.ticketing.rules import Do
from handlers.ticketing.templates import VARIABLES
from receiver.api import Status
from receiver.testing import make_connection
from tests.handlers.redmine_desk import options

HANDLERS = Path(__file__).parents[2] / "handlers"
TICKETING, REDMINE = ((HANDLERS / name / "README.md").read_text() for name in ("ticketing", "redmine"))
WORDS = {Do.OPEN: "a ticket is open", Do.COMMENT: "it is told", Do.CLOSE: "is solved", Do.IGNORE: "nothing"}


@pytest.mark.parametrize("status", Status)
def test_what_it_does_for_a_status_is_in_the_table(status: Status) -> None:
    [row] = re.findall(rf"^\|[^|]*\b{status}\b[^|]*\|(.*)\|$", TICKETING, re.MULTILINE)
    settings = settings_for(options(), make_connection(status))
    assert WORDS[settings["do"]] in row
    assert ("24 hours" in row) == bool(settings["after"])


def test_every_variable_of_the_templates_is_in_the_table() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.*) \|$", TICKETING.partition("| variable |")[2], re.MULTILINE)
    assert dict(table[: len(VARIABLES)]) == VARIABLES


def test_its_rules_are_rules() -> None:
    [example] = re.findall(r"```json\n(.*?)```", TICKETING, re.DOTALL)
    assert len(options(rules=json.loads(example)).rules) == 6


def test_every_variable_of_redmine_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `REDMINE_(\w+)` \|[^|]*\| (.*) \|$", REDMINE, re.MULTILINE))
    told = {name.upper(): field.description for name, field in Options.model_fields.items()}
    assert rows == told


def test_every_setting_of_a_redmine_rule_is_named() -> None:
    settings = RedmineRule.model_fields.keys() - {"status", "company", "country"}
    assert all(f"`{name}`" in TICKETING + REDMINE for name in settings)


@pytest.mark.parametrize("name", ["ticketing", "redmine"])
def test_its_links_lead_somewhere(name: str) -> None:
    page = HANDLERS / name / "README.md"
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
