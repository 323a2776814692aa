"""The CRM engine against a real Tryton: whatever happens, its parties say exactly how things stand."""

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from handlers.crm import Answer, BusyError, CrmOptions, Standing, one_by_one
from receiver.api import Done
from tests.handlers.crm_turmoil import Turmoil
from tests.handlers.crm_world import ACME, BOLT, Nectar, deliver
from tests.servers.tryton import Tryton, TrytonError, running

pytestmark = pytest.mark.anyio

PARTY, MEANS = "model.party.party", "model.party.contact_mechanism"


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    with running(tmp_path_factory.mktemp("tryton")) as server:
        yield server


class Parties:
    """Companies as parties, found by their code, which Tryton keeps unique. Each figure has its own line."""

    most = 5

    def __init__(self, tryton: Tryton, http: httpx.AsyncClient) -> None:
        self._tryton = tryton
        self._http = http

    async def upsert(self, standings: Sequence[Standing]) -> Sequence[Answer]:
        return await one_by_one(standings, self._upsert)

    async def lines(self, code: str) -> dict[str, str]:
        """What the party says."""
        found = await self._search(MEANS, ["party.code", "=", code], ["name", "value"])
        return {each["name"]: each["value"] for each in found}

    async def _upsert(self, standing: Standing) -> str:
        code, wanted = standing.customer.key, lines_of(standing)
        try:
            if not (party := await self._search(PARTY, ["code", "=", code], ["name"])):
                lines = [{"type": "other", "name": name, "value": value} for name, value in wanted.items()]
                made = {
                    "code": code,
                    "name": standing.customer.name,
                    "contact_mechanisms": [["create", lines]],
                }
                [number] = await self._tryton.call(self._http, f"{PARTY}.create", [made])
                return str(number)
            there = await self._search(MEANS, ["party.code", "=", code], ["name"])
            changes = [part for each in there for part in ([each["id"]], {"value": wanted[each["name"]]})]
            await self._tryton.call(self._http, f"{MEANS}.write", *changes)
        except TrytonError as error:
            # Another worker made the party first, or writes it at this moment.
            raise BusyError(error.kind) from error
        return str(party[0]["id"])

    async def _search(self, model: str, clause: list[str], names: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._tryton.call(
            self._http, f"{model}.search_read", [clause], 0, None, None, names
        )
        return found


def lines_of(standing: Standing) -> dict[str, str]:
    """What a party should say."""
    figures = standing.figures
    counts = {
        "total": figures.total,
        "connected": figures.connected,
        "needing_action": figures.needing_action,
    }
    return {**{name: str(count) for name, count in counts.items()}, "worst": figures.worst or "-"}


async def test_a_party_is_made_once_and_then_changed(tryton: Tryton) -> None:
    nectar, options = Nectar(), CrmOptions()
    shown = nectar.connect("PASSWORD_INCORRECT", {**ACME, "externalId": "ONE"})
    async with httpx.AsyncClient(trust_env=False) as http:
        parties = Parties(tryton, http)
        first = await deliver(parties, options, nectar, shown)
        assert await parties.lines("ONE") == lines_of(nectar.standing_of(options, shown))
        nectar.edit(shown, status="CONNECTED")
        second = await deliver(parties, options, nectar, shown)
        assert await parties.lines("ONE") == lines_of(nectar.standing_of(options, shown))
    assert first == second
    assert isinstance(first, Done)


async def test_two_hundred_connections_break_and_heal_and_the_counts_are_exactly_right(
    tryton: Tryton,
) -> None:
    """By three workers at once, with duplicates, while Tryton refuses what collides."""
    nectar, options = Nectar(seed=7), CrmOptions()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        parties = Parties(tryton, http)
        workers = [(CrmOptions(), Parties(tryton, http)) for _ in range(3)]
        turmoil = Turmoil(nectar, [*workers], seed=7)
        await turmoil.connect(200)
        # Two storms, and then a few events at a time: most that goes wrong does so when it grows quiet.
        for events in (150, 150, *[3] * 18):
            await turmoil.shake(events, pace=0.02)
            for company in (ACME, BOLT):
                [each, *_] = [
                    known
                    for known, connection in nectar.connections.items()
                    if connection.company and str(connection.company.id) == company["id"]
                ]
                wanted = lines_of(nectar.standing_of(options, each))
                assert await parties.lines(company["externalId"]) == wanted
    assert len(nectar.connections) == 200
