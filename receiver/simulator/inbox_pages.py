"""The inbox in a browser: what mails there are, and what is in each."""

from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from receiver.simulator.inbox import Inbox

HEADERS = {
    # A mail's HTML is a stranger's: no script, nothing fetched, nothing sent. The frame that shows it
    # inherits this policy, and mails style themselves inline, hence 'unsafe-inline' for styles.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}

_templates = Jinja2Templates(directory=Path(__file__).with_name("templates"))


class InboxPages:
    """The pages of one inbox. Mails are numbered from 1 in the order of their arrival."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def list(self, request: Request) -> Response:
        """All mails, newest first."""
        newest_first = [*enumerate(self._inbox.mails, start=1)][::-1]
        return _page(
            request, "inbox.html", mails=newest_first, where=f"{self._inbox.host}:{self._inbox.port}"
        )

    async def mail(self, request: Request) -> Response:
        """One mail: its text, its links, and its HTML in a sandbox."""
        number: int = request.path_params["number"]
        if not 1 <= number <= len(self._inbox.mails):
            raise HTTPException(404, f"There is no mail {number}.")
        return _page(request, "mail.html", mail=self._inbox.mails[number - 1], number=number)


def _page(request: Request, template: str, **context: Any) -> Response:
    return _templates.TemplateResponse(request, template, context, headers=HEADERS)


def inbox_routes(inbox: Inbox) -> list[Route]:
    """`/inbox` and `/inbox/{n}`."""
    pages = InboxPages(inbox)
    return [Route("/inbox", pages.list), Route("/inbox/{number:int}", pages.mail)]
