"""The commands over the journal as an operator types them: exit codes, what goes where, the progress bar."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.e2e.cli import PATIENCE, PROGRAM, environment, nectar_router
from tests.valkey import running_valkey

CONNECTION = "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A journal with one event, and one message in the quarantine that still does not fit."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as url, Redis.from_url(url) as client:
        fields = {"message": "msg_1", "type": "x", "connection": CONNECTION, "payload": "{}", "flags": ""}
        client.xadd("nectar:events", fields, id="1795132800000-0")
        client.hset(f"nectar:connection:{CONNECTION}", "wanted", "1795132800000-0")
        client.zadd("nectar:quarantine", {"msg_2": 1000})
        client.hset("nectar:quarantined:msg_2", mapping={"payload": "{}", "errors": "[]", "times": 1})
        yield url


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["events"], 0),
        (["show", "msg_1"], 0),
        (["show", "msg_nobody"], 1),
        (["replay", "msg_2"], 1),
        (["replay"], 2),
        (["events", "--since", "soon"], 2),
    ],
)
def test_exit_codes_are_0_good_1_failed_2_wrong_usage(
    tmp_path: Path, redis_url: str, words: list[str], code: int
) -> None:
    assert nectar_router(tmp_path, *words, REDIS_URL=redis_url).returncode == code


def test_why_it_failed_is_said_beside_the_results(tmp_path: Path, redis_url: str) -> None:
    done = nectar_router(tmp_path, "show", "msg_nobody", "--json", REDIS_URL=redis_url)
    assert done.stdout == ""
    assert done.stderr.startswith("Nothing is known of msg_nobody.")


def test_a_redis_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    done = nectar_router(tmp_path, "dead", REDIS_URL="redis://:hush-hush-hush@127.0.0.1:1/0")
    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr
    assert "hush" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_variable_in_trouble_is_named(tmp_path: Path) -> None:
    done = nectar_router(tmp_path, "events", REDIS_URL="http://nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("REDIS_URL: must begin with redis://")


def test_there_is_no_bar_where_there_is_no_terminal(tmp_path: Path, redis_url: str) -> None:
    done = nectar_router(tmp_path, "replay", "msg_1", "--json", REDIS_URL=redis_url)
    assert done.stderr == ""
    assert json.loads(done.stdout)["connections"] == [{"id": CONNECTION, "handlers": []}]


def test_on_a_terminal_a_bar_shows_how_far_it_is(tmp_path: Path, redis_url: str) -> None:
    """On standard error: the result may go into a file meanwhile."""
    mine, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [PROGRAM, "replay", "msg_1", "--json"],
            env=environment(tmp_path, {"REDIS_URL": redis_url, "TERM": "xterm"}),
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=PATIENCE,
        )
        shown = os.read(mine, 65536).decode()
    finally:
        os.close(theirs)
        os.close(mine)
    assert "Replaying" in shown
    assert "1/1" in shown
    assert json.loads(done.stdout)["dry_run"] is False
