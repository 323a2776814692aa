"""Nectar's API, as far as a router asks it: the paths below `/v2`, `/v2.1` and `/v2.2`.

Shapes and quirks follow https://docs.nectarclimate.com: errors are JSON with `detail`, and a page past the
last answers the last page.
"""

import secrets
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from receiver.schema import EmailAddress
from receiver.simulator.catalogue import Json
from receiver.simulator.faults import FaultInjector
from receiver.simulator.state import State
from receiver.simulator.traffic import Recorder

INVITATION_URL = "https://dash.nectarclimate.com/p/i/"
_UUID = TypeAdapter(UUID)
_ONLY_V2_2 = ("externalId", "isActive")


class _Page(BaseModel):
    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class _Invitation(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    allowed_emails: tuple[EmailAddress, ...] = ()
    expires_in_seconds: Annotated[int, Field(ge=60)] | None = None
    max_uses: Annotated[int, Field(ge=1)] | None = None
    send_email: bool = False


class NectarApi:
    """The endpoints of one version of the API."""

    def __init__(self, state: State, version: str) -> None:
        self._state = state
        self._version = version

    async def ping(self, request: Request) -> Response:
        """200 when the key is good."""
        return JSONResponse({"version": self._version})

    async def companies(self, request: Request) -> Response:
        """The companies of the key."""
        return JSONResponse(self._state.companies())

    async def details(self, request: Request) -> Response:
        """One connection."""
        return JSONResponse(self._shown(self._find(request)))

    async def of_company(self, request: Request) -> Response:
        """A page of a company's connections."""
        company_id = str(_UUID.validate_python(request.path_params["company_id"]))
        connections = self._state.of_company(company_id)
        if not connections:
            raise HTTPException(404, "Company not found.")
        asked = _Page.model_validate(dict(request.query_params))
        return JSONResponse(self._page(connections, asked))

    async def invite(self, request: Request) -> Response:
        """Make an invitation with which the owner mends one connection."""
        connection = self._find(request)
        asked = _Invitation.model_validate_json(await request.body())
        invitation = _invitation(connection, asked)
        self._state.invitations.append(invitation | {"sendEmail": asked.send_email})
        return JSONResponse(invitation)

    def _find(self, request: Request) -> Json:
        connection_id = str(_UUID.validate_python(request.path_params["connection_id"]))
        try:
            return self._state.connections[connection_id]
        except KeyError:
            raise HTTPException(404, "Connection not found.") from None

    def _page(self, connections: list[Json], asked: _Page) -> Json:
        pages = ceil(len(connections) / asked.limit)
        page = min(asked.page, pages)
        shown = connections[(page - 1) * asked.limit : page * asked.limit]
        return {
            "totalConnections": len(connections),
            "perPage": asked.limit,
            "totalPages": pages,
            "currentPage": page,
            "hasNext": page < pages,
            "hasPrevious": page > 1,
            "connections": [self._shown(connection) for connection in shown],
        }

    def _shown(self, connection: Json) -> Json:
        if self._version == "v2.2":
            added = {"externalId": None, "isActive": connection.get("status") != "COMPANY_INACTIVE"}
            return added | connection
        return {name: value for name, value in connection.items() if name not in _ONLY_V2_2}


def _invitation(connection: Json, asked: _Invitation) -> Json:
    now = datetime.now(UTC)
    seconds = asked.expires_in_seconds
    token = secrets.token_urlsafe(24)
    return {
        "id": str(uuid4()),
        "token": token,
        "invitationType": "RECONNECT",
        "status": "ACTIVE",
        "invitationUrl": f"{INVITATION_URL}{token}",
        "companyId": (connection.get("company") or {}).get("id"),
        "connectionId": connection["id"],
        "allowedEmails": list(asked.allowed_emails),
        "expiresAt": (now + timedelta(seconds=seconds)).isoformat() if seconds else None,
        "maxUses": asked.max_uses,
        "useCount": 0,
        "createdAt": now.isoformat(),
        "prefill": None,
        "createdConnections": [],
    }


class _KeyCheck:
    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        good = Headers(scope=scope).get("x-api-key") == self._state.api_key
        answer = self._app if good else JSONResponse({"detail": "Unauthorized"}, 401)
        await answer(scope, receive, send)


def error_answer(request: Request, error: Exception) -> Response:
    """An error as JSON with `detail`: 422 with all its reasons for what does not fit, else its own status."""
    if isinstance(error, ValidationError):
        reasons = error.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse({"detail": reasons}, 422)
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


def create_api(state: State, version: str) -> Starlette:
    """The ASGI app of one version ("v2", "v2.1", "v2.2"), to be mounted below that name."""
    api = NectarApi(state, version)
    return Starlette(
        routes=[
            Route("/ping", api.ping),
            Route("/company", api.companies),
            Route("/connection/company/{company_id}", api.of_company),
            Route("/connection/{connection_id}/details", api.details),
            Route("/invitation/connection/{connection_id}", api.invite, methods=["POST"]),
        ],
        middleware=[
            Middleware(Recorder, state.requests),
            Middleware(FaultInjector, state.faults),
            Middleware(_KeyCheck, state),
        ],
        exception_handlers={ValidationError: error_answer, HTTPException: error_answer},
    )
