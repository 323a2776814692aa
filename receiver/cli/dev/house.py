"""All that a `dev` consists of, started as fast as may be and stopped in good order."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from receiver.cli.dev.embedded import ADVICE, check_redis, start_redis
from receiver.cli.dev.feed import Feed, Postman
from receiver.cli.dev.ports import HOST, Ports, free_port
from receiver.cli.dev.programs import Group
from receiver.cli.dev.router import running_router
from receiver.cli.dev.surroundings import WEBHOOK_PATH, Surroundings, Wishes, webhook_secret
from receiver.cli.folder import Address, locked, published
from receiver.cli.output import Failed
from receiver.journal import connect
from receiver.journal.history import History
from receiver.settings import load_settings
from receiver.signature import decode_secret
from receiver.simulator import Inbox, Simulator
from receiver.tasks import cancel

REDIS_TO_STOP = 1.0


@dataclass(frozen=True, slots=True)
class House:
    """Everything, running."""

    group: Group
    simulator: Simulator
    inbox: Inbox
    history: History
    around: Surroundings
    address: Address
    folder: Path
    owns_redis: bool
    notes: tuple[str, ...]
    """What is not as usual."""


@asynccontextmanager
async def open_house(
    wishes: Wishes, folder: Path, out: Console, user: Mapping[str, str], stop: asyncio.Event
) -> AsyncIterator[House]:
    """Start everything, and stop it at the end. Raises Failed, having shown what the programs said."""
    feed = Feed(out)
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(locked(folder))
        group = await stack.enter_async_context(Group(feed.tell, lock, stop))
        try:
            house = await _furnish(stack, group, wishes, folder, user)
        except Failed:
            feed.fail()
            raise
        stack.enter_context(published(folder, house.address))
        postman = Postman(feed, house.inbox, house.simulator, house.history)
        stack.push_async_callback(cancel, asyncio.create_task(postman.watch()), insist=0.1)
        stack.callback(feed.close)
        feed.open()
        yield house


async def _furnish(
    stack: AsyncExitStack, group: Group, wishes: Wishes, folder: Path, user: Mapping[str, str]
) -> House:
    ports = Ports(fixed=not wishes.once)
    own = user.get("REDIS_URL", "")
    redis_url = own or await _redis(stack, group, folder)
    store = connect(load_settings().redis_dsn if own else redis_url)
    stack.push_async_callback(store.close)
    await group.while_all_run(check_redis(store))

    port = await ports.open("the webhook endpoint", wishes.port, 8000, free_port)
    inbox = await ports.open("the mail server", wishes.inbox_port, 8025, partial(_inbox, stack))
    secret = webhook_secret()

    async def nectar_on(port_of_nectar: int) -> Simulator:
        return await stack.enter_async_context(
            Simulator(
                api_key=secrets.token_urlsafe(24),
                webhook_url=f"http://{HOST}:{port}{WEBHOOK_PATH}",
                webhook_keys=[decode_secret(secret)],
                inbox=inbox,
                port=port_of_nectar,
            )
        )

    nectar = await ports.open("the stand-in Nectar", wishes.simulator_port, 8010, nectar_on)
    around = Surroundings(
        redis_url, nectar.base_url, nectar.state.api_key, secret, port, inbox.port, wishes.handlers
    )
    await stack.enter_async_context(running_router(group, around.environment(user)))
    return House(
        group=group,
        simulator=nectar,
        inbox=inbox,
        history=History(store),
        around=around,
        address=Address(webhook_url=nectar.sender.url, webhook_secret=secret, simulator_url=nectar.url),
        folder=folder,
        owns_redis=not own,
        notes=tuple(ports.notes),
    )


async def _redis(stack: AsyncExitStack, group: Group, folder: Path) -> str:
    program, url = await start_redis(group, folder)
    stack.push_async_callback(program.stop, REDIS_TO_STOP)
    return url


async def _inbox(stack: AsyncExitStack, port: int) -> Inbox:
    try:
        return await stack.enter_async_context(Inbox(HOST, port))
    except ImportError:
        raise Failed(f"There is no mail server. {ADVICE}") from None
