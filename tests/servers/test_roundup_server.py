"""What is Roundup's own: a rate limit that says how long to wait."""

from collections.abc import Iterator

import httpx
import pytest

from receiver.policy import Reaction, judge
from receiver.testing import make_change, make_context
from tests.servers.places import Routes
from tests.servers.roundup import RoundupPlace, running_roundup
from tests.servers.roundup_tracker import RoundupOptions

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoundupPlace]:
    """One that takes some requests an hour."""
    with running_roundup(tmp_path_factory.mktemp("strict"), calls=2) as place:
        yield place


async def test_its_429_says_when_to_come_again(strict: RoundupPlace, routes: Routes) -> None:
    route = await routes.to(strict)
    for _ in range(6):
        try:
            await strict.handle(make_change(route.connection), make_context(route.options, http=route.http))
        except httpx.HTTPStatusError as error:
            failure = judge(error)
            break
    assert failure.reaction is Reaction.RETRY
    assert failure.target_down
    assert failure.after is not None
    assert 1 <= failure.after <= 3600


async def test_a_wrong_password_parks_the_handler(roundup: RoundupPlace, routes: Routes) -> None:
    options = RoundupOptions.model_validate({"url": roundup.options.url, "password": "wrong"})
    route = await routes.to(roundup, options=options)
    with pytest.raises(httpx.HTTPStatusError) as error:
        await roundup.handle(make_change(route.connection), make_context(options, http=route.http))
    assert judge(error.value).reaction is Reaction.PARK
