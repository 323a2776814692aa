"""The mail handler run against an inbox."""

from urllib.parse import quote

from pydantic import JsonValue

from handlers.email import Options, email
from receiver.api import Connection, Context, Outcome
from receiver.testing import MemorySteps, make_change, make_connection, make_context
from tests.handlers.inbox import PASSWORD, USER, Inbox

LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
"""As it stands in a URL."""
OWNER = "owner@northwind.example"
BROKEN, WORKS = make_connection("PASSWORD_INCORRECT"), make_connection("CONNECTED")


def context(
    url: str, memory: dict[str, JsonValue] | None = None, steps: MemorySteps | None = None
) -> Context[Options]:
    options = Options.model_validate({"smtp_url": url, "from": "Energy team <energy@acme.example>"})
    return make_context(options, memory=memory, steps=steps)


async def mail_about(
    connection: Connection, inbox: Inbox, memory: dict[str, JsonValue] | None = None
) -> Outcome:
    return await email(make_change(connection), context(f"smtp://127.0.0.1:{inbox.port}", memory))
