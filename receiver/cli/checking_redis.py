"""What `nectar-router check` asks of Redis: that it keeps what it is given, and that somebody works."""

from collections.abc import Iterator

from redis.exceptions import RedisError, ResponseError

from receiver.cli.output import Finding, Verdict
from receiver.describing import describe
from receiver.journal import Observatory, Store, connect
from receiver.settings import Settings
from receiver.telemetry import Redactor

KEEPS_ALL = "noeviction"


async def check_redis(settings: Settings, redactor: Redactor) -> list[Finding]:
    """Whether it is there, evicts nothing, survives a restart, and has a worker."""
    store = connect(settings.redis_dsn)
    observatory = Observatory(store)
    try:
        await observatory.writable()
        return [
            Finding("Redis", Verdict.OK, "answers and takes what is written"),
            await _eviction(store),
            await _persistence(store),
            *_worker((await observatory.read()).workers),
        ]
    except (RedisError, OSError) as error:
        advice = "Is REDIS_URL right, and may this machine reach it?"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            advice = "Is its certificate self-signed, as Heroku's are? Then set REDIS_TLS_VERIFY=0."
        return [Finding("Redis", Verdict.FAILED, redactor.text(describe(error)), advice)]
    finally:
        await store.close()


async def _eviction(store: Store) -> Finding:
    memory = await store.redis.info("memory")
    policy = memory.get("maxmemory_policy", "")
    if policy == KEEPS_ALL:
        return Finding("Redis eviction", Verdict.OK, policy)
    if not policy:
        return Finding("Redis eviction", Verdict.WARNING, "cannot be seen", _be_sure(KEEPS_ALL))
    advice = f"Set maxmemory-policy to {KEEPS_ALL}: else work that was acknowledged is thrown away."
    return Finding("Redis eviction", Verdict.FAILED, f"maxmemory-policy is {policy}", advice)


async def _persistence(store: Store) -> Finding:
    name = "Redis persistence"
    persistence = await store.redis.info("persistence")
    if int(persistence.get("aof_enabled", 0)):
        return Finding(name, Verdict.OK, "append-only file")
    try:
        snapshots = (await store.redis.config_get("save")).get("save", "")
    except ResponseError:
        detail = "cannot be seen: this Redis does not answer CONFIG"
        return Finding(name, Verdict.WARNING, detail, _be_sure("persistence"))
    if snapshots:
        advice = "What came after the last snapshot is lost in a crash. `appendonly yes` keeps it."
        return Finding(name, Verdict.WARNING, f"snapshots only ({snapshots})", advice)
    advice = "Turn on `appendonly`: else a restart of Redis loses what was acknowledged."
    return Finding(name, Verdict.FAILED, "none: all is lost when Redis restarts", advice)


def _be_sure(of: str) -> str:
    return f"See your provider's page about this Redis, and be sure of {of} there."


def _worker(workers: int) -> Iterator[Finding]:
    if workers:
        yield Finding("Worker", Verdict.OK, f"{workers} at work")
    else:
        yield Finding("Worker", Verdict.WARNING, "none is there", "Start one: `python -m receiver.worker`.")
