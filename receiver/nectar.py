"""Nectar's API over httpx's messages, with one tree of errors.

Requests go straight to the transport: a client of httpx's would look for cookies and merge URLs besides, for
a third more CPU at each fetch.
"""

import asyncio
import itertools
import time
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from receiver.describing import describe
from receiver.policy import retry_after
from receiver.schema import Connection
from receiver.transport import make_transport

TIMEOUTS = httpx.Timeout(10, connect=5).as_dict()
WHOLE_ANSWER = 20.0
"""Seconds within which an answer must be complete, however it trickles."""
INVITATION = timedelta(days=7)
INVITATION_USES = 5
PAGE = 500
"""Connections in a page, as many as Nectar gives."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class NectarError(Exception):
    """Nectar did not give what was asked for. The text holds no key and no personal data."""


class NotFound(NectarError):  # noqa: N818 - the tree's names are the words of the journal
    """There is no such connection (yet: a webhook can outrun the API)."""


class RefusedKey(NectarError):  # noqa: N818 - see NotFound
    """401 or 403: the key is not, or no longer, good for this."""


class Throttled(NectarError):  # noqa: N818 - see NotFound
    """429. `after`: seconds to wait, as far as Nectar said so."""

    def __init__(self, after: float | None) -> None:
        super().__init__("Nectar answered 429")
        self.after = after


class Unavailable(NectarError):  # noqa: N818 - see NotFound
    """Nectar is down, cannot be reached, or does not answer in time."""


class NotUnderstood(NectarError):  # noqa: N818 - see NotFound
    """Nectar answered what does not fit the schema, or another code than it documents."""


class Invitation(BaseModel):
    """A reconnect invitation: https://dash.nectarclimate.com/p/i/{token}."""

    id: str
    invitationUrl: str  # noqa: N815 - as on the wire


class CompanyPage(BaseModel):
    """A page of a company's connections."""

    hasNext: bool  # noqa: N815 - as on the wire
    connections: list[Connection]


class Nectar:
    """A client of Nectar's API; at most `max_requests` at a time."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        max_requests: int = 10,
        whole_answer: float = WHOLE_ANSWER,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = httpx.URL(base_url.rstrip("/"))
        self._headers = {
            "X-API-KEY": api_key,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": "nectar-router",
        }
        self._transport = transport or make_transport()
        self._slots = asyncio.Semaphore(max_requests)
        self._whole_answer = whole_answer

    async def __aenter__(self) -> Self:
        """Open for use in `async with`."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def ping(self) -> None:
        """Return when Nectar is there and the key is good; raise NectarError otherwise."""
        await self._request("GET", "/ping")

    async def details(self, connection: str) -> Connection:
        """The connection as it stands now. Raises NectarError."""
        body = await self._request("GET", f"/connection/{connection}/details")
        found = _understand(Connection, body)
        if str(found.id) != connection:
            raise NotUnderstood("Nectar answered another connection than it was asked for")
        return found

    async def company(self, company: str) -> list[Connection]:
        """All connections of a company as they stand now; none when Nectar knows no such company.

        Raises NectarError.
        """
        found: list[Connection] = []
        for page in itertools.count(1):
            try:
                body = await self._request("GET", f"/connection/company/{company}?page={page}&limit={PAGE}")
            except NotFound:
                break
            listed = _understand(CompanyPage, body)
            found += listed.connections
            # A page beyond the last answers the last one, so the pages themselves never end.
            if not listed.hasNext:
                break
        return found

    async def invite(self, connection: str, email: str) -> str:
        """Make an invitation to reconnect that only `email` can use; its URL. Raises NectarError."""
        body = await self._request(
            "POST",
            f"/invitation/connection/{connection}",
            {
                "allowedEmails": [email],
                "expiresInSeconds": int(INVITATION.total_seconds()),
                "maxUses": INVITATION_USES,
                "sendEmail": False,
            },
        )
        return _understand(Invitation, body).invitationUrl

    async def _request(self, method: str, path: str, json: dict[str, object] | None = None) -> bytes:
        async with self._slots:
            try:
                async with asyncio.timeout(self._whole_answer):
                    response = await self._send(method, path, json)
            except (httpx.TransportError, TimeoutError) as error:
                raise Unavailable(f"no answer from Nectar ({describe(error)})") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NotUnderstood(f"no use to be made of Nectar's answer ({describe(error)})") from error
        return _body(response)

    async def _send(self, method: str, path: str, json: dict[str, object] | None) -> httpx.Response:
        # The path goes beside the URL, since httpx takes long to read one. https://www.python-httpx.org/advanced/extensions/
        target = self._url.raw_path.rstrip(b"/") + quote(path, safe="/?&=").encode()
        extensions = {"timeout": TIMEOUTS, "target": target}
        request = httpx.Request(method, self._url, headers=self._headers, json=json, extensions=extensions)
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response


def _body(response: httpx.Response) -> bytes:
    code = response.status_code
    if response.is_success:
        return response.content
    if code == 404:
        raise NotFound("Nectar answered 404: no such connection")
    if code in (401, 403):
        raise RefusedKey(f"Nectar answered {code}: NECTAR_API_KEY is not, or no longer, good for this")
    if code == 429:
        raise Throttled(retry_after(response.headers.get("retry-after"), time.time()))
    if code >= 500 or code == 408:
        raise Unavailable(f"Nectar answered {code}")
    raise NotUnderstood(f"Nectar answered {code}")


def _understand(model: type[ModelT], body: bytes) -> ModelT:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_context=False, include_url=False)
        places = ", ".join(".".join(map(str, problem["loc"])) or "the body" for problem in problems[:5])
        raise NotUnderstood(f"Nectar's answer does not fit the schema: {places}") from None
