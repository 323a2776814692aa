"""What a platform installs is enough: the built-in handlers are there, `web` and `worker` run.

Each way of installing is tried in an empty virtual environment, so these tests need a network for packages.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from tests.valkey import running_valkey

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
PATIENCE = 90  # seconds before a wait is given up: for a busy machine, not a measure


@dataclass(frozen=True)
class Installed:
    """A virtual environment that has what a platform installed."""

    venv: Path
    source: Path
    """What the platform was given to install from."""
    elsewhere: Path
    """An empty folder to run in, from where no source can be imported by accident."""

    def environment(self, **more: str) -> dict[str, str]:
        """No variable of this process but where programs are."""
        path = f"{self.venv / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.elsewhere), "HANDLERS": "log", **more}

    def run(self, *command: str) -> str:
        """What the command printed. Raises if it failed."""
        return subprocess.run(
            command, cwd=self.elsewhere, env=self.environment(), check=True, capture_output=True, text=True
        ).stdout


def copy_project(target: Path) -> Path:
    """A clean clone, with what is changed but not yet committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in listed.stdout.rstrip("\0").split("\0"):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def install_like_heroku(clone: Path, place: Path) -> Path:
    """The buildpack's way, for two pushes: at the second it installs over what it kept from the first."""
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    for pushed in ("first", "second"):
        (clone / f"receiver/{pushed}_push.py").touch()
        subprocess.run(
            [place / "venv/bin/pip", "install", "-qq", "-r", "requirements.txt"], cwd=clone, check=True
        )
    return clone


