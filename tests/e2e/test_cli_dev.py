"""`nectar-router dev`: everything on one machine, told in readable lines, and nothing left behind."""

import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis

from tests.e2e.cli import Running, is_there, kill, nectar_router, running, until
from tests.e2e.system import free_port
from tests.valkey import running_valkey

UP = "Stop      Ctrl-C"
USUAL_PORTS = {8000: "the webhook endpoint", 8010: "the stand-in Nectar", 8025: "the mail server"}


@contextmanager
def idle_dev(place: Path, *arguments: str) -> Iterator[Running]:
    """A `dev` in this folder that is up and has nothing to do."""
    with running(place, "dev", "--scenario", "none", "--port", str(free_port()), *arguments) as started:
        started.prints(UP)
        yield started


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Running]:
    """A `dev` to be ended in some way."""
    with idle_dev(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def other_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A `dev` that is there all the time."""
    with idle_dev(tmp_path_factory.mktemp("other")) as started:
        yield started


def child(dev: Running, part: str) -> int:
    """The process among those of this `dev` whose command has this part."""
    [pid] = (pid for pid, command in dev.children().items() if part in command)
    return pid


def test_once_shows_what_was_received_fetched_and_mailed(other_dev: Running, tmp_path: Path) -> None:
    """`dev --once` exits 0, its last words a table of the story and what there is to say about it.

    It has ports and data of its own, so it runs beside another `dev`, and leaves nothing in the folder.
    """
    done = nectar_router(tmp_path, "dev", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout.partition("Nectar says")[2]
    for status in ("PENDING", "CONNECTED", "PASSWORD_INCORRECT"):
        assert re.search(rf"{status} \(\d+ ms\)", table), table
    assert table.count("validated 202") == 3
    assert "Please update the" in table
    assert "Connected again:" in table
    for finding in (
        "Webhooks        7 of 7 were answered 2xx",
        "Fetches         4 of 4 changes were fetched",
        "Handlers        8 deliveries, all ended well",
        "Left over       0 dead letters, 0 in quarantine",
        "Mails           2 of 2 reached the owner",
        "Reconnect link  the first mail leads to where the owner mends it",
    ):
        assert f"ok       {finding}" in table
    assert list(tmp_path.iterdir()) == []


def test_each_step_of_each_event_is_a_line_that_ends_with_its_latency(tmp_path: Path) -> None:
    """Accepted, fetched, delivered, mailed; no line is wider than a terminal need be."""
    with running(tmp_path, "dev", "--scenario", "mfa", "--port", str(free_port())) as dev:
        dev.prints("Please confirm the sign-in")
        dev.prints("delivered")
        lines = dev.output.partition("was accepted.\n")[2].splitlines()
    for step in ("accepted", "fetched", "delivered", "mailed"):
        assert any(re.match(rf"[\d:.]{{12}}  {step} .* \d+ ms$", line) for line in lines), lines
    assert max(map(len, lines)) <= 140


def test_once_works_with_a_redis_of_one_s_own(tmp_path: Path) -> None:
    """REDIS_URL is used when it is set; its password is not shown, and old data there does not disturb.

    RECONNECT_LINK, too, comes from the user's own environment.
    """
    with running_valkey(tmp_path / "valkey") as url, Redis.from_url(url) as redis:
        redis.acl_setuser("me", True, passwords=["+hush-hush"], categories=["+@all"], keys=["*"])
        redis_url = url.replace("redis://", "redis://me:hush-hush@")
        for kind in ("invitation", "none"):
            done = nectar_router(tmp_path, "dev", "--once", REDIS_URL=redis_url, RECONNECT_LINK=kind)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "hush-hush" not in done.stdout
            assert ("Reconnect link" in done.stdout) is (kind == "invitation")


def test_what_keeps_it_from_starting_is_said(tmp_path: Path) -> None:
    """A variable that the worker refuses is named, and all that had started is stopped."""
    done = nectar_router(tmp_path, "dev", "--once", "--handlers", "log,pager")
    assert done.returncode == 1
    assert "no installed package provides 'pager'" in done.stdout
    assert "worker ended by itself (exit code 1)" in done.stderr


def test_a_redis_url_that_leads_nowhere_or_is_none_is_said(tmp_path: Path) -> None:
    """Exit code 1 and a sentence, no traceback."""
    nowhere = nectar_router(tmp_path, "dev", "--once", REDIS_URL="redis://127.0.0.1:1/0")
    assert nowhere.returncode == 1
    assert nowhere.stderr == "REDIS_URL is set, but no Redis answers there (ConnectionError).\n"
    none = nectar_router(tmp_path, "dev", "--once", REDIS_URL="http://127.0.0.1:1")
    assert none.returncode == 1
    assert none.stderr == "REDIS_URL: must begin with redis://, rediss:// or unix://\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_of_it_within_five_seconds(dev: Running, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM leave no process behind, and exit 0."""
    children = dev.children()
    assert len(children) == 4, children  # Redis, web, worker, and the guard
    dev.process.send_signal(number)
    assert dev.process.wait(timeout=5) == 0
    assert [command for pid, command in children.items() if is_there(pid)] == []


def test_a_signal_while_it_starts_stops_it_too(tmp_path: Path) -> None:
    """However far it has come, nothing is left."""
    with running(tmp_path, "dev") as dev:
        until("it has started something", dev.children)
        children = dev.children()
        dev.process.send_signal(signal.SIGINT)
        dev.process.wait(timeout=5)
        until("nothing is left", lambda: not any(map(is_there, children)))
        assert not (tmp_path / ".nectar-router/dev.json").exists()


def test_when_it_is_killed_its_programs_end_too(dev: Running) -> None:
    """Even kill -9 leaves no process behind."""
    children = dev.children()
    kill(dev.process.pid)
    dev.process.wait()
    until("nothing is left", lambda: not any(map(is_there, children)))


@pytest.mark.parametrize(("name", "part"), [("worker", "receiver.worker"), ("web", "receiver.web")])
def test_when_one_program_ends_by_itself_all_is_stopped_and_it_is_said(
    dev: Running, name: str, part: str
) -> None:
    """Exit code 1: half of it would be no use to anybody."""
    children = dev.children()
    kill(child(dev, part))
    assert dev.process.wait(timeout=30) == 1
    assert f"{name} ended by itself (killed by SIGKILL)" in dev.output
    assert "Traceback" not in dev.output
    assert not any(map(is_there, children))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_promise_2_a_restart_of_redis_goes_unnoticed_but_for_latency(
    dev: Running, tmp_path: Path, number: signal.Signals
) -> None:
    """What was accepted before is known after, and what comes next runs its whole way."""
    first = nectar_router(tmp_path, "send", "password-incorrect", "--id", "msg_before")
    assert "202" in first.stdout, first.stdout + first.stderr
    dev.prints("mailed")
    redis = child(dev, "valkey")
    os.kill(redis, number)
    dev.prints("Redis ended by itself")
    until("Redis is back", lambda: any("valkey" in args for args in dev.children().values()))
    until("it takes messages", lambda: "200" in resend(tmp_path, "msg_before"))
    sent = nectar_router(tmp_path, "send", "connected", "--id", "msg_after")
    assert "202" in sent.stdout, sent.stdout + sent.stderr
    until("it is delivered", lambda: dev.output.count("mailed") == 2 or dev.output.count("CONNECTED") >= 2)
    assert dev.process.poll() is None
    assert "Traceback" not in dev.output


def resend(place: Path, message: str) -> str:
    """What a message that was accepted before is answered."""
    return nectar_router(place, "send", "password-incorrect", "--id", message).stdout


def test_ports_that_are_taken_are_reported_and_others_chosen(tmp_path: Path) -> None:
    """So it runs beside whatever there is, and `send` finds it there."""
    with ExitStack() as stack:
        for port in USUAL_PORTS:
            with suppress(OSError):  # somebody else has it, which is as good
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        dev = stack.enter_context(running(tmp_path, "dev", "--scenario", "none"))
        dev.prints(UP)
        for port, what in USUAL_PORTS.items():
            assert f"Port {port} is taken, so {what} has another." in dev.output
        assert nectar_router(tmp_path, "send", "connected").returncode == 0


def test_a_port_that_was_asked_for_is_not_replaced(other_dev: Running, tmp_path: Path) -> None:
    """Who names a port has others rely on it."""
    port = other_dev.url("Webhooks").split(":")[2].split("/")[0]
    done = nectar_router(tmp_path, "dev", "--port", port)
    assert done.returncode == 1
    assert done.stderr == f"Port {port}, asked for as the webhook endpoint's, is taken.\n"


def test_a_folder_is_for_one_dev_at_a_time(other_dev: Running) -> None:
    """Two Redis servers over the same files would lose data."""
    done = nectar_router(other_dev.log.parent, "dev")
    assert done.returncode == 1
    assert "Another `nectar-router dev` uses .nectar-router." in done.stderr


def test_data_outlives_a_restart_in_a_folder_that_is_named(tmp_path: Path) -> None:
    """Also where its name has blanks; git does not see the folder."""
    place = "some where"
    with idle_dev(tmp_path, "--data", place) as dev:
        assert f"data in {tmp_path / place}" in dev.output
        sent = nectar_router(tmp_path, "send", "connected", "--id", "msg_once", "--data", place)
        assert "202" in sent.stdout
    with idle_dev(tmp_path, "--data", place) as dev:
        again = nectar_router(tmp_path, "send", "connected", "--id", "msg_once", "--data", place)
    assert '"duplicate"' in again.stdout
    assert (tmp_path / place / ".gitignore").read_text() == "*\n"


def test_the_secret_of_a_dev_is_for_its_owner_only(dev: Running, tmp_path: Path) -> None:
    """The file that `send` reads can be read by nobody else, and is gone when `dev` is."""
    file = tmp_path / ".nectar-router/dev.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    dev.process.terminate()
    dev.process.wait(timeout=30)
    assert not file.exists()


@pytest.mark.parametrize(
    "arguments", [("--scenario", "nonsense"), ("--once", "--scenario", "mfa"), ("--no-such-option",)]
)
def test_wrong_usage_exits_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """And starts nothing."""
    done = nectar_router(tmp_path, "dev", *arguments)
    assert done.returncode == 2
    assert not (tmp_path / ".nectar-router").exists()
