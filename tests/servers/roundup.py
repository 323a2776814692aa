"""A real Roundup for tests: started as a program of its own, in a folder of its own, on 127.0.0.1."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from handlers.ticketing import follow
from receiver.api import Change, Context, Outcome
from tests.servers.places import Seen
from tests.servers.roundup_tracker import CLOSED, OPEN, Roundup, RoundupOptions
from tests.servers.starting import free_port, until_answered

PATIENCE = 60


class RoundupPlace:
    """A Roundup that runs."""

    def __init__(self, url: str, password: str) -> None:
        self.options = RoundupOptions.model_validate({"url": url, "password": password})
        headers = {"X-Requested-With": "rest", "Origin": url, "Referer": f"{url}/"}
        self._client = httpx.Client(
            base_url=f"{url}/rest/data/",
            auth=("admin", password),
            headers=headers,
            timeout=60,
            trust_env=False,
        )

    async def handle(self, change: Change, ctx: Context[Any]) -> Outcome:
        return await follow(change, ctx, Roundup(ctx.options, ctx.http))

    def seen(self, key: str) -> list[Seen]:
        found = self._get("issue", **{"nectar_key:": key, "@sort": "id"})["collection"]
        return [self._seen(issue["id"]) for issue in found]

    def set_open(self, ticket: str, is_open: bool) -> None:
        self._change("PUT", ticket, {"status": OPEN if is_open else CLOSED})

    def delete(self, ticket: str) -> None:
        self._change("DELETE", ticket, {})

    def _seen(self, ticket: str) -> Seen:
        attributes = self._get(f"issue/{ticket}")["attributes"]
        messages = sorted(int(message["id"]) for message in attributes["messages"])
        texts = [self._get(f"msg/{message}/content")["data"] for message in messages]
        return Seen(ticket, attributes["status"]["id"] != CLOSED, tuple(texts))

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        data: dict[str, Any] = self._client.get(path, params=params).raise_for_status().json()["data"]
        return data

    def _change(self, method: str, ticket: str, content: dict[str, str]) -> None:
        etag = self._get(f"issue/{ticket}")["@etag"]
        headers = {"If-Match": etag}
        self._client.request(method, f"issue/{ticket}", json=content, headers=headers).raise_for_status()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


@contextmanager
def running_roundup(folder: Path, calls: int = 0) -> Iterator[RoundupPlace]:
    """A Roundup that runs while the block does. `calls`: requests an hour that it takes; 0: any number."""
    port, password = free_port(), secrets.token_urlsafe(12)
    url = f"http://127.0.0.1:{port}"
    arguments = [str(folder / "home"), str(port), password, str(calls)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            ["nice", "-n", "19", sys.executable, "-m", "tests.servers.roundup_program", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[2],
        )
    place = RoundupPlace(url, password)
    try:
        until_answered(url, process, folder / "output", PATIENCE)
        yield place
    finally:
        place.close()
        process.kill()
        process.wait()
