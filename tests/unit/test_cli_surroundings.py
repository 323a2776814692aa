"""`dev` runs what is deployed, with variables that lead nowhere outside this machine."""

import shlex
import sys
from pathlib import Path

from receiver.cli.dev.surroundings import Surroundings, web_command, webhook_secret, worker_command
from receiver.signature import decode_secret

PROCFILE = dict(
    line.split(": ", 1) for line in (Path(__file__).parents[2] / "Procfile").read_text().splitlines()
)
AROUND = Surroundings(
    redis_url="redis://127.0.0.1:1/0",
    nectar_url="http://127.0.0.1:2/v2",
    api_key="made-up",
    secret="whsec_AAAA",
    port=3,
    inbox_port=4,
    handlers="email, log",
)


def test_the_programs_are_the_procfile_s() -> None:
    """But for the interpreter, and the address: `dev` is for this machine only."""
    python = Path(sys.executable).name.rstrip("0123456789.")
    assert [python, *web_command()[1:]] == [*shlex.split(PROCFILE["web"]), "--host", "127.0.0.1"]
    assert [python, *worker_command()[1:]] == shlex.split(PROCFILE["worker"])
    assert web_command()[0] == worker_command()[0] == sys.executable


def test_the_user_s_own_variables_reach_the_handlers() -> None:
    user = {"MY_CRM_URL": "https://crm.example.com", "RECONNECT_LINK": "none"}
    assert user.items() <= AROUND.environment(user).items()


def test_what_would_lead_outside_is_overruled() -> None:
    """Also where the user's environment is that of a real deployment."""
    names = ("NECTAR_API_KEY", "NECTAR_WEBHOOK_SECRET", "NECTAR_BASE_URL", "EMAIL_SMTP_URL", "REDIS_URL")
    environment = AROUND.environment(dict.fromkeys(names, "real"))
    assert "real" not in environment.values()
    assert environment["EMAIL_SMTP_URL"] == "smtp://127.0.0.1:4"


def test_no_proxy_stands_between_the_programs() -> None:
    for name in ("no_proxy", "NO_PROXY"):
        environment = AROUND.environment(
            {name: "intra.example.com", "HTTP_PROXY": "http://proxy.example.com"}
        )
        assert environment["no_proxy"] == "127.0.0.1,intra.example.com"
    assert AROUND.environment({})["no_proxy"] == "127.0.0.1"


def test_each_dev_has_a_secret_of_its_own() -> None:
    secrets = {webhook_secret() for _ in range(10)}
    assert len(secrets) == 10
    assert all(len(decode_secret(secret)) == 24 for secret in secrets)


def test_handlers_are_told_by_commas() -> None:
    assert AROUND.handler_names == ["email", "log"]
