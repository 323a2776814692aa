"""`nectar-router simulate`: the stand-in Nectar alone; and what holds for every command."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.cli import nectar_router, running, until
from tests.e2e.system import free_port


def test_it_answers_as_nectar_and_posts_to_its_target_until_ctrl_c(tmp_path: Path) -> None:
    """With `--compress` the retries, which take 28 hours otherwise, are over at once."""
    port, nobody = free_port(), f"http://127.0.0.1:{free_port()}/webhooks/nectar"
    arguments = ("--port", str(port), "--target", nobody, "--compress", "0.000001", "--scenario", "mfa")
    with running(tmp_path, "simulate", *arguments) as simulator:
        simulator.prints("Ctrl-C stops it.")
        assert f"NECTAR_BASE_URL=http://127.0.0.1:{port}/v2\n" in simulator.output
        key = {"x-api-key": "example-api-key"}
        assert httpx.get(f"http://127.0.0.1:{port}/v2/ping", headers=key, trust_env=False).status_code == 200
        until("the first webhook was tried", lambda: "connection.created.v2" in simulator.output)
        assert "ConnectError" in simulator.output
        simulator.process.send_signal(signal.SIGINT)
        assert simulator.process.wait(timeout=30) == 130


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    port = str(free_port())
    with running(tmp_path, "simulate", "--port", port) as simulator:
        simulator.prints("nobody: there is no --target")
        second = nectar_router(tmp_path, "simulate", "--port", port)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Port {port} cannot be used")


@pytest.mark.parametrize(
    "arguments",
    [("--scenario", "nonsense"), ("--secret", "no base64"), ("--port", "many"), ("--compress", "-1")],
)
def test_wrong_usage_exits_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert nectar_router(tmp_path, "simulate", *arguments).returncode == 2


@pytest.mark.parametrize("command", ["dev", "check", "send", "simulate", "handlers"])
def test_every_command_says_what_it_is_for(tmp_path: Path, command: str) -> None:
    shown = nectar_router(tmp_path, command, "--help")
    assert shown.returncode == 0
    assert f"nectar-router {command}" in shown.stdout
    assert command in nectar_router(tmp_path, "--help").stdout


def test_help_imports_nothing_heavy() -> None:
    """What the commands do is imported when they run, so that `--help` is there at once."""
    heavy = "{'httpx', 'redis', 'arq', 'uvicorn', 'starlette', 'pydantic_settings', 'jinja2'}"
    code = f"import sys, receiver.cli; print(*({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"
