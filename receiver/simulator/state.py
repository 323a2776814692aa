"""What the stand-in Nectar knows: its connections, the invitations it gave, the trouble it is in."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from pydantic.alias_generators import to_camel

from receiver.simulator import catalogue, payloads
from receiver.simulator.catalogue import Json
from receiver.simulator.faults import Faults
from receiver.simulator.traffic import RequestLog


class State:
    """Connections by id, each as GET answers it, and all that the API does to them."""

    def __init__(self, api_key: str) -> None:
        self.api_key = api_key
        self.connections: dict[str, Json] = {}
        self.invitations: list[Json] = []
        self.faults = Faults()
        self.requests = RequestLog()

    def add(self, source: str | Mapping[str, Any] = "created", **fields: Any) -> str:
        """A new connection from a fixture's name or from an object, with these fields instead; its id.

        The id is the source's own, or a new one when that is taken. Raises UnknownNameError.
        """
        origin = catalogue.connection(source) if isinstance(source, str) else dict(source)
        connection = origin | _as_nectar_writes(fields)
        if connection.get("id") is None or connection["id"] in self.connections:
            connection["id"] = str(uuid4())
        self.connections[connection["id"]] = connection
        return str(connection["id"])

    def edit(self, connection_id: str, **fields: Any) -> tuple[Json, Json]:
        """Change fields, by either of their names, and move the times on; the connection before and after.

        An error's detail goes with the status that it explained. A field that Nectar does not have is
        taken too: so a coming version of the API is tried. Raises KeyError for an unknown id.
        """
        before = self.connections[connection_id]
        wanted = _as_nectar_writes(fields)
        now = time.time_ns()
        moved: Json = {"updated": payloads.naive(now), "statusLastUpdateTime": payloads.zoned(now)}
        if wanted.get("status", before.get("status")) != before.get("status"):
            moved |= {"statusErrorDetail": None, "statusFirstSeenTime": payloads.zoned(now)}
        after = self.connections[connection_id] = before | moved | wanted
        return before, after

    def companies(self) -> list[Json]:
        """Every company that a connection names, once."""
        named = [
            connection["company"] for connection in self.connections.values() if connection.get("company")
        ]
        return list({company["id"]: company for company in named}.values())

    def of_company(self, company_id: str) -> list[Json]:
        """The connections of one company, oldest entry first."""
        return [
            one for one in self.connections.values() if (one.get("company") or {}).get("id") == company_id
        ]


def _as_nectar_writes(fields: Mapping[str, Any]) -> Json:
    return {to_camel(name): value for name, value in fields.items()}
