"""A real Redmine for tests, from Debian's packages (tests/servers/redmine.sh installs them).

It lives in a folder of its own: a copy of the program, a SQLite database made anew, WEBrick on 127.0.0.1.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.servers.starting import free_port, until_answered

PROGRAM = Path("/usr/share/redmine")
BUNDLER = Path("/usr/share/rubygems-integration/all/gems")
SEED = Path(__file__).with_name("redmine_seed.rb")
PATIENCE = 180


@dataclass(frozen=True)
class RedmineServer:
    """A Redmine that runs."""

    url: str
    keys: Mapping[str, str]
    """By user: router, reader (may only look), stuck (has no workflow), admin."""
    key_field: int
    """The custom field `Nectar key`."""

    def api(self, user: str = "admin") -> httpx.Client:
        """Its own API, to look at what came of it and to do what people do."""
        headers = {"X-Redmine-API-Key": self.keys[user]}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)


class Installation:
    """A copy of Redmine, which can be started and stopped. Its port stays the same."""

    def __init__(self, folder: Path) -> None:
        self._app = folder / "app"
        self._output = folder / "output"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RAILS_ENV": "production",
            "RUBYLIB": str(next(BUNDLER.glob("bundler-*")) / "lib"),
            "SEEDED": str(folder / "seeded.json"),
        }
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> RedmineServer:
        """Copy the program, make its database and what the tests need in it."""
        shutil.copytree(
            PROGRAM, self._app, ignore=shutil.ignore_patterns("instances", "Gemfile.lock", "database.yml")
        )
        instance = self._app / "instances" / "default"
        for name in ("config", "tmp", "log", "files"):
            (instance / name).mkdir(parents=True)
        database = {"adapter": "sqlite3", "database": str(self._app / "redmine.sqlite3"), "timeout": 30_000}
        (instance / "config" / "database.yml").write_text(json.dumps({"production": database}))
        (instance / "config" / "secret_key.txt").write_text(secrets.token_hex(20))
        gemfile = self._app / "Gemfile"
        gemfile.write_text(gemfile.read_text().replace(str(PROGRAM), str(self._app)))
        (self._app / "Gemfile.local").write_text('gem "webrick"\n')
        initializer = self._app / "config" / "initializers" / "zz_tests.rb"
        initializer.write_text('ActiveRecord::Base.connection.execute("PRAGMA synchronous = OFF")\n')
        self._run("bundle", "install", "--local", "--quiet")
        self._run("bundle", "exec", "rails", "runner", str(SEED))
        seeded: dict[str, Any] = json.loads(Path(self._environment["SEEDED"]).read_text())
        return RedmineServer(f"http://127.0.0.1:{self._port}", seeded, seeded["key_field"])

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            "bundle",
            "exec",
            "rackup",
            "-s",
            "webrick",
            "-o",
            "127.0.0.1",
            "-p",
            str(self._port),
            "-q",
        ]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                ["nice", "-n", "19", *command],
                cwd=self._app,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until_answered(f"http://127.0.0.1:{self._port}/login", self._process, self._output, PATIENCE)

    def stop(self) -> None:
        """End it and what it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _run(self, *command: str) -> None:
        with self._output.open("ab") as output:
            done = subprocess.run(
                ["nice", "-n", "19", *command],
                cwd=self._app,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        assert done.returncode == 0, self._output.read_text()[-3000:]


@contextmanager
def running_redmine(folder: Path) -> Iterator[tuple[RedmineServer, Installation]]:
    """A Redmine that runs while the block does."""
    installation = Installation(folder)
    server = installation.make()
    installation.start()
    try:
        yield server, installation
    finally:
        installation.stop()
