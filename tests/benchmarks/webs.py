"""The web processes that are compared: the router's, and what it is measured against."""

import base64
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.messages import KEY
from tests.benchmarks.ports import free_port
from tests.benchmarks.processes import PATIENCE, PROCFILE, Program, program
from tests.benchmarks.redis_server import Client

SECRET = "whsec_" + base64.b64encode(KEY).decode()
APPS = Path(__file__).parent / "apps"
UVICORN = "python -m uvicorn --loop uvloop --http httptools --no-access-log --log-level warning"
LIMITLESS = {"MAX_BACKLOG": "1000000000", "MAX_EVENTS": "1000000000"}


@dataclass(frozen=True)
class Web:
    """A program that takes webhooks at PORT, and how many messages lie in Redis by its doing."""

    name: str
    command: str
    kept: Callable[[Client], int] | None = None
    """None: it keeps nothing."""
    needs: str = ""
    """The program without which it is skipped."""

    @property
    def missing(self) -> str:
        """Why it cannot be measured here; empty when it can."""
        return "" if not self.needs or shutil.which(self.needs) else f"{self.needs} is not installed"


ROUTER = Web("the router", PROCFILE["web"], lambda client: int(client.xlen("nectar:events")))
WITHOUT_STORAGE = Web("the same without storage", "python -m tests.benchmarks.apps.without_storage")
BARE = Web("a bare Starlette route", f"{UVICORN} tests.benchmarks.apps.bare:app --port {{port}}")
ARQ = Web(
    "arq enqueue_job in each request",
    f"{UVICORN} --factory tests.benchmarks.apps.arq_enqueue:create_app --port {{port}}",
    lambda client: int(client.zcard("arq:queue")),
)
WEBHOOK = Web(
    "Debian's webhook, which runs nothing",
    f"webhook -ip 127.0.0.1 -port {{port}} -urlprefix webhooks -hooks {APPS / 'webhook.json'}",
    needs="webhook",
)
"""A program that runs a command for each message, were its rule met; here it reads them and answers."""


@dataclass(frozen=True)
class Running:
    """A web process that answers."""

    web: Web
    program: Program
    port: int

    def kept(self, client: Client) -> int:
        """Messages that lie in Redis; of a process that keeps none, whether there are any all the same."""
        if self.web.kept is not None:
            return self.web.kept(client)
        return int(client.exists("nectar:events", "arq:queue"))


@contextmanager
def running_web(web: Web, redis_url: str, **more: str) -> Iterator[Running]:
    """The process while the block runs."""
    port = free_port()
    with program(web.command.format(port=port), environment(redis_url, PORT=str(port), **more)) as started:
        wait_for_answer(f"http://127.0.0.1:{port}/", started)
        yield Running(web, started, port)


def environment(redis_url: str, **more: str) -> Mapping[str, str]:
    """The variables of a router over this Redis that refuses nothing."""
    return {
        "REDIS_URL": redis_url,
        "NECTAR_WEBHOOK_SECRET": SECRET,
        "NECTAR_API_KEY": "example",
        **LIMITLESS,
        **more,
    }


def wait_for_answer(url: str, started: Program, *, good: bool = False) -> None:
    """Wait until it answers, with `good` a 2xx. Raises RuntimeError with what it said when it ends before."""
    give_up = time.monotonic() + PATIENCE
    while started.process.poll() is None and time.monotonic() < give_up:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own process
            return
        except urllib.error.HTTPError:
            if not good:
                return
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError(f"no answer from {url}:\n{started.said()[-2000:]}")
