"""The web process as the Procfile runs it: it starts or says why not, and ends when asked to, with 0."""

import asyncio
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from tests.e2e.system import PROCFILE, free_port
from tests.integration.webhooks import SECRET, encoded, payload, read_answer, request, signed, until

pytestmark = pytest.mark.anyio

WEB = shlex.split(PROCFILE["web"])
FACTORY = ["uvicorn", "--factory", "receiver.web:create_app", "--port", "{port}"]
PATIENCE = 30
BODY = encoded(payload())


@dataclass
class Sender:
    """Somebody who has sent half of a message."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send_the_rest(self) -> httpx.Response:
        """The answer, once the other half is there."""
        self.writer.write(BODY[9:])
        answer = await read_answer(self.reader)
        self.writer.close()
        return answer


@dataclass
class Web:
    """The process, and what it says."""

    port: int
    process: asyncio.subprocess.Process
    log: Path

    async def begin(self, message: str) -> Sender:
        """Send the half of a message to whichever process takes it, until it has taken it in hand."""
        sender = Sender(*await asyncio.open_connection("127.0.0.1", self.port))
        headers = signed(BODY, message) | {"expect": "100-continue"}
        sender.writer.write(request(BODY[:9], headers, length=len(BODY)))
        assert await sender.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        return sender

    async def stopping(self) -> None:
        """Wait until each of its processes takes nothing more."""

        async def all_say_so() -> bool:
            return self.log.read_text().count("Shutting down") == len(self.servers())

        await until(bool, all_say_so)

    async def exit_status(self) -> int:
        """What it ends with."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def servers(self) -> list[int]:
        """The processes that serve, of which there may be several."""
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", self.log.read_text())]


@asynccontextmanager
async def web(
    folder: Path, redis_url: str, command: Sequence[str] = WEB, **settings: str
) -> AsyncIterator[Web]:
    """The process while the block runs, which begins when it is ready."""
    port, log = free_port(), folder / "log"
    known = {"NECTAR_WEBHOOK_SECRET": SECRET, "REDIS_URL": redis_url, "PORT": str(port), **settings}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(part.format(port=port) for part in command),
            env={"PATH": path, **known},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = Web(port, process, log)

    async def ready() -> bool:
        assert process.returncode is None, log.read_text()
        said = log.read_text()
        wanted = int(settings.get("WEB_CONCURRENCY", "1"))
        return "running on" in said and said.count("Application startup complete") == wanted

    try:
        await until(bool, ready)
        yield running
    finally:
        # The children, too: they outlive a parent that is killed.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_at_a_signal_what_is_in_hand_is_answered_and_the_exit_status_is_0(
    tmp_path: Path, redis_url: str, redis: Redis, number: signal.Signals
) -> None:
    async with web(tmp_path, redis_url) as process:
        sender = await process.begin("msg_slow")
        process.process.send_signal(number)
        await process.stopping()
        assert (await sender.send_the_rest()).status_code == 202
        assert await process.exit_status() == 0
    assert [event["message"] for _, event in await redis.xrange("nectar:events")] == ["msg_slow"]
    assert "Traceback" not in process.log.read_text()


