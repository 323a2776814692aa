"""A plugin for pytest: fixtures for tests of handlers. It is there wherever the router is installed.

`fake_http`
    A made-up target (`receiver.testing.FakeHTTP`), a new one for each test, that takes everything.
`run_handler`
    Runs a handler once and tells all that came of it (`receiver.testing.run_handler_sync`), in tests of every
    kind: no plugin for asyncio is needed. In a test that asks for `fake_http` too, that is the target.

pytest loads this in every run, so nothing else is imported before a fixture is used.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from receiver.testing import FakeHTTP, Run


@pytest.fixture
def fake_http() -> "FakeHTTP":
    """A made-up target that takes everything; see receiver.testing.FakeHTTP for what it can be told."""
    from receiver.testing import FakeHTTP

    return FakeHTTP()


@pytest.fixture
def run_handler(request: pytest.FixtureRequest) -> "Callable[..., Run]":
    """run_handler(pager, change): one attempt, at the target `fake_http` where the test asks for that too."""
    from receiver.testing import run_handler_sync

    shared = {"http": request.getfixturevalue("fake_http")} if "fake_http" in request.fixturenames else {}

    def run(*arguments: Any, **more: Any) -> "Run":
        return run_handler_sync(*arguments, **{**shared, **more})

    return run
