"""The main job, end to end: the Procfile's programs, plain variables, real sockets."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from svix.webhooks import Webhook

from receiver.simulator import catalogue
from tests.e2e.system import SECRET, System, system

pytestmark = pytest.mark.anyio

DASHBOARD = "https://dash.nectarclimate.com/p/connect"


async def post_as_svix(running: System, message_id: str, payload: object) -> httpx.Response:
    """Post what the svix library has signed."""
    body = json.dumps(payload)
    now = datetime.now(UTC)
    headers = {
        "content-type": "application/json",
        "svix-id": message_id,
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": Webhook(SECRET).sign(message_id, now, body),
    }
    async with httpx.AsyncClient() as client:
        return await client.post(running.webhook_url, content=body, headers=headers)


async def test_a_signed_webhook_becomes_the_right_mail_to_the_owner(tmp_path: Path) -> None:
    """Signed by the svix library and thin as Nectar's published examples; the mail bears the magic link."""
    async with system(tmp_path) as running:
        connection = running.nectar.add("password-incorrect", workflowOwnerEmail="owner@example.com")
        thin = {
            **catalogue.webhook("connection-updated"),
            "id": connection,
            "created": "2026-03-04T05:06:07.123456789",
            "updated": "2026-03-04T05:06:07.987654321",
        }

        first = await post_as_svix(running, "msg_1", thin)
        again = await post_as_svix(running, "msg_1", thin)

        assert (first.status_code, first.json()["status"]) == (202, "accepted")
        assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
        [mail] = await running.inbox.wait_for(1, within=30)
        known = running.nectar.connections[connection]
        company, secret = known["publicCompanyId"], known["connectionMagicLinkSecret"]
        assert mail.to == ("owner@example.com",)
        assert f"{DASHBOARD}/{company}/workflow/{secret}" in mail.links

        running.nectar.edit(connection, status="CONNECTED")
        await post_as_svix(running, "msg_2", thin)
        await running.inbox.wait_for(2, within=30)
        gauges = await running.idle()
        assert (gauges.dead, gauges.quarantined) == (0, 0)
        assert len(running.nectar.requests.matching(f"{connection}/details")) == 3, "two fetches, one link"
        assert secret not in running.output.read_text(), "promise 10"


async def test_promise_4_a_thousand_webhooks_for_fifty_connections_cost_two_fetches_each(
    tmp_path: Path,
) -> None:
    """All are acknowledged, and the last state of each connection is delivered once to each handler."""
    # On a busy machine it takes seconds to post them: they are one burst all the same.
    async with system(tmp_path, HANDLERS="log", FETCH_INTERVAL="4") as running:
        nectar = running.nectar
        connections = [nectar.add("connected") for _ in range(50)]
        changes = [(each, f"check {number}") for number in range(20) for each in connections]

        sent = await asyncio.gather(
            *(nectar.change(each, "connection.updated.v2", statusErrorDetail=text) for each, text in changes)
        )

        attempts = [attempt for [message] in sent for attempt in message.attempts]
        assert [attempt.status_code for attempt in attempts] == [202] * 1000
        await running.idle()
        assert len(nectar.requests.matching("/details")) <= 100
        deliveries = await running.attempts("deliver:log:")
        assert {each["outcome"] for each in deliveries} == {"done"}
        shown = [(each["work"], each["version"]) for each in deliveries]
        assert len(shown) == len(set(shown)), "no version is delivered twice"
        assert {work.rpartition(":")[2] for work, _ in shown} == set(connections)
        for connection in connections:
            [snapshot] = await running.store.fields(f"nectar:connection:{connection}", "snapshot")
            assert json.loads(snapshot or "{}")["statusErrorDetail"] == "check 19"
