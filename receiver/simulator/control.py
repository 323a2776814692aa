"""The simulator's switches over HTTP, below `/_control`: for people with curl and for other processes."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from receiver.simulator import scenarios
from receiver.simulator.catalogue import Json
from receiver.simulator.faults import Fault
from receiver.simulator.sender import Message

if TYPE_CHECKING:  # the simulator serves these routes, so it imports this module
    from receiver.simulator.simulator import Simulator

_FAULTS = TypeAdapter(list[Fault])


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class _New(_Strict):
    fixture: str = "created"
    fields: dict[str, Any] = {}
    send: bool = True


class _Change(_Strict):
    fixture: str = ""
    fields: dict[str, Any] = {}
    event_type: str | None = None
    send: bool = True


class _Play(_Strict):
    speed: Annotated[float, Field(gt=0)] = 1.0


class Control:
    """The endpoints. Errors are JSON with `detail`, as the API's are."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    async def faults(self, request: Request) -> Response:
        """Switch on a list of faults, in the order in which they shall strike; an empty list clears."""
        faults = _FAULTS.validate_json(await request.body())
        self._simulator.faults.clear()
        self._simulator.faults.set(*faults)
        return JSONResponse({"faults": [fault.model_dump(mode="json", by_alias=True) for fault in faults]})

    async def requests(self, request: Request) -> Response:
        """What was asked of the API."""
        return JSONResponse(self._simulator.requests.dump())

    async def add(self, request: Request) -> Response:
        """Make a connection from a fixture, and send `connection.created.v2` unless told not to."""
        asked = _New.model_validate_json(await request.body())
        connection_id = self._simulator.add(asked.fixture, **asked.fields)
        sent = await self._simulator.announce(connection_id) if asked.send else []
        return JSONResponse(_told(connection_id, sent), 201)

    async def change(self, request: Request) -> Response:
        """Change a connection, and send what Nectar would send unless told otherwise."""
        connection_id: str = request.path_params["connection_id"]
        asked = _Change.model_validate_json(await request.body())
        connection = self._simulator.connections.get(connection_id)
        if connection is None:
            raise HTTPException(404, "Connection not found.")
        situation = scenarios.situation(asked.fixture, connection) if asked.fixture else {}
        fields = situation | asked.fields
        if not asked.send:
            self._simulator.edit(connection_id, **fields)
            return JSONResponse(_told(connection_id, []))
        return JSONResponse(
            _told(connection_id, await self._simulator.change(connection_id, asked.event_type, **fields))
        )

    async def play(self, request: Request) -> Response:
        """Begin a scenario; it goes on by itself."""
        scenario = scenarios.find(request.path_params["name"])
        asked = _Play.model_validate_json(await request.body() or "{}")
        self._simulator.start(scenarios.play(self._simulator, scenario, speed=asked.speed))
        return JSONResponse({"name": scenario.name, "about": scenario.about}, 202)


def _told(connection_id: str, messages: list[Message]) -> Json:
    return {"id": connection_id, "messages": [_message(message) for message in messages]}


def _message(message: Message) -> Json:
    return {
        "id": message.id,
        "eventType": message.event_type,
        "outcome": message.outcome,
        "attempts": [asdict(attempt) for attempt in message.attempts],
    }


def control_routes(simulator: "Simulator") -> list[Route]:
    """The routes, relative to where they are mounted."""
    control = Control(simulator)
    return [
        Route("/faults", control.faults, methods=["POST"]),
        Route("/requests", control.requests),
        Route("/connections", control.add, methods=["POST"]),
        Route("/connections/{connection_id}", control.change, methods=["POST"]),
        Route("/scenarios/{name}", control.play, methods=["POST"]),
    ]
