"""What a CRM shows of its companies is right in the end, whatever happens to those who write it."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from receiver.schema import Status
from receiver.simulator.server import serve
from tests.e2e.crew import crew
from tests.e2e.system import system

pytestmark = pytest.mark.anyio

COMPANIES, CONNECTIONS, EVENTS, KILLS = 20, 200, 600, 5
STATUSES = ("PASSWORD_INCORRECT", "OTHER_ERROR", "PENDING", "CONNECTED", "CONNECTED")


class Crm:
    """Keeps what is put there, slowly now and then, and is down at times."""

    def __init__(self, chance: random.Random) -> None:
        self.companies: dict[str, Any] = {}
        self._chance = chance

    async def put(self, request: Request) -> Response:
        """Bring a company up to date."""
        if self._chance.random() < 0.05:
            return Response(status_code=503)
        values = await request.json()
        await asyncio.sleep(self._chance.choice((0, 0, 0.05)))
        self.companies[request.path_params["key"]] = values
        return Response(status_code=204)


def figures(statuses: list[str]) -> Mapping[str, int]:
    """As they must be."""
    return {
        "total": len(statuses),
        "connected": statuses.count("CONNECTED"),
        "needing_action": sum(
            Status(status).needs_owner or Status(status).needs_operator for status in statuses
        ),
    }


async def test_the_counts_of_200_connections_are_right_though_workers_are_killed(tmp_path: Path) -> None:
    """They break and heal at random, one in five webhooks comes twice, and the CRM fails now and then."""
    chance = random.Random(11)
    crm = Crm(chance)
    app = Starlette(routes=[Route("/companies/{key}", crm.put, methods=["PUT"])])
    async with serve(app) as port:
        more = {"REST_URL": f"http://127.0.0.1:{port}/companies/{{key}}", "REST_FIND_BY": "company-id"}
        async with system(tmp_path, workers=0, HANDLERS="rest", **more) as running, crew(running) as hands:
            nectar = running.nectar
            companies = [{"id": str(uuid4()), "name": f"Company {number}"} for number in range(COMPANIES)]
            ids = [
                nectar.add("connected", company=companies[number % COMPANIES])
                for number in range(CONNECTIONS)
            ]
            for number in range(EVENTS):
                one = chance.choice(ids)
                for message in await nectar.change(
                    one, "connection.validated.v2", status=chance.choice(STATUSES)
                ):
                    if chance.random() < 0.2:
                        nectar.start(nectar.sender.attempt(message))
                if number % (EVENTS // KILLS) == 50:
                    await asyncio.to_thread(hands.kill_one, chance)
                await asyncio.sleep(0.02)
            await nectar.settled()
            assert (await running.idle()).dead == 0, running.output.read_text()[-3000:]
            stands = [nectar.connections[one] for one in ids]
    for company in companies:
        statuses = [one["status"] for one in stands if one["company"]["id"] == company["id"]]
        shown = crm.companies[company["id"]]
        assert {name: shown[name] for name in figures(statuses)} == figures(statuses)
