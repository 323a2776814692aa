"""A handler from outside the tree: a wheel in an environment of its own, among broken ones."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest

from tests.docs import HANDLERS_PAGE
from tests.e2e.outside import Environment, make_environment
from tests.e2e.system import PATIENCE, System, system
from tests.e2e.target import Target, running_target
from tests.page import blocks, edited

pytestmark = pytest.mark.anyio

BROKEN = {
    "lost": "'lost' of acme-lost cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
    "exits": "'exits' of acme-exits cannot be imported: SystemExit: 3",
    "short": "'short' of acme-short cannot be imported: TypeError: handler 'short': expected 'async def f(",
    "twin": "'twin' is provided more than once, by acme-twins, other-twins",
    "nobody": "'nobody' of acme-nobody is no handler: acme_nobody:nobody must be made by @handler",
}
"""Every way of being broken, and what is said about it."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A fresh environment. In it `pager`, as the page makes it and built as a wheel, and the broken ones."""
    place = tmp_path_factory.mktemp("outside")
    made = make_environment(place / "env")
    made.good("nectar-router", "handlers", "new", "pager", cwd=place)
    code = place / "pager/pager.py"
    [change] = [block for block in blocks(HANDLERS_PAGE) if block.language == "diff"]
    code.write_text(edited(code.read_text(), change))
    made.good("pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "dist", "./pager", cwd=place)
    [wheel] = (place / "dist").iterdir()
    made.good("pip", "install", "-q", "--no-deps", "--no-index", str(wheel), cwd=place)
    made.provide("acme-lost", {"lost": "acme_lost:lost"}, acme_lost="import no_such_module\n")
    made.provide("acme-exits", {"exits": "acme_exits:exits"}, acme_exits="raise SystemExit(3)\n")
    short = "from receiver.api import handler\n\n\n@handler('short')\nasync def short(change):\n    ...\n"
    made.provide("acme-short", {"short": "acme_short:short"}, acme_short=short)
    made.provide("acme-twins", {"twin": "pager:pager"})
    made.provide("other-twins", {"twin": "acme_lost:lost"})
    made.provide("acme-nobody", {"nobody": "acme_nobody:nobody"}, acme_nobody="nobody = None\n")
    return made


@pytest.fixture
def target() -> Iterator[Target]:
    with running_target() as server:
        yield server


def listed(home: Environment, **variables: str) -> dict[str, dict[str, object]]:
    said = home.good("nectar-router", "handlers", "--json", cwd=home.folder, **variables)
    return {one["name"]: one for one in json.loads(said)["handlers"]}


def test_it_is_in_this_environment_and_in_no_other(home: Environment) -> None:
    """As a wheel leaves it: not a link to where it was written."""
    where = home.good("python", "-c", "import pager; print(pager.__file__)", cwd=home.folder).strip()
    assert Path(where).is_relative_to(home.folder)
    assert (Path(where).parent / "nectar_router_pager-0.1.0.dist-info/RECORD").exists()
    nowhere = subprocess.run(["python", "-c", "import pager"], cwd=home.folder, capture_output=True)
    assert nowhere.returncode == 1


def test_it_is_found_and_says_what_it_wants_to_be_told(home: Environment) -> None:
    found = listed(home, HANDLERS="pager", PAGER_TOKEN="hush-hush")["pager"]
    assert (found["source"], found["problem"]) == ("nectar-router-pager 0.1.0", "")
    assert found["summary"] == "Page the engineer on call when a connection needs its owner."
    assert found["wrong"] == ["PAGER_URL: is not set (option of handler 'pager')"]


async def test_a_real_worker_runs_it_beside_the_others(
    home: Environment, target: Target, tmp_path: Path
) -> None:
    """The broken ones are installed too; nobody enabled them, so they matter to nobody."""
    async with _running(home, target, tmp_path) as running:
        connection = running.nectar.add("password-incorrect", workflowOwnerEmail="owner@example.com")
        await running.nectar.announce(connection)
        await running.idle()
        [post] = target.posts
        assert post.body == {"summary": f"{connection} is PASSWORD_INCORRECT", "severity": "warning"}
        assert post.headers["Authorization"] == "Bearer hush-hush-token"
        assert post.headers["Idempotency-Key"]
        [paged] = await running.attempts("deliver:pager:")
        assert (paged["outcome"], paged["detail"]) == ("done", "page-1")
        assert len(await running.inbox.wait_for(1, within=30)) == 1
        assert "hush-hush-token" not in running.output.read_text()


async def test_promise_5_its_failure_is_its_own_and_it_goes_on_when_its_target_is_well(
    home: Environment, target: Target, tmp_path: Path
) -> None:
    """The others are done at once; readiness and the list say which one is held up, and why."""
    target.code = 403
    async with _running(home, target, tmp_path) as running:
        connection = running.nectar.add("password-incorrect", workflowOwnerEmail="owner@example.com")
        await running.nectar.announce(connection)
        await running.inbox.wait_for(1, within=30)
        async with asyncio.timeout(PATIENCE):
            while not [each for each in (await running.gauges()).breakers if each.parked]:
                await asyncio.sleep(0.1)
            while [each["outcome"] for each in await running.attempts("deliver:log:")] != ["done"]:
                await asyncio.sleep(0.1)
        [breaker] = (await running.gauges()).breakers
        assert (breaker.name, breaker.reason) == ("pager", "POST 127.0.0.1 answered 403")
        async with httpx.AsyncClient() as client:
            ready = await client.get(f"{running.web_url}/readyz")
        assert (ready.status_code, "pager" in ready.text) == (200, True)
        found = await asyncio.to_thread(listed, home, **_variables(running))
        health = found["pager"]["health"]
        assert isinstance(health, dict)
        assert (health["breaker"], health["parked"]) == ("open", 1)

        target.code = 201
        await running.idle()
        assert (await running.attempts("deliver:pager:"))[-1]["outcome"] == "done"
        assert len({post.headers["Idempotency-Key"] for post in target.posts}) == 1


def _running(home: Environment, target: Target, place: Path) -> AbstractAsyncContextManager[System]:
    return system(
        place,
        PATH=home.path(),
        HANDLERS="pager,email,log",
        PAGER_URL=target.url,
        PAGER_TOKEN="hush-hush-token",
    )


def _variables(running: System) -> dict[str, str]:
    return {name: value for name, value in running.environment.items() if name != "PATH"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_reported_wherever_its_name_is_typed(home: Environment, name: str) -> None:
    """In the list, which has all others; by `handlers check`; and by `check`, before it is deployed."""
    told = BROKEN[name]
    found = listed(home, HANDLERS=f"{name},log")
    assert told in str(found[name]["problem"])
    assert {"email", "log", "pager"} <= {one for one, facts in found.items() if not facts["problem"]}
    checked = home.run("nectar-router", "handlers", "check", name, cwd=home.folder)
    assert checked.returncode == 1
    assert told in checked.stderr
    deployed = home.run("nectar-router", "check", "--offline", cwd=home.folder, HANDLERS=f"{name},log")
    assert deployed.returncode == 1
    assert told in deployed.stdout
    assert "log: options" in deployed.stdout


def test_a_worker_that_is_to_run_broken_ones_does_not_start_and_says_all_that_is_wrong(
    home: Environment,
) -> None:
    """It would otherwise take work that nobody does, and nobody would hear of it before a customer does."""
    names = ",".join(BROKEN)
    done = home.run(
        "python", "-m", "receiver.worker", cwd=home.folder, HANDLERS=f"log,{names}", NECTAR_API_KEY="x"
    )
    assert done.returncode == 1
    assert "The worker cannot start" in done.stderr
    for told in BROKEN.values():
        assert told in done.stderr
    assert "Traceback" not in done.stderr
