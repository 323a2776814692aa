"""arq at arm's length: the journal is the truth, an arq job is a bell that carries ids.

Bells are rung by the journal's scripts, in the same atomic write as what they announce (ring.lua); here is
what the worker needs to hear them. Jobs are JSON, since arq's default is pickle, which runs what it reads.
"""

from importlib.resources import files
from typing import Any

RING = (files(__package__) / "ring.lua").read_text()
"""The part that the journal's scripts begin with."""

LINE = "arq:queue"
"""Where bells for fetches and breakers stand: arq's usual queue."""


def line_of(handler: str) -> str:
    """The queue where a handler's bells stand."""
    return f"arq:deliver:{handler}"


def connection(redis_url: str) -> dict[str, Any]:
    """What every connection to this Redis has in common; times in seconds."""
    common = {"socket_timeout": 10, "socket_connect_timeout": 5, "health_check_interval": 30}
    return common if redis_url.startswith("unix://") else {**common, "socket_keepalive": True}


POOL: dict[str, Any] = {"max_connections": 5, "timeout": 10}
"""Small Redis plans allow twenty connections for all processes together; who finds none free waits."""
