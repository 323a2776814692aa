"""The simulator as one ASGI app: Nectar's API in its versions, the switches, and an inbox if given one."""

from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount

from receiver.simulator.catalogue import UnknownNameError
from receiver.simulator.control import control_routes
from receiver.simulator.inbox import Inbox
from receiver.simulator.inbox_pages import inbox_routes
from receiver.simulator.nectar_api import create_api, error_answer

if TYPE_CHECKING:  # the simulator serves this app, so it imports this module
    from receiver.simulator.simulator import Simulator

VERSIONS = ("v2", "v2.1", "v2.2")


def create_app(simulator: "Simulator", inbox: Inbox | None = None) -> Starlette:
    """The app of one simulator. The switches and the inbox need no key: it listens on this machine only."""
    routes: list[BaseRoute] = [
        Mount(f"/{version}", create_api(simulator.state, version)) for version in VERSIONS
    ]
    routes.append(Mount("/_control", routes=control_routes(simulator)))
    routes += inbox_routes(inbox) if inbox else []
    return Starlette(
        routes=routes,
        exception_handlers={
            ValidationError: error_answer,
            HTTPException: error_answer,
            UnknownNameError: _unknown_name,
        },
    )


def _unknown_name(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 404)
