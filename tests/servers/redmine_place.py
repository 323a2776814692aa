"""Redmine as people see it, by its own API and as an administrator."""

from typing import Any

from handlers.redmine import Options, redmine
from receiver.api import Change, Context, Outcome
from tests.servers.places import Seen
from tests.servers.redmine import Installation, RedmineServer


class RedminePlace:
    """A Redmine that runs."""

    def __init__(self, server: RedmineServer, installation: Installation) -> None:
        self.server = server
        self.installation = installation
        self.options = self.options_with()
        self._client = server.api()

    def options_with(self, user: str = "router", **more: Any) -> Options:
        """The handler's options, as one of the users."""
        usual = {"url": self.server.url, "api_key": self.server.keys[user], "project": "utilities"}
        return Options.model_validate({**usual, "key_field": str(self.server.key_field), **more})

    async def handle(self, change: Change, ctx: Context[Any]) -> Outcome:
        return await redmine(change, ctx)

    def seen(self, key: str) -> list[Seen]:
        return [self._seen(issue["id"]) for issue in self.issues(f"cf_{self.server.key_field}", key)]

    def issues(self, by: str, value: str) -> list[dict[str, Any]]:
        """Issues of any state, oldest first."""
        params = {by: value, "status_id": "*", "sort": "id", "limit": "100"}
        found: list[dict[str, Any]] = self._client.get("/issues.json", params=params).json()["issues"]
        return found

    def issue(self, ticket: str) -> dict[str, Any]:
        """All there is about one."""
        answer = self._client.get(f"/issues/{ticket}.json", params={"include": "journals"})
        found: dict[str, Any] = answer.raise_for_status().json()["issue"]
        return found

    def change(self, ticket: str, **content: Any) -> None:
        """What a person changes."""
        self._client.put(f"/issues/{ticket}.json", json={"issue": content}).raise_for_status()

    def set_open(self, ticket: str, is_open: bool) -> None:
        self.change(ticket, status_id=2 if is_open else 5)

    def delete(self, ticket: str) -> None:
        self._client.delete(f"/issues/{ticket}.json").raise_for_status()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _seen(self, number: int) -> Seen:
        issue = self.issue(str(number))
        notes = [journal["notes"] for journal in issue["journals"] if journal["notes"]]
        return Seen(str(number), not issue["status"]["is_closed"], (issue["description"], *notes))