def install_like_docker(clone: Path, place: Path) -> Path:
    """The Dockerfile's way: only what its first stage copies is there, and its RUN lines are run."""
    source, venv = place / "src", place / "venv"
    source.mkdir()
    environment = {**os.environ, "PATH": f"{venv}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    first_stage = (clone / "deploy/Dockerfile").read_text().split("\nFROM ")[1]
    for line in first_stage.splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "COPY":
            *names, target = rest.split()
            for name in names:
                if (clone / name).is_dir():
                    shutil.copytree(clone / name, source / target)
                else:
                    shutil.copy(clone / name, source / target)
        elif instruction == "RUN":
            command = rest.replace("/venv", str(venv))
            subprocess.run(["sh", "-c", command], cwd=source, env=environment, check=True)
    return source


@pytest.fixture(scope="module", params=[install_like_heroku, install_like_docker], ids=["heroku", "docker"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The project as each platform installs it."""
    place = tmp_path_factory.mktemp("platform")
    install: Callable[[Path, Path], Path] = request.param
    source = install(copy_project(place / "clone"), place)
    (place / "elsewhere").mkdir()
    return Installed(place / "venv", source, place / "elsewhere")


@dataclass(frozen=True)
class Running:
    """A process, and where its output goes."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for(self, what: str, is_so: Callable[[], bool]) -> None:
        """Until it is so. Fails, with the output, if the process ends before or if it takes too long."""
        give_up = time.monotonic() + PATIENCE
        while not is_so():
            assert self.process.poll() is None, f"ended before {what}:\n{self.log.read_text()}"
            assert time.monotonic() < give_up, f"waited in vain until {what}:\n{self.log.read_text()}"
            time.sleep(0.1)

    def stop(self) -> int:
        """End it as platforms do; its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it, and all that it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def running(command: str, cwd: Path, environment: dict[str, str]) -> Iterator[Running]:
    """The command, as a process group of its own, of which nothing is left at the end."""
    log = cwd / "output"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        it = Running(process, log)
        try:
            yield it
        finally:
            with suppress(
                subprocess.TimeoutExpired
            ):  # in good order first: honcho's own have groups of their own
                it.stop()
            it.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether GET /healthz gets a 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis with nothing in it."""
    with running_valkey(tmp_path / "valkey") as url:
        yield url


def test_the_built_in_handlers_are_found(installed: Installed) -> None:
    """Every entry point of pyproject.toml is there and loads, far from the sources."""
    found = installed.run(
        "python",
        "-c",
        "from importlib.metadata import entry_points\n"
        "for each in entry_points(group='nectar_router.handlers'): each.load(); print(each.name)",
    )
    assert set(found.split()) == set(PROJECT["entry-points"]["nectar_router.handlers"])


def test_every_file_of_the_packages_is_installed(installed: Installed) -> None:
    """Templates, Lua scripts and fixtures too, and what came with a second push."""
    site = Path(
        installed.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    files = {
        path.relative_to(installed.source)
        for package in ("receiver", "handlers")
        for path in (installed.source / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files
    assert {file for file in files if not (site / file).is_file()} == set()


def test_nothing_is_installed_that_is_not_pinned(installed: Installed) -> None:
    """Two builds of one commit have the same packages, and those fit together."""
    lines = (installed.source / "requirements.txt").read_text().splitlines()
    pinned = {line.split(";")[0].replace("-", "_") for line in lines if "==" in line}
    frozen = installed.run("pip", "freeze", "--exclude", PROJECT["name"]).lower().replace("-", "_").split()
    assert set(frozen) <= pinned
    installed.run("pip", "check")


def test_web_answers_and_stops(installed: Installed, redis_url: str) -> None:
    """`web`, with as many processes as the platform says, answers GET /healthz and ends at SIGTERM."""
    port = free_port()
    environment = installed.environment(REDIS_URL=redis_url, PORT=str(port), WEB_CONCURRENCY="2")
    with running(PROCFILE["web"], installed.elsewhere, environment) as web:
        web.wait_for("it answers", lambda: answers(port))
        assert web.stop() == 0, web.log.read_text()


def test_worker_works_and_stops(installed: Installed, redis_url: str) -> None:
    """`worker` reports for work in Redis, and ends well at SIGTERM."""
    environment = installed.environment(REDIS_URL=redis_url)
    with (
        Redis.from_url(redis_url) as redis,
        running(PROCFILE["worker"], installed.elsewhere, environment) as worker,
    ):
        worker.wait_for("it reports for work", lambda: redis.dbsize() > 0)
        assert worker.stop() == 0, worker.log.read_text()


def test_the_release_phase_passes_and_ends(installed: Installed) -> None:
    """`release` exits 0 on a sound configuration, and not on an unsound one."""
    command = ["sh", "-c", PROCFILE["release"]]
    sound = installed.environment()
    subprocess.run(command, cwd=installed.elsewhere, env=sound, check=True, timeout=PATIENCE)
    unsound = installed.environment(HANDLERS="no-such-handler")
    assert subprocess.run(command, cwd=installed.elsewhere, env=unsound, timeout=PATIENCE).returncode != 0


def test_honcho_start_runs_all(installed: Installed, redis_url: str, tmp_path: Path) -> None:
    """honcho stops all when one process ends, so `release`, once it has passed, stays beside the others."""
    shutil.copy(ROOT / "Procfile", tmp_path)
    passed = tmp_path / "passed"
    tail = tmp_path / "tail"  # what release waits with: ours tells that it does
    tail.write_text(f'#!/bin/sh\n: >"{passed}"\nexec {shutil.which("tail")} "$@"\n')
    tail.chmod(0o755)
    port = free_port()
    environment = installed.environment(REDIS_URL=redis_url, PORT=str(port))
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    honcho = Path(sysconfig.get_path("scripts")) / "honcho"
    with running(f"'{honcho}' start", tmp_path, environment) as all_of_it:
        all_of_it.wait_for("release has passed", passed.exists)
        all_of_it.wait_for("web answers", lambda: answers(port))
        assert all_of_it.stop() == 128 + signal.SIGTERM


def test_local_repairs_what_was_interrupted_and_then_needs_no_network(tmp_path: Path) -> None:
    """deploy/local, killed while it installs, makes good at its next starts, then installs nothing."""
    clone = copy_project(tmp_path / "a folder with spaces")
    environment = {**os.environ, "PYTHON": sys.executable}
    with running("./deploy/local --help", clone, environment) as first:
        first.wait_for("it installs", (clone / ".venv/venv.unsure").exists)
        first.kill()
    command = [str(clone / "deploy/local"), "--help"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as at_the_same_time:
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert at_the_same_time.returncode == 0
    subprocess.run(command, cwd=tmp_path, env={**environment, "PIP_NO_INDEX": "1"}, check=True)
