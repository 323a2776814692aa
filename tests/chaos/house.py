"""The house under test: web and worker processes, Redis, a stand-in Nectar, and who looks after them."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from redis.asyncio import Redis

from receiver.simulator import Simulator
from tests.chaos.plugin.orders import Orders
from tests.chaos.processes import Death, Program, RedisServer, steady_port
from tests.chaos.proxy import Proxy
from tests.chaos.timeline import Timeline
from tests.e2e.system import PROCFILE, ROOT

KEY = b"a key of twenty-four byte"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
API_KEY = "key-that-no-log-may-hold"
LOOK = 0.1
PATIENCE = 60.0
LEDGER, ORDERS = "ledger.jsonl", "orders.json"
CLOCK = Path(__file__).parent / "clock"
ENTRY_POINTS = """[nectar_router.handlers]
effects = tests.chaos.plugin.handlers:effects
troubled = tests.chaos.plugin.handlers:troubled
"""


@dataclass
class House:
    """All that runs."""

    folder: Path
    redis: RedisServer
    proxy: Proxy
    nectar: Simulator
    client: "Redis"
    """To look at the journal, and to give Redis trouble."""
    webs: list[Program] = field(default_factory=list)
    workers: list[Program] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    """Of the web processes."""
    orders: Orders = field(default_factory=Orders)
    timeline: Timeline = field(default_factory=Timeline)
    deaths: list[Death] = field(default_factory=list)

    @property
    def programs(self) -> list[Program]:
        """The router's own processes."""
        return [*self.webs, *self.workers]

    @property
    def ledger(self) -> Path:
        """What the handlers write down."""
        return self.folder / LEDGER

    def order(self, **orders: object) -> None:
        """Tell the handlers what to do from now on; what is not named stays."""
        self.orders = self.orders.model_copy(update=orders)
        self.orders.give(str(self.folder / ORDERS))

    async def ready(self) -> None:
        """Wait until all programs work. Raises TimeoutError."""
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE):
            for port in self.ports:
                while True:
                    with suppress(httpx.TransportError):
                        if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                            break
                    await asyncio.sleep(LOOK)
            while not all(worker.works() for worker in self.workers):
                await asyncio.sleep(LOOK)

    async def look_after(self) -> None:
        """Start again what has ended, and note when no worker works. Until cancelled."""
        with ExitStack() as stack:
            away = False
            while True:
                for program in self.programs:
                    if death := program.death():
                        self.deaths.append(death)
                        program.start()
                working = any(worker.works() for worker in self.workers)
                if not working and not away:
                    stack.enter_context(self.timeline.outage())
                elif working and away:
                    stack.pop_all().close()
                away = not working
                await asyncio.sleep(LOOK)


@asynccontextmanager
async def open_house(folder: Path, first_on_path: Iterable[Path] = ()) -> AsyncIterator[House]:
    """Start all, and stop all at the end. `first_on_path`: where to look for `receiver` first."""
    async with AsyncExitStack() as stack:
        redis = RedisServer(folder / "redis")
        await redis.start()
        stack.push_async_callback(redis.stop)
        proxy = await stack.enter_async_context(Proxy(steady_port(), redis.port).serving())
        nectar = await stack.enter_async_context(Simulator(api_key=API_KEY))
        client = Redis.from_url(redis.url, decode_responses=True, socket_timeout=5)
        await stack.enter_async_context(client)
        house = House(folder, redis, proxy, nectar, client)
        _furnish(house, _environment(folder, first_on_path))
        for program in house.programs:
            program.start()
            stack.callback(program.stop)
        await house.ready()
        looking = asyncio.create_task(house.look_after())
        try:
            yield house
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


def _environment(folder: Path, first_on_path: Iterable[Path]) -> dict[str, str]:
    plugin = folder / "plugin"
    _install_plugin(plugin)
    files = {"LEDGER": folder / LEDGER, "ORDERS": folder / ORDERS}
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(map(str, [CLOCK, *first_on_path, plugin, ROOT])),
        "NECTAR_API_KEY": API_KEY,
        "NECTAR_WEBHOOK_SECRET": SECRET,
        "HANDLERS": "effects,troubled",
        "FETCH_INTERVAL": "0.3",
        "LOG_LEVEL": "debug",
        **{f"EFFECTS_{option}": str(file) for option, file in files.items()},
        **{f"TROUBLED_{option}": str(file) for option, file in files.items()},
    }


def _install_plugin(folder: Path) -> None:
    """Make the handlers under test an installed package, as far as entry points go."""
    made = folder / "chaos_handlers-1.0.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: chaos-handlers\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text(ENTRY_POINTS)


def _furnish(house: House, environment: dict[str, str]) -> None:
    # The first of each kind reaches Redis through the proxy: a cut line is a fault of some, not of all.
    for number, redis_port in enumerate([house.proxy.port, house.redis.port], 1):
        port = steady_port()
        known = {
            **environment,
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "NECTAR_BASE_URL": house.nectar.base_url,
            "PORT": str(port),
        }
        house.ports.append(port)
        house.webs.append(Program(f"web-{number}", PROCFILE["web"], known, house.folder))
        house.workers.append(Program(f"worker-{number}", PROCFILE["worker"], known, house.folder))
    house.order()
