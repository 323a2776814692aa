"""`nectar-router handlers run` shows all that one handler does, and sends it only when that is wanted."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from receiver.simulator import Simulator, catalogue
from tests.e2e.cli import nectar_router
from tests.e2e.outside import Environment, make_environment
from tests.e2e.target import Target, running_target
from tests.e2e.tellers import FORM, LOST, PICKY, TELLER

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with two handlers."""
    made = make_environment(tmp_path_factory.mktemp("run") / "env")
    points = {name: f"acme_{name}:{name}" for name in ("teller", "form", "lost", "picky")}
    code = {"acme_teller": TELLER, "acme_form": FORM, "acme_lost": LOST, "acme_picky": PICKY}
    made.provide("acme-handlers", points, **code)
    return made


@pytest.fixture
def target() -> Iterator[Target]:
    with running_target() as server:
        yield server


@pytest.fixture
async def nectar() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


def run(home: Environment, *words: str, **variables: str) -> "CompletedProcess[str]":
    usual = {"TELLER_URL": "https://teller.example/pages", "TELLER_TOKEN": "hush-hush-token"}
    return home.run("nectar-router", "handlers", "run", *words, cwd=home.folder, **{**usual, **variables})


def good(home: Environment, *words: str, **variables: str) -> str:
    done = run(home, *words, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_dry_run_shows_the_request_without_secrets_and_sends_nothing(
    home: Environment, target: Target
) -> None:
    """Method, URL, headers and body; and what the handler logged and kept."""
    said = good(home, "teller", "--dry-run", TELLER_URL=target.url)
    assert f"POST {target.url}\n  x-teller: [redacted]\n" in said
    assert '    "status": "PASSWORD_INCORRECT",\n' in said
    assert '    "password": "[redacted]",\n' in said
    assert '    "extra": "None"' in said, "handlers see no secret of a magic link"
    assert "workflow/[redacted]" in said
    assert "log  info  telling" in said
    assert said.endswith('Done  page-7\nSteps finished: note\nMemory: {"told": "noted"}\n')
    assert "hush-hush" not in said
    assert target.posts == []


def test_mails_and_forms_are_shown_too(home: Environment) -> None:
    said = good(home, "form", "--dry-run")
    assert "POST https://form.example/x?token=[redacted]\n" in said
    assert "  a=1\n  b=two words\n" in said
    assert "log  info  beside  version=1  company=1\n" in said
    assert "mail\n  to: j***@acme.example\n  text:\n    one\n    two\n" in said


@pytest.mark.parametrize("fixture", ["unknown-status", "without-status"])
def test_any_example_can_be_shown(home: Environment, fixture: str) -> None:
    status = catalogue.connection(fixture).get("status", "no status")
    said = good(home, "teller", "--dry-run", "--fixture", fixture)
    assert f"teller is shown the example {fixture}, {status}, for the first time." in said


def test_the_status_before_can_be_said(home: Environment) -> None:
    said = good(home, "teller", "--dry-run", "--fixture", "connected", "--previous", "PENDING")
    assert "CONNECTED, that it last handled as PENDING." in said
    assert '"before": "PENDING"' in said


def test_a_connection_can_come_from_a_file(home: Environment, tmp_path: Path) -> None:
    file = tmp_path / "connection.json"
    file.write_text(json.dumps({**catalogue.connection("connected"), "status": "MFA_TOKEN_EXPIRED"}))
    assert '"status": "MFA_TOKEN_EXPIRED"' in good(home, "teller", "--dry-run", "--file", str(file))
    file.write_text('{"status": "CONNECTED"}')
    wrong = run(home, "teller", "--dry-run", "--file", str(file))
    assert wrong.returncode == 1
    assert "  id: Field required\n" in wrong.stderr


async def test_a_connection_can_be_fetched_from_nectar(home: Environment, nectar: Simulator) -> None:
    """In a dry run the link is made up: to make a real one may be an effect at Nectar."""
    connection = nectar.add("mfa-token-expired", connectionMagicLinkSecret="hush-hush-link")
    key = {"NECTAR_BASE_URL": nectar.base_url, "NECTAR_API_KEY": nectar.state.api_key}
    done = await _run_in_thread(home, "teller", "--dry-run", "--connection", connection, **key)
    assert '"status": "MFA_TOKEN_EXPIRED"' in done.stdout
    assert "hush-hush" not in done.stdout
    assert len(nectar.requests.matching("/details")) == 1
    unknown = "00000000-0000-4000-8000-000000000000"
    missing = await _run_in_thread(home, "teller", "--dry-run", "--connection", unknown, **key)
    assert (missing.returncode, missing.stderr) == (1, "Nectar answered 404: no such connection.\n")


async def test_in_earnest_the_link_is_the_one_that_reconnect_link_says(
    home: Environment, nectar: Simulator, target: Target
) -> None:
    """Made when the handler asks for it, sent to the target, and shown nowhere."""
    connection = nectar.add("password-incorrect", connectionMagicLinkSecret="hush-hush-link")
    key = {"NECTAR_BASE_URL": nectar.base_url, "NECTAR_API_KEY": nectar.state.api_key}
    done = await _run_in_thread(home, "teller", "--connection", connection, TELLER_URL=target.url, **key)
    assert target.posts[0].body["link"].endswith("/workflow/hush-hush-link"), done.stdout + done.stderr
    assert "hush-hush" not in done.stdout


async def _run_in_thread(home: Environment, *words: str, **variables: str) -> "CompletedProcess[str]":
    return await asyncio.to_thread(run, home, *words, **variables)


def test_in_earnest_it_is_sent_and_the_answer_is_shown(home: Environment, target: Target) -> None:
    said = good(home, "teller", TELLER_URL=target.url)
    assert "  answered 201\n" in said
    assert [post.body["status"] for post in target.posts] == ["PASSWORD_INCORRECT"]
    assert "hush-hush" not in said


@pytest.mark.parametrize(
    ("code", "after", "told"),
    [
        (503, "", "answered 503; tried again in about"),
        (429, "120", "answered 429; tried again in about 2 min"),
        (401, "", "answered 401; the handler is parked until its target takes it again"),
        (422, "", "answered 422; a dead letter: a person must look"),
    ],
)
def test_what_the_router_would_do_about_a_failure_is_said(
    home: Environment, target: Target, code: int, after: str, told: str
) -> None:
    """Exit code 1, and the line of the handler where it came out."""
    target.code, target.retry_after = code, after
    done = run(home, "teller", TELLER_URL=target.url)
    assert done.returncode == 1
    assert told in done.stdout
    assert "acme_teller.py:" in done.stdout
    assert "in teller: reply.raise_for_status()" in done.stdout


@pytest.mark.parametrize(
    ("mood", "code", "told"),
    [
        ("later", 0, "RetryLater  come back; shown again, freshly fetched, in 60 min"),
        ("reject", 1, "Failed  never; a dead letter: a person must look"),
        ("bug", 1, "Failed  RuntimeError: the token [redacted] is odd; tried again in about"),
        ("nonsense", 1, "Failed  returned str: a handler returns Done, Skipped, RetryLater or Rejected"),
        ("slow", 1, "Failed  took longer than its 2 s; tried again in about"),
        ("blocks", 0, "and with it all other work: acme_teller.py:"),
    ],
)
def test_every_way_to_end_is_told(home: Environment, mood: str, code: int, told: str) -> None:
    """The schedule is what the environment says: TELLER_TIMEOUT."""
    done = run(home, "teller", "--dry-run", TELLER_MOOD=mood, TELLER_TIMEOUT="2")
    assert done.returncode == code, done.stdout + done.stderr
    assert told in done.stdout
    assert "hush-hush" not in done.stdout + done.stderr


def test_options_that_are_not_set_can_be_made_up_and_that_is_said(home: Environment) -> None:
    """Only in a dry run; what is set counts."""
    said = good(home, "teller", "--dry-run", "--made-up-options", TELLER_TOKEN="")
    assert "Made up, since they are not set: TELLER_TOKEN.\n" in said
    assert "POST https://teller.example/pages\n" in said
    missing = run(home, "teller", "--dry-run", TELLER_TOKEN="")
    assert missing.returncode == 1
    assert missing.stderr.startswith("TELLER_TOKEN: is not set\n")
    assert "--made-up-options" in missing.stderr
    assert run(home, "teller", "--made-up-options").returncode == 2
    wrong = run(home, "teller", "--dry-run", "--made-up-options", TELLER_MOOD="hush-hush")
    assert wrong.returncode == 1
    assert "TELLER_MOOD: Input should be 'well'" in wrong.stderr
    assert "hush-hush" not in wrong.stderr


def test_an_option_that_cannot_be_made_up_must_be_set_and_the_others_are_made_up_beside_it(
    home: Environment,
) -> None:
    said = good(home, "picky", "--dry-run", "--made-up-options", PICKY_CODE="acme-7")
    assert "Made up, since they are not set: PICKY_URL.\n" in said
    assert "Done  acme-7\n" in said
    unset = run(home, "picky", "--dry-run", "--made-up-options")
    assert unset.returncode == 1
    assert unset.stderr.startswith("No values can be made up for PICKY_CODE, PICKY_URL: set ")


def test_a_handler_that_cannot_be_used_says_why_and_where(home: Environment) -> None:
    lost = run(home, "lost", "--dry-run")
    assert lost.returncode == 1
    assert "'lost' of acme-handlers cannot be imported: ModuleNotFoundError" in lost.stderr
    assert "acme_lost.py:3 in <module>: import no_such_module_anywhere\n" in lost.stderr
    unknown = run(home, "teler", "--dry-run")
    assert unknown.returncode == 1
    assert "there are: chat, email, " in unknown.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--fixture", "nonsense"),
        ("--connection", "nonsense"),
        ("--fixture", "connected", "--file", "x.json"),
    ],
)
def test_wrong_usage_exits_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert nectar_router(tmp_path, "handlers", "run", "log", "--dry-run", *words).returncode == 2
