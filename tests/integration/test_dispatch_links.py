"""ctx.reconnect_link(): where the owner mends the connection, by the setting RECONNECT_LINK."""

from typing import Any

import pytest

from receiver.api import Change, Context, Done
from receiver.journal import deliver
from receiver.policy import MAX_ATTEMPTS
from receiver.simulator import Fault
from tests.integration.bench import Recorder, bench

pytestmark = pytest.mark.anyio


class Mailer(Recorder):
    """A handler that asks for the link, and fails after that as often as it is told."""

    def __init__(self, failures: int = 0, asks: int = 1) -> None:
        super().__init__("mailer", *[self._mail] * 100)
        self.links: list[str | None] = []
        self.failures = failures
        self.asks = asks

    async def _mail(self, change: Change, ctx: Context[Any]) -> Done:
        self.links += [await ctx.reconnect_link() for _ in range(self.asks)]
        if len(self.links) <= self.failures:
            raise ValueError("the mail server hung up")
        return Done()


async def test_the_magic_link_is_made_of_what_get_answers_now(redis_url: str) -> None:
    """It may have been renewed since the change was fetched."""
    mailer = Mailer(failures=1)
    async with bench(redis_url, mailer) as running:
        connection = running.nectar.add("password-incorrect", publicCompanyId="acme / co")
        await running.happen(connection, connectionMagicLinkSecret="first?secret")
        running.nectar.edit(connection, connectionMagicLinkSecret="second?secret")
        await running.pass_time()
        base = "https://dash.nectarclimate.com/p/connect/acme%20%2F%20co/workflow/"
        assert mailer.links == [f"{base}first%3Fsecret", f"{base}second%3Fsecret"]


@pytest.mark.parametrize("secret", [None, ""])
async def test_without_a_secret_there_is_no_link(redis_url: str, secret: str | None) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer) as running:
        await running.happen(running.nectar.add("no-magic-link", connectionMagicLinkSecret=secret))
        assert mailer.links == [None]


async def test_a_connection_whose_secret_is_not_even_named_has_no_link(redis_url: str) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer) as running:
        connection = running.nectar.add("password-incorrect")
        del running.nectar.connections[connection]["connectionMagicLinkSecret"]
        await running.happen(connection)
        assert mailer.links == [None]


async def test_reconnect_link_none_gives_no_link_and_asks_nobody(redis_url: str) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer, reconnect_link="none") as running:
        await running.happen(running.nectar.add("password-incorrect"))
        assert mailer.links == [None]
        assert len(running.nectar.requests.entries) == 1


async def test_an_invitation_is_bound_to_the_owner_and_sent_by_nobody_else(redis_url: str) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer, reconnect_link="invitation") as running:
        connection = running.nectar.add("password-incorrect", workflowOwnerEmail="owner@acme.example")
        await running.happen(connection)
        [made] = running.nectar.invitations
        assert made["connectionId"] == connection
        assert made["allowedEmails"] == ["owner@acme.example"]
        assert made["sendEmail"] is False
        assert made["maxUses"] > 0
        assert made["expiresAt"] is not None
        assert mailer.links == [made["invitationUrl"]]


async def test_an_invitation_is_made_once_per_episode_however_often_the_handler_fails_after_it(
    redis_url: str,
) -> None:
    mailer = Mailer(failures=3)
    async with bench(redis_url, mailer, reconnect_link="invitation") as running:
        connection = running.nectar.add("password-incorrect")
        await running.happen(connection)
        await running.pass_time()
        await running.happen(connection, status="NEW_PASSWORD_NEEDED")
        await running.pass_time()
        assert len(mailer.links) == 4
        assert len(set(mailer.links)) == len(running.nectar.invitations) == 1
        await running.happen(connection, status="MFA_TOKEN_EXPIRED")
        assert len(running.nectar.invitations) == 2
        assert mailer.links[-1] == running.nectar.invitations[-1]["invitationUrl"]


async def test_a_handler_that_asks_twice_gets_the_same_invitation(redis_url: str) -> None:
    mailer = Mailer(asks=2)
    async with bench(redis_url, mailer, reconnect_link="invitation") as running:
        await running.happen(running.nectar.add("password-incorrect"))
        assert len(running.nectar.invitations) == 1
        assert len(set(mailer.links)) == 1


async def test_without_an_owner_there_is_no_invitation(redis_url: str) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer, reconnect_link="invitation") as running:
        await running.happen(running.nectar.add("no-owner"))
        assert mailer.links == [None]
        assert running.nectar.invitations == []


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_promise_8_while_nectar_gives_no_link_the_delivery_waits_and_uses_up_nothing(
    redis_url: str, status: int
) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer, reconnect_link="invitation") as running:
        running.nectar.faults.set(Fault(status=status, path="/invitation"))
        connection = running.nectar.add("password-incorrect")
        await running.happen(connection)
        for _ in range(2 * MAX_ATTEMPTS):
            await running.pass_time()
        assert await running.journal.lists(deliver("mailer", connection)) == {"parked:mailer"}
        assert mailer.contexts[-1].attempt == 1
        running.nectar.faults.clear()
        await running.pass_time()
        assert len(mailer.links) == 1


async def test_a_connection_that_is_gone_by_then_is_a_failure_of_this_delivery_alone(redis_url: str) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer) as running:
        gone = running.nectar.add("password-incorrect")
        running.nectar.faults.set(Fault(slow=0.001, times=1), Fault(status=404, times=1))
        await running.happen(gone)
        assert "404" in (await running.kept("mailer", gone))["reason"]
        assert await running.journal.lists(deliver("mailer", gone)) == {"due"}


async def test_promise_10_links_are_masked_wherever_they_turn_up_from_then_on(redis_url: str) -> None:
    mailer = Mailer()
    async with bench(redis_url, mailer, reconnect_link="invitation") as running:
        await running.happen(running.nectar.add("password-incorrect"))
        [link] = mailer.links
        assert link is not None
        assert link not in running.redactor.text(f"sent {link} away")
