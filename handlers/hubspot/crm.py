"""Companies' records, and owners', in HubSpot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from handlers.crm import Answer, BusyError, MissingError, RefusedError, Standing
from handlers.hubspot.api import MOST, Api, Write
from handlers.hubspot.errors import of_record
from handlers.hubspot.options import Options
from handlers.hubspot.properties import COMPANY, Kind, differs, values


@dataclass(frozen=True, slots=True)
class Record:
    """What one record should say."""

    key: str
    values: Mapping[str, str]
    when_new: Mapping[str, str]
    """What else it gets when there is none yet: nobody's company is renamed."""


class HubSpot:
    """Brings records up to date: reads them, and writes those that say something else."""

    most = MOST

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._api = Api(options, http)

    async def upsert(self, standings: Sequence[Standing]) -> Sequence[Answer]:
        """An answer for each: the company's id in HubSpot, or why it, or an owner of it, was not written."""
        companies = [self._company(each) for each in standings]
        answers = await self._bring("companies", self._options.key_property, companies)
        if not self._options.contacts:
            return answers
        owners = [self._contact(each, owner) for each in standings for owner in each.owners]
        # Of an owner in several companies the last: HubSpot refuses a batch that names a record twice.
        single = {record.key: record for record in owners}
        told = dict(zip(single, await self._bring("contacts", "email", list(single.values())), strict=True))
        failures = [
            next((told[owner] for owner in each.owners if isinstance(told[owner], Exception)), None)
            for each in standings
        ]
        return [failure or answer for answer, failure in zip(answers, failures, strict=True)]

    def _company(self, standing: Standing) -> Record:
        link = self._options.link_for(standing.customer)
        written = values(standing.figures, link)
        return Record(standing.customer.key, written, {"name": standing.customer.name})

    def _contact(self, standing: Standing, owner: str) -> Record:
        link = self._options.link_for(standing.customer)
        written = values(standing.owners[owner], link)
        return Record(owner, {COMPANY: standing.customer.name, **written}, {})

    async def _bring(self, kind: Kind, id_property: str, records: list[Record]) -> list[Answer]:
        answers: list[Answer] = []
        for start in range(0, len(records), MOST):
            answers += await self._bring_batch(kind, id_property, records[start : start + MOST])
        return answers

    async def _bring_batch(self, kind: Kind, id_property: str, records: list[Record]) -> list[Answer]:
        names = list(records[0].values)
        found = await self._api.read(kind, id_property, [record.key for record in records], names)
        there = {_key(each, id_property): each for each in found.get("results") or []}
        answers: dict[str, Answer] = {}
        writes: list[Write] = []
        for record in records:
            decided = self._decide(kind, record, there.get(record.key.casefold()))
            if isinstance(decided, Mapping):
                writes.append((record.key, decided))
            else:
                answers[record.key] = decided
        written = await self._write(kind, id_property, writes)
        answers |= dict(zip((key for key, _ in writes), written, strict=True))
        return [answers[record.key] for record in records]

    def _decide(
        self, kind: Kind, record: Record, known: Mapping[str, Any] | None
    ) -> Mapping[str, str] | Answer:
        """What to write, or the answer where nothing is to be written."""
        if known is not None:
            return (
                record.values if differs(record.values, known.get("properties") or {}) else str(known["id"])
            )
        if kind == "companies" and not self._options.create:
            return MissingError("HubSpot has no company of that key, and HUBSPOT_CREATE is 0")
        return {**record.values, **record.when_new}

    async def _write(self, kind: Kind, id_property: str, writes: list[Write]) -> list[Answer]:
        if not writes:
            return []
        try:
            body = await self._api.upsert(kind, id_property, writes)
        except RefusedError as refused:
            if len(writes) == 1:
                return [refused]
            # One record may cost a whole batch: halve it until the others are through.
            half = len(writes) // 2
            first = await self._write(kind, id_property, writes[:half])
            return first + await self._write(kind, id_property, writes[half:])
        return item_by_item([key for key, _ in writes], id_property, body)


def item_by_item(keys: Sequence[str], id_property: str, body: Any) -> list[Answer]:
    """What a 200 or a 207 says of each: HubSpot answers in no particular order, and may leave one out."""
    answers: dict[str, Answer] = {}
    places = {key.casefold(): str(place) for place, key in enumerate(keys)}
    for result in body.get("results") or []:
        place = result.get("objectWriteTraceId") or places.get(_key(result, id_property))
        answers[str(place)] = str(result["id"])
    rest: Exception = BusyError("HubSpot did not say what became of the record")
    for error in body.get("errors") or []:
        failure = of_record(error)
        traces = (error.get("context") or {}).get("objectWriteTraceId") or []
        answers |= dict.fromkeys(map(str, traces), failure)
        rest = rest if traces else failure
    return [answers.get(str(place), rest) for place in range(len(keys))]


def _key(record: Mapping[str, Any], id_property: str) -> str:
    return str((record.get("properties") or {}).get(id_property) or "").casefold()
