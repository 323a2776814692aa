"""`nectar-router handlers shadow` shows what would have been sent, and `setup` makes what is missing."""

import pytest

from receiver.journal import Rehearsals, Rehearsed, Store
from tests.handlers.fake_hubspot import FakeHubSpot
from tests.integration.typed import Terminal

pytestmark = pytest.mark.anyio

POST = {
    "kind": "http",
    "method": "POST",
    "url": "https://pager.example.com/pages",
    "headers": {"authorization": "[redacted]"},
    "body": {"summary": "PASSWORD_INCORRECT"},
}


async def rehearse(store: Store, number: int, *effects: object) -> None:
    """Record one delivery in shadow mode."""
    kept = Rehearsed(f"c{number}", number, "PASSWORD_INCORRECT", "done", f"page-{number}", effects)  # type: ignore[arg-type]
    await Rehearsals(store).keep("pager.shadow", kept)


async def test_each_delivery_is_shown_with_its_requests_newest_first(store: Store, redis_url: str) -> None:
    await rehearse(store, 1, POST)
    await rehearse(store, 2, {"kind": "mail", "subject": "Please sign in"})
    told = await Terminal(redis_url).good("handlers", "shadow", "pager")
    assert told.index("c2") < told.index("c1")
    for expected in (
        "done  page-1",
        "POST https://pager.example.com/pages",
        '"summary": "PASSWORD_INCORRECT"',
    ):
        assert expected in told
    assert "subject: Please sign in" in told


async def test_pages_follow_each_other_without_gap_or_overlap(store: Store, redis_url: str) -> None:
    for number in range(7):
        await rehearse(store, number)
    terminal, seen, after = Terminal(redis_url), list[str](), list[str]()
    while True:
        page = await terminal.read("handlers", "shadow", "pager", "--limit", "3", *after)
        seen += [entry["connection"] for entry in page["shadow"]]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert seen == [f"c{number}" for number in reversed(range(7))]


async def test_a_handler_that_never_ran_in_shadow_mode_says_how_to(redis_url: str) -> None:
    told = await Terminal(redis_url).good("handlers", "shadow", "pager")
    assert "HANDLERS=pager:shadow" in told


async def test_setup_makes_what_is_missing_once(redis_url: str) -> None:
    async with FakeHubSpot(is_set_up=False).serving() as fake:
        assert isinstance(fake, FakeHubSpot)
        options = fake.options()
        terminal = Terminal(redis_url)
        variables = {"HUBSPOT_URL": options.url, "HUBSPOT_TOKEN": options.token.get_secret_value()}
        rehearsed = await terminal.good("handlers", "setup", "hubspot", "--dry-run", **variables)
        assert "would have made companies.nectar_company_id" in rehearsed
        assert "nectar_company_id" not in fake.properties["companies"]
        told = await terminal.good("handlers", "setup", "hubspot", **variables)
        assert "made companies.nectar_company_id (string, unique)" in told
        assert "nectar_company_id" in fake.properties["companies"]
        again = await terminal.good("handlers", "setup", "hubspot", **variables)
        assert again == "Everything is there: nothing to make.\n"


async def test_a_handler_that_needs_no_setting_up_says_so(redis_url: str) -> None:
    said = await Terminal(redis_url).type("handlers", "setup", "log")
    assert (said.code, said.output) == (1, "log needs no setting up.")
