"""Real trackers, each started once when a test first asks for it."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.servers import redmine as redmine_server
from tests.servers.places import Place, Routes
from tests.servers.redmine_place import RedminePlace
from tests.servers.roundup import RoundupPlace, running_roundup

WITH_ALL = os.environ.get("SERVERS") == "all"
"""Set by `./tests/run servers`, which installs what PyPI does not have."""


@pytest.fixture(scope="session")
def roundup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoundupPlace]:
    """Roundup, from PyPI."""
    with running_roundup(tmp_path_factory.mktemp("roundup")) as place:
        yield place


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedminePlace]:
    """Redmine, from Debian's packages."""
    if not WITH_ALL:
        pytest.skip("Redmine comes from Debian's packages: ./tests/run servers")
    with redmine_server.running_redmine(tmp_path_factory.mktemp("redmine")) as (server, installation):
        place = RedminePlace(server, installation)
        yield place
        place.close()


@pytest.fixture(params=["roundup", "redmine"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each tracker in turn."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def routes() -> AsyncIterator[Routes]:
    """Ways to trackers."""
    async with Routes() as made:
        yield made
