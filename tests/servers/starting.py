"""Starting servers that are programs of their own."""

import socket
import subprocess
import time
from pathlib import Path

import httpx


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until_answered(url: str, process: subprocess.Popen[bytes], output: Path, patience: float) -> None:
    """Wait until a server answers anything. Fails with what it printed when it ends, or takes too long."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        assert process.poll() is None, output.read_text()[-3000:]
        try:
            httpx.get(url, timeout=30, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no answer within {patience:g} s: {output.read_text()[-3000:]}")
