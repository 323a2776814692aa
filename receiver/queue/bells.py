"""arq's side of the bells. Apart from the rest: only a worker needs arq."""

import json
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool

from receiver.queue import POOL, connection


def to_json(job: dict[str, Any]) -> bytes:
    """Serializer for arq. An exception, as in the result of a failed job, becomes its text."""
    return json.dumps(job, default=str).encode()


def bell_pool(redis_url: str) -> ArqRedis:
    """A connection for arq.

    By redis-py's own reading of the URL: arq's ignores `ssl_cert_reqs` and does not decode a password.
    """
    pool = BlockingConnectionPool.from_url(redis_url, **connection(redis_url), **POOL)
    return ArqRedis(pool, job_serializer=to_json, job_deserializer=json.loads)