@asynccontextmanager
async def paused(pid: int) -> AsyncIterator[None]:
    """While the block runs, the other process takes what comes."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_each_of_several_processes_answers_what_it_has_in_hand_and_the_exit_status_is_0(
    tmp_path: Path, redis_url: str
) -> None:
    async with web(tmp_path, redis_url, WEB_CONCURRENCY="2") as process:
        senders = []
        for pid in process.servers():
            async with paused(pid):
                senders.append(await process.begin(f"msg_not_to_{pid}"))
        process.process.terminate()
        await process.stopping()
        answers = [(await sender.send_the_rest()).status_code for sender in senders]
        assert answers == [202, 202]
        assert await process.exit_status() == 0
    finished = re.findall(r"Finished server process \[(\d+)\]", process.log.read_text())
    assert sorted(map(int, finished)) == sorted(process.servers())


async def test_all_processes_of_a_platform_may_be_told_at_once(tmp_path: Path, redis_url: str) -> None:
    """As Heroku does: the children are told by it and by their parent, too."""
    async with web(tmp_path, redis_url, WEB_CONCURRENCY="2") as process:
        sender = await process.begin("msg_slow")
        for pid in (*process.servers(), process.process.pid):
            os.kill(pid, signal.SIGTERM)
        await process.stopping()
        assert (await sender.send_the_rest()).status_code == 202
        assert await process.exit_status() == 0


@pytest.mark.parametrize("number", ["1", "2"])
async def test_every_line_of_its_log_is_json(tmp_path: Path, redis_url: str, number: str) -> None:
    async with web(tmp_path, redis_url, WEB_CONCURRENCY=number) as process:
        process.process.terminate()
        await process.exit_status()
    lines = [json.loads(line)["event"] for line in process.log.read_text().splitlines()]
    assert any(line.startswith(f"Uvicorn running on http://0.0.0.0:{process.port}") for line in lines)


@pytest.mark.parametrize("number", ["1", "2"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("MAX_BACKLOG", "-1"),
        ("NECTAR_WEBHOOK_SECRET", "hush-hush"),
        ("REDIS_URL", "redis://:hush-hush/6379@127.0.0.1"),
    ],
)
async def test_a_bad_setting_is_one_line_that_names_the_variable_and_not_its_value(
    redis_url: str, number: str, variable: str, value: str
) -> None:
    known = {"REDIS_URL": redis_url, "WEB_CONCURRENCY": number, variable: value}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *WEB[1:]),
        env={"PATH": os.environ["PATH"], **known},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    [line] = said.decode().splitlines()
    assert line.startswith(f"The web process cannot start: {variable}: ")
    assert process.returncode == 1
    assert "hush" not in line


async def test_a_number_of_processes_that_is_none_is_said_too(redis_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *WEB[1:]),
        env={"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "many"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert said.startswith(b"The web process cannot start: WEB_CONCURRENCY: ")
    assert process.returncode == 1


async def test_senders_that_go_before_their_answers_come_leave_no_error_behind(
    tmp_path: Path, redis_url: str
) -> None:
    """Each with several messages in hand, and gone at another moment."""
    async with web(tmp_path, redis_url) as process:
        for number in range(40):
            _, writer = await asyncio.open_connection("127.0.0.1", process.port)
            writer.writelines(request(BODY, signed(BODY)) for _ in range(8))
            await asyncio.sleep(0.0005 * number)
            writer.transport.abort()
        sender = await process.begin("msg_after_all_that")
        assert (await sender.send_the_rest()).status_code == 202
    assert '"level": "error"' not in process.log.read_text()


async def test_it_listens_where_it_is_told_to(tmp_path: Path, redis_url: str) -> None:
    async with web(tmp_path, redis_url, [*WEB, "--host", "127.0.0.2"]) as process:
        assert f"running on http://127.0.0.2:{process.port}" in process.log.read_text()


async def test_the_factory_is_for_uvicorn_s_own_command_too(
    tmp_path: Path, redis_url: str, redis: Redis
) -> None:
    async with web(tmp_path, redis_url, FACTORY) as process:
        sender = await process.begin("msg_1")
        assert (await sender.send_the_rest()).status_code == 202
        process.process.terminate()
        # uvicorn ends by the signal that it was sent, when all is finished.
        assert await process.exit_status() == -signal.SIGTERM
    assert await redis.xlen("nectar:events") == 1


async def test_what_is_there_at_the_start_is_never_again_looked_through_for_garbage(redis_url: str) -> None:
    """It takes tens of milliseconds, in which nobody is answered."""
    program = "import gc; from receiver.web.__main__ import serving_app as start; start(); "
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program + "print(gc.get_freeze_count() > 10 * len(gc.get_objects()))"),
        env={"PATH": os.environ["PATH"], "REDIS_URL": redis_url},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert said.split() == [b"True"]
