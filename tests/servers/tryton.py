"""A real Tryton, an ERP with parties: started from its Python packages, on SQLite, spoken to over JSON-RPC.

https://docs.tryton.org/projects/server/en/latest/topics/start_server.html
https://docs.tryton.org/projects/server/en/latest/topics/rpc.html
"""

import base64
import json
import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ADMIN, PASSWORD = "admin", "made-up-admin-password"
SCRIPTS = Path(sysconfig.get_path("scripts"))
LONGEST_START = 60.0


class TrytonError(Exception):
    """Tryton did not do what it was asked for. `kind`: the class of its error."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


@dataclass(frozen=True)
class Tryton:
    """Where it is and who we are there."""

    url: str
    session: str

    async def call(self, http: httpx.AsyncClient, method: str, *arguments: Any) -> Any:
        """Call a method of a model, such as `model.party.party.create`."""
        response = await http.post(
            self.url,
            content=json.dumps({"id": 1, "method": method, "params": [*arguments, {}]}),
            headers={"Authorization": f"Session {self.session}", "Content-Type": "application/json"},
        )
        response.raise_for_status()
        return _result(response)


@contextmanager
def running(folder: Path) -> Iterator[Tryton]:
    """A Tryton with the module for parties, in this folder, on a free port of this machine."""
    port = _free_port()
    config = _configure(folder, port)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SCRIPTS / "trytond", "-c", config, "-d", "crm"], stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/crm/rpc/"
            yield Tryton(url, _sign_in(url, server))
        finally:
            server.terminate()
            server.wait(10)


def _configure(folder: Path, port: int) -> Path:
    """Make the database. It takes most of the time: some eight seconds."""
    config, password = folder / "trytond.conf", folder / "password"
    password.write_text(f"{PASSWORD}\n")
    config.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    (folder / "crm.sqlite").touch()
    made = subprocess.run(
        [SCRIPTS / "trytond-admin", "-c", config, "-d", "crm", "-u", "party", "--activate-dependencies"],
        input=b"\n",  # the administrator has no address
        env={**os.environ, "TRYTONPASSFILE": str(password)},
        capture_output=True,
        timeout=LONGEST_START,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    return config


def _sign_in(url: str, server: subprocess.Popen[bytes]) -> str:
    """Sign in as soon as the server answers."""
    give_up = time.monotonic() + LONGEST_START
    body = {"id": 1, "method": "common.db.login", "params": [ADMIN, {"password": PASSWORD}, "en"]}
    while True:
        assert server.poll() is None, "Tryton ended by itself"
        try:
            user, session, *_ = _result(httpx.post(url, json=body, trust_env=False, timeout=10))
        except httpx.TransportError:
            assert time.monotonic() < give_up, "Tryton does not answer"
            time.sleep(0.1)
        else:
            return base64.b64encode(f"{ADMIN}:{user}:{session}".encode()).decode()


def _result(response: httpx.Response) -> Any:
    answer = response.json()
    if "error" in answer:
        kind, details = answer["error"]
        raise TrytonError(kind, str(details))
    return answer["result"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
