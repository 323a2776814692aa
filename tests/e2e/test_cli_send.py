"""`nectar-router send` posts one signed webhook to a live endpoint, and tells what was answered."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from receiver.simulator import catalogue
from tests.e2e.cli import Running, nectar_router, running, until
from tests.e2e.system import free_port

CONNECTION = "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running `dev`, in whose folder `send` is typed."""
    place = tmp_path_factory.mktemp("dev")
    with running(place, "dev", "--scenario", "none", "--port", str(free_port())) as started:
        started.prints("Stop      Ctrl-C")
        yield started


@pytest.fixture
def place(dev: Running) -> Path:
    """The folder of that `dev`."""
    return dev.log.parent


def mails(dev: Running) -> str:
    """The page of the local inbox."""
    return httpx.get(dev.url("Inbox"), trust_env=False).text


def test_a_situation_is_sent_to_the_dev_beside_it_and_ends_in_a_mail(dev: Running, place: Path) -> None:
    """No option is needed; the connection is a new one, and another command mends that very one."""
    sent = nectar_router(place, "send", "password-incorrect")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert re.search(r"^202 Accepted in \d+ ms$", sent.stdout, re.M)
    until("the mail is there", lambda: "Please update the password" in mails(dev))
    [connection] = re.findall(r"^connection +(\S+)$", sent.stdout, re.M)
    nectar_router(place, "send", "connected", "--connection", connection)
    until("so is the second", lambda: "Connected again" in mails(dev))
    dev.prints(f"delivered    {connection[:8]} v2")


def test_the_same_id_twice_is_a_duplicate(place: Path) -> None:
    arguments = ("send", "connected", "--id", "msg_twice", "--type", "connection.updated.v2")
    assert '"accepted"' in nectar_router(place, *arguments).stdout
    assert '"duplicate"' in nectar_router(place, *arguments).stdout


@pytest.mark.parametrize("name", [*catalogue.webhook_names(), "without-status", "no-owner"])
def test_situations_and_payloads_can_be_sent(place: Path, name: str) -> None:
    """All are taken but the one that is there to be refused."""
    sent = nectar_router(place, "send", name)
    assert (sent.returncode == 0) is (name != "does-not-fit"), sent.stdout


def test_a_file_and_standard_input_are_sent_as_they_are(place: Path, tmp_path: Path) -> None:
    body = json.dumps({"id": CONNECTION, "status": "WEBSITE_DOWN"})
    (tmp_path / "body.json").write_text(body)
    for arguments, stdin in ((str(tmp_path / "body.json"), ""), ("-", body)):
        assert "202 Accepted" in nectar_router(place, "send", "--file", arguments, stdin=stdin).stdout
    refused = nectar_router(place, "send", "--file", "-", stdin="no JSON")
    assert refused.returncode == 1
    assert "400 Bad Request" in refused.stdout


def test_the_secret_comes_from_the_environment_where_no_dev_says_otherwise(
    dev: Running, tmp_path: Path
) -> None:
    """Of several, while one is rotated, the first; and a wrong one is refused."""
    arguments = ("send", "connected", "--url", dev.url("Webhooks"))
    wrong = nectar_router(tmp_path, *arguments, NECTAR_WEBHOOK_SECRET=f"{SECRET},{SECRET}")
    assert wrong.returncode == 1
    assert "the signature does not match" in wrong.stdout
    unsigned = nectar_router(tmp_path, *arguments)
    assert "not signed: no secret is set" in unsigned.stdout
    assert "401 Unauthorized" in unsigned.stdout
    right = json.loads((dev.log.parent / ".nectar-router/dev.json").read_text())["webhook_secret"]
    for given in ({"NECTAR_WEBHOOK_SECRET": f"{right},{SECRET}"}, {}):
        options = () if given else ("--secret", right)
        assert nectar_router(tmp_path, *arguments, *options, **given).returncode == 0


def test_an_endpoint_that_is_not_there_is_said(tmp_path: Path) -> None:
    sent = nectar_router(tmp_path, "send", "connected", "--url", "http://127.0.0.1:1/webhooks/nectar")
    assert sent.returncode == 1
    assert sent.stderr.startswith("No answer from http://127.0.0.1:1/webhooks/nectar (ConnectError")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), (), ("connected", "--secret", "no base64"), ("connected", "--file", "-")]
)
def test_wrong_usage_exits_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    sent = nectar_router(tmp_path, "send", *arguments)
    assert sent.returncode == 2
    assert sent.stderr
