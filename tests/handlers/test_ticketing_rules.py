"""What the operator's rules say for which connection, and what is said of rules that are wrong."""

import json
from datetime import timedelta
from typing import Any

import pytest

from handlers.redmine import Options
from handlers.ticketing.options import settings_for
from handlers.ticketing.rules import BUILT_IN, Do
from receiver.api import Status
from receiver.settings import SettingsError, read_options
from receiver.testing import make_connection

REQUIRED = {"url": "https://redmine.example.com", "api_key": "made-up-key", "project": "utilities"}
COMPANY = {"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": "Northwind", "externalId": "N-17"}


def chosen(rules: list[dict[str, Any]], status: str = "PASSWORD_INCORRECT", **fields: Any) -> Any:
    """All that holds for a connection."""
    options = Options.model_validate({**REQUIRED, "priority": "Normal", "rules": rules})
    return settings_for(options, make_connection(status, company=COMPANY, country="DE", **fields))


def test_every_status_of_nectar_has_a_policy_of_its_own() -> None:
    """The built-in ones, with what each asks for."""
    assert {status: chosen([], status)["do"] for status in Status} == {
        Status.PENDING: Do.COMMENT,
        Status.UNDER_INVESTIGATION: Do.COMMENT,
        Status.CONNECTED: Do.CLOSE,
        **{status: Do.OPEN for status in Status if status.needs_owner or status.needs_operator},
        Status.WEBSITE_DOWN: Do.OPEN,
    }
    assert {status for status in Status if chosen([], status)["after"]} == {Status.WEBSITE_DOWN}
    assert chosen([], "WEBSITE_DOWN")["after"] == timedelta(hours=24)


@pytest.mark.parametrize("status", ["", "BRAND_NEW"])
def test_a_status_that_no_rule_names_is_ignored(status: str) -> None:
    assert chosen([], status)["do"] is Do.IGNORE


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({"company": "northwind"}, id="the company's name, in any case of letters"),
        pytest.param({"company": "0F6E7A5E-6d0b-4a53-8f5a-3b3b6c7a9d10"}, id="Nectar's id of the company"),
        pytest.param({"company": "N-17"}, id="our id of the company"),
        pytest.param({"country": ["FR", "DE"]}, id="one of several countries"),
        pytest.param({"status": "PASSWORD_INCORRECT"}, id="the status"),
        pytest.param({"status": "PASSWORD_INCORRECT", "company": "N-17", "country": "DE"}, id="all together"),
        pytest.param({}, id="nothing at all"),
    ],
)
def test_a_rule_holds_where_all_its_conditions_are_met(condition: dict[str, Any]) -> None:
    assert chosen([{**condition, "priority": "High"}])["priority"] == "High"


@pytest.mark.parametrize(
    "condition",
    [{"company": "North"}, {"country": "FR"}, {"status": "CONNECTED"}, {"company": "N-17", "country": "FR"}],
)
def test_and_nowhere_else(condition: dict[str, Any]) -> None:
    assert chosen([{**condition, "priority": "High"}])["priority"] == "Normal"


def test_a_connection_without_company_or_country_meets_no_condition_on_them() -> None:
    connection = make_connection(company=None, country=None)
    options = Options.model_validate({**REQUIRED, "rules": [{"company": "x", "tracker": "Bug"}]})
    assert settings_for(options, connection)["tracker"] == ""


def test_the_rule_with_the_most_conditions_wins_setting_by_setting() -> None:
    both = {"company": "Northwind", "country": "DE", "project": "northwind"}
    settings = chosen([both, {"country": "DE", "project": "germany", "assignee": "Anna Novak"}])
    assert (settings["project"], settings["assignee"]) == ("northwind", "Anna Novak")


def test_of_equals_the_one_further_down_wins() -> None:
    rules = [{"company": "Northwind", "project": "northwind"}, {"country": "DE", "project": "germany"}]
    assert chosen(rules)["project"] == "germany"
    assert chosen(rules[::-1])["project"] == "northwind"


def test_a_rule_overrides_the_built_in_ones() -> None:
    rules = [
        {"status": "WEBSITE_DOWN", "after": "2d"},
        {"status": "PENDING", "do": "ignore"},
        {"status": "BRAND_NEW", "do": "open"},
        {"company": "Northwind", "status": "OTHER_ERROR", "do": "ignore"},
    ]
    assert chosen(rules, "WEBSITE_DOWN")["after"] == timedelta(days=2)
    assert chosen(rules, "PENDING")["do"] is Do.IGNORE
    assert chosen(rules, "BRAND_NEW")["do"] is Do.OPEN
    assert chosen(rules, "OTHER_ERROR")["do"] is Do.IGNORE


def test_the_built_in_rules_name_only_statuses_that_there_are() -> None:
    assert all(Status(name).known for rule in BUILT_IN for name in rule.status)


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("RULES", "[{", "REDMINE_RULES: is not valid JSON"),
        ("RULES", [{"projct": "x"}], "REDMINE_RULES: rule 1, 'projct': there is no such setting"),
        ("RULES", [{}, {"after": "soon"}], "REDMINE_RULES: rule 2, 'after': must be a number and a unit"),
        ("RULES", [{"do": "open"}], 'REDMINE_RULES: rule 1: "do": "open" needs a "status"'),
        (
            "RULES",
            [{"status": "X", "do": "close!"}],
            "REDMINE_RULES: rule 1, 'do': Input should be 'open', 'comm",
        ),
        (
            "RULES",
            [{"subject": "{{ compny }}"}],
            "rule 1, 'subject': unknown variable 'compny'; there are: event,",
        ),
        ("SUBJECT", "{{ utility", "REDMINE_SUBJECT: is no template: "),
        ("SUBJECT", "{{ secret }}", "REDMINE_SUBJECT: unknown variable 'secret'; there are: event, status"),
        ("BODY", "{{ x | nope }}", "REDMINE_BODY: is no template: No filter named 'nope'"),
        ("REOPEN_WITHIN", "1 month", "REDMINE_REOPEN_WITHIN: must be a number and a unit, such as"),
        ("SHOW", "password", "REDMINE_SHOW: Input should be 'username', 'owner' or 'reconnect_link'"),
        ("URL", "redmine", "REDMINE_URL: "),
        ("PROJECT", "", "REDMINE_PROJECT: is not set"),
        (
            "PROJECT",
            "in-{{ country }}",
            "REDMINE_KEY_FIELD must be the field's id where REDMINE_PROJECT is a",
        ),
    ],
)
def test_what_is_wrong_is_said_by_the_name_of_the_variable(
    variable: str, value: Any, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name.upper(): text for name, text in REQUIRED.items()}
    given["KEY_FIELD"] = "Nectar key"
    given[variable] = value if isinstance(value, str) else json.dumps(value)
    for name, text in given.items():
        monkeypatch.setenv(f"REDMINE_{name}", text)
    with pytest.raises(SettingsError) as error:
        read_options(Options, "REDMINE")
    assert problem in str(error.value)
    assert "made-up-key" not in str(error.value)


def test_all_of_it_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [{"status": ["WEBSITE_DOWN"], "after": "90m", "priority": "Low"}]
    given = {**REQUIRED, "rules": json.dumps(rules), "reopen_within": "14d", "show": "username,owner"}
    for name, text in given.items():
        monkeypatch.setenv(f"REDMINE_{name.upper()}", text)
    options = read_options(Options, "REDMINE")
    assert options.rules[0].after == timedelta(minutes=90)
    assert options.rules[0].priority == "Low"
    assert options.reopen_within == timedelta(days=14)
    assert options.show == ("username", "owner")
