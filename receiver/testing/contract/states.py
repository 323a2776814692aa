"""The connections that the suite shows."""

from typing import Any

from receiver.api import Connection, Handler
from receiver.testing.making import make_connection

UNKNOWN = "ADDED_BY_NECTAR_NEXT_YEAR"

LONG = "Long-winded Utilities and Sons " * 150
ODD = "Zoë's <b>Wärme</b> & Söhne 🔌\r\nX-Injected: yes\t\x07\u2028{{7*7}} %s ${x} \"quoted\" '; DROP TABLE"

PEOPLE = {
    "a": {"username": "pat.quill-4711", "workflow_owner_email": "dana.owner-4711@acme.example"},
    "b": {"username": "kim.reed-8822", "workflow_owner_email": "lou.holder-8822@acme.example"},
}
IDS = {"a": "6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae", "b": "b1d2c3e4-0f5a-4b6c-8d7e-9f0a1b2c3d4e"}
NUMBERS = {"a": "100-200-4711", "b": "100-200-8822"}

MINIMAL = ("updated", "datasource", "company", "url", "country", "username", "workflow_owner_email")
"""What Nectar may leave out, beside lists."""


class States:
    """Makes connections for one handler: each change of status is one that the handler is shown."""

    def __init__(self, handler: Handler[Any]) -> None:
        self._asked = handler.changed or frozenset()
        self._turn = 0

    def make(self, status: str, mark: str = "a", **fields: Any) -> Connection:
        """A connection in this status. `mark`: which of two; they have nothing in common but the company."""
        self._turn += 1
        usual = {
            **PEOPLE[mark],
            "id": IDS[mark],
            "accounts": [{"accountNumber": NUMBERS[mark], "datasourceTypes": ["ELECTRICITY"]}],
            "status_last_update_time": f"2025-11-03T06:{self._turn % 60:02}:00Z",
        }
        return make_connection(status, **{**usual, **self._news(mark), **fields})

    def minimal(self, status: str) -> Connection:
        """With only what Nectar always answers."""
        absent: dict[str, Any] = dict.fromkeys(MINIMAL)
        absent |= {"status_last_update_time": None, "status_first_seen_time": None}
        return self.make(status, accounts=[], initial_datasource_types=[], **absent)

    def odd(self, status: str, text: str) -> Connection:
        """With this text wherever people write texts."""
        return self.make(
            status,
            username=text,
            status_error_detail=text,
            datasource={"name": text, "url": text},
            company={"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": text, "externalId": text},
            url=f"https://login.example/{text}",
            accounts=[{"accountNumber": text, "site": {"id": text, "name": text}}],
        )

    def _news(self, mark: str) -> dict[str, Any]:
        """Something new in each attribute that the handler asked for, when the status is none of them."""
        if not self._asked or "status" in self._asked:
            return {}
        turn = self._turn
        news: dict[str, Any] = {
            "workflow_owner_email": PEOPLE[mark]["workflow_owner_email"].replace("@", f"+{turn}@"),
            "username": f"{PEOPLE[mark]['username']}-{turn}",
            "url": f"https://login-{turn}.harbor-electric.example",
            "datasource": {"name": f"Harbor Electric {turn}"},
            "company": {"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": f"Northwind {turn}"},
            "accounts": [{"accountNumber": f"{NUMBERS[mark]}-{turn}"}],
            "status_error_detail": f"error {turn}",
            "status_first_seen_time": f"2025-11-03T07:{turn % 60:02}:00Z",
            "external_id": f"external-{turn}",
            "country": ("US", "CA")[turn % 2],
            "is_active": bool(turn % 2),
            "multiply_by_occupancy": bool(turn % 2),
            "public_company_id": f"made-up-company-{turn}",
            "data_collection_start_date": f"2025-01-{turn % 28 + 1:02}",
        }
        return {name: value for name, value in news.items() if name in self._asked}
