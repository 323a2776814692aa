"""The quality ladder is computed from facts, and each fact that a test is to show is shown by one."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, Field

from handlers.email import email
from handlers.log import log
from receiver.api import Change, Context, Done, Handler, NoOptions, handler
from receiver.testing import check_handler
from tests.ladder import CLAIMS, ROOT, Candidate, candidates, climbed


class Options(BaseModel):
    """Described."""

    url: str = Field(description="Where to post.")


class Undescribed(BaseModel):
    """Not described."""

    url: str


def made(options: type[BaseModel] = Options, doc: str = "Do what is to be done.") -> Handler[Any]:
    async def run(change: Change, ctx: Context[Any]) -> Done:
        return Done()

    run.__doc__ = doc
    run.__module__ = "handlers.nowhere"
    return handler("made", options=options)(run)


def with_all(one: Handler[Any]) -> Handler[Any]:
    """The same with a preflight and a stand-in."""

    @one.preflight
    async def reach(options: BaseModel, http: httpx.AsyncClient) -> str:
        return "there"

    @one.stand_in
    def target(options: BaseModel) -> Callable[[httpx.Request], httpx.Response]:
        return lambda request: httpx.Response(200)

    return one


ALL = dict.fromkeys(("contract", "statuses", "server", "vendor"), "tests/x.py::test_x")
PAGE = "# made\n\n## Set up\n\n`MADE_URL` is where it posts to.\n"
OPERATED = f"{PAGE}\n## When it fails\n\n## What to watch\n"


@pytest.mark.parametrize(
    ("one", "claims", "page", "rung", "lacks"),
    [
        (made(doc=""), ALL, OPERATED, "none", ["a summary"]),
        (made(Undescribed), ALL, OPERATED, "none", ["a description of each option"]),
        (made(), {}, OPERATED, "none", ["the contract among its tests"]),
        (made(), ALL, OPERATED, "bronze", ["a preflight", "a stand-in"]),
        (with_all(made()), ALL, "", "bronze", ["a page with its set-up"]),
        (with_all(made()), ALL, "# made\n\n## Set up\n", "bronze", ["a page with its set-up"]),
        (with_all(made()), {"contract": "x"}, PAGE, "bronze", ["a test of every status"]),
        (with_all(made()), ALL, PAGE, "silver", ["a page for whoever operates it"]),
        (with_all(made()), ALL, OPERATED, "gold", []),
        (made(NoOptions), {"contract": "x", "statuses": "x"}, "", "silver", None),
    ],
)
def test_a_handler_climbs_as_far_as_it_meets_all_demands(
    tmp_path: Path,
    one: Handler[Any],
    claims: dict[str, str],
    page: str,
    rung: str,
    lacks: list[str] | None,
) -> None:
    """One that has no target needs neither preflight nor stand-in nor set-up."""
    if page:
        (tmp_path / "nowhere").mkdir()
        (tmp_path / "nowhere/README.md").write_text(page)
    found, missing = climbed(Candidate(one, claims, tmp_path))
    assert found == rung
    assert lacks in (None, missing)


def test_every_test_that_is_named_is_there() -> None:
    """And the contract is checked where it is said to be."""
    for claims in CLAIMS.values():
        for demand, name in claims.items():
            file, _, function = name.partition("::")
            code = (ROOT / file).read_text()
            defined = {
                node.name
                for node in ast.walk(ast.parse(code))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert function in defined, name
            assert demand != "contract" or "check_handler(" in code, name


def test_only_demands_that_there_are_can_be_claimed() -> None:
    assert {demand for claims in CLAIMS.values() for demand in claims} <= ALL.keys()


def test_every_built_in_handler_is_on_the_ladder() -> None:
    """Bronze is what every one of them must show."""
    places = {one.name: climbed(one) for one in candidates()}
    assert {"email", "log"} <= places.keys()
    assert {name: lacks for name, (rung, lacks) in places.items() if rung == "none"} == {}


@pytest.mark.parametrize("one", [email, log], ids=["email", "log"])
def test_the_first_two_keep_the_contract(one: Handler[Any]) -> None:
    check_handler(one)
