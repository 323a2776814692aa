"""What web and worker are run with: the Procfile's programs, and variables that lead nowhere outside."""

import base64
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from receiver.cli.dev.ports import HOST
from receiver.settings import journal_name

WEB = "python -m receiver.web"
WORKER = "python -m receiver.worker"
WEBHOOK_PATH = "/webhooks/nectar"
SENDER = "Nectar Router <router@example.com>"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was typed; None: not."""

    once: bool
    handlers: str
    scenario: str
    data: Path | None
    port: int | None
    simulator_port: int | None
    inbox_port: int | None


def webhook_secret() -> str:
    """A new secret of a webhook endpoint."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def web_command() -> list[str]:
    """The Procfile's `web`, by this interpreter, for this machine only."""
    _, *arguments = shlex.split(WEB)
    return [sys.executable, *arguments, "--host", HOST]


def worker_command() -> list[str]:
    """The Procfile's `worker`, by this interpreter."""
    _, *arguments = shlex.split(WORKER)
    return [sys.executable, *arguments]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the other sides of the router are."""

    redis_url: str
    nectar_url: str
    api_key: str
    secret: str
    port: int
    inbox_port: int
    handlers: str

    @property
    def health_url(self) -> str:
        """Where web tells how it is."""
        return f"http://{HOST}:{self.port}/readyz"

    @property
    def handler_names(self) -> list[str]:
        """The handlers that are to run, as the journal calls them."""
        return [journal_name(name.strip()) for name in self.handlers.split(",") if name.strip()]

    def environment(self, user: Mapping[str, str]) -> dict[str, str]:
        """The variables: the user's own, so that other handlers find their options, with ours above them."""
        ours = {
            "NECTAR_WEBHOOK_SECRET": self.secret,
            "NECTAR_API_KEY": self.api_key,
            "NECTAR_BASE_URL": self.nectar_url,
            "REDIS_URL": self.redis_url,
            "HANDLERS": self.handlers,
            "EMAIL_SMTP_URL": f"smtp://{HOST}:{self.inbox_port}",
            "EMAIL_FROM": SENDER,
            "PORT": str(self.port),
            "LOG_FORMAT": "text",
            "LOG_LEVEL": "debug",
            "SHUTDOWN_SECONDS": "2",
            # The stand-ins are on this machine, where no proxy leads.
            "no_proxy": ",".join(filter(None, [HOST, user.get("no_proxy") or user.get("NO_PROXY")])),
        }
        return {**user, **ours}
