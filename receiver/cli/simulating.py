"""`nectar-router simulate`: the stand-in Nectar alone."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack

import typer

from receiver.cli.output import Failed, console
from receiver.signature import decode_secret
from receiver.simulator import Message, Simulator, Step, play, scenarios
from receiver.simulator.catalogue import UnknownNameError
from receiver.tasks import cancel


def run(*, port: int, target: str, secret: str, api_key: str, scenario: str, compress: float) -> None:
    """Serve until Ctrl-C."""
    try:
        keys = [decode_secret(part.strip()) for part in secret.split(",") if part.strip()]
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--secret") from None
    try:
        story = scenarios.find(scenario) if scenario else None
    except UnknownNameError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--scenario") from None
    asyncio.run(_serve(_simulator(port, target, keys, api_key, compress), story))


def _simulator(port: int, target: str, keys: Sequence[bytes], api_key: str, compress: float) -> Simulator:
    return Simulator(api_key=api_key, webhook_url=target, webhook_keys=keys, compress=compress, port=port)


async def _serve(simulator: Simulator, story: scenarios.Scenario | None) -> None:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(simulator)
        except OSError as error:
            raise Failed(
                f"Port {simulator.port} cannot be used: {error.strerror}. Try another --port."
            ) from None
        _tell_where(simulator)
        await _until_stopped(simulator, story)


async def _until_stopped(simulator: Simulator, story: scenarios.Scenario | None) -> None:
    """Play, and go on serving. Raises KeyboardInterrupt at Ctrl-C.

    Not by cancelling what runs, as asyncio does by itself: a time-out within it may swallow that.
    """
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    stopping = asyncio.create_task(stopped.wait())
    playing = asyncio.create_task(play(simulator, story, told=_tell)) if story else None
    if playing is not None:
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
    await stopping
    await cancel(playing)
    raise KeyboardInterrupt


def _tell_where(simulator: Simulator) -> None:
    out = console()
    out.print("The stand-in Nectar is up. For the router:")
    out.print(f"  NECTAR_BASE_URL={simulator.base_url}", markup=False)
    out.print(f"  NECTAR_API_KEY={simulator.state.api_key}", markup=False)
    out.print(f"Webhooks go to {simulator.sender.url or 'nobody: there is no --target'}.", markup=False)
    out.print(f"Its switches are below {simulator.url}/_control. Ctrl-C stops it.", markup=False)


def _tell(step: Step, messages: list[Message]) -> None:
    out = console()
    what = step.fixture or ", ".join(step.fields)
    for message in messages:
        attempt = message.attempts[0]
        answer = attempt.status_code or attempt.error
        line = f"{what:<30}  {message.event_type:<27}  {answer}  {attempt.latency * 1000:.0f} ms"
        out.print(line, markup=False, soft_wrap=True)
    if not messages:
        out.print(f"{what:<30}  nothing is sent", markup=False)
