"""The folder of a `dev`: Redis's data, and the address by which `nectar-router send` finds it."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError

from receiver.cli.output import Failed

USUAL = Path(".nectar-router")
PATIENCE = 5.0
"""Seconds to wait for a `dev` that is just ending."""


class Address(BaseModel):
    """Where a running `dev` is."""

    webhook_url: str
    webhook_secret: str
    simulator_url: str


@asynccontextmanager
async def locked(folder: Path) -> AsyncIterator[int]:
    """Make the folder, and keep it for one `dev`; gives the lock's file descriptor. Raises Failed."""
    descriptor = _open(folder)
    try:
        give_up = time.monotonic() + PATIENCE
        while not _lock(descriptor):
            if time.monotonic() > give_up:
                raise Failed(f"Another `nectar-router dev` uses {folder}. Name another with --data.")
            await asyncio.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Failed(
            f"The folder {folder} cannot be used: {error.strerror}. Name another with --data."
        ) from None


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def published(folder: Path, address: Address) -> Iterator[None]:
    """Let `nectar-router send` find this `dev`. It holds the secret, so it is for nobody else to read."""
    file = folder / "dev.json"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(address.model_dump_json(indent=2))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_address(folder: Path | None) -> Address | None:
    """The address of the `dev` that has this folder, by default the one below the current folder."""
    try:
        return Address.model_validate_json(((folder or USUAL) / "dev.json").read_text())
    except (OSError, ValidationError):
        return None
