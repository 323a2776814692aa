"""GET /healthz, /readyz and /metrics."""

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from receiver.describing import describe
from receiver.journal import Gauges, Observatory
from receiver.settings import Settings
from receiver.telemetry import Redactor
from receiver.web.problems import Problem

OK = "ok"
NEAR = 0.9
"""Share of the way to a limit from which on /readyz is red: while something can still be done about it."""


class Health:
    """Tells how the router is."""

    def __init__(self, settings: Settings, observatory: Observatory, redactor: Redactor) -> None:
        self._settings = settings
        self._observatory = observatory
        self._redactor = redactor

    async def healthz(self, request: Request) -> Response:
        """This process is alive."""
        return PlainTextResponse("alive\n")

    async def readyz(self, request: Request) -> Response:
        """Whether messages can be taken and kept, with room to spare; says which part stands in the way."""
        checks = {"webhook_secret": self._secret()}
        body: dict[str, object] = {}
        try:
            await self._observatory.writable()
            gauges = await self._observatory.read()
        except (RedisError, OSError) as error:
            checks["redis"] = self._redactor.text(describe(error))
        else:
            checks |= {"redis": OK} | self._room(gauges, await self._observatory.backlog())
            body = {"workers": gauges.workers, "breakers": self._breakers(gauges)}
        ready = all(check == OK for check in checks.values())
        body = {"status": "ready" if ready else "not ready", "checks": checks, **body}
        return JSONResponse(body, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """All gauges and counts, for Prometheus."""
        try:
            gauges = await self._observatory.read()
        except (RedisError, OSError) as error:
            raise Problem(503, "The metrics are in Redis, and Redis is away.") from error
        # Not before somebody asks: many have nobody who does.
        from receiver.web.exposition import CONTENT_TYPE, exposition

        return Response(exposition(gauges), media_type=CONTENT_TYPE)

    def _secret(self) -> str:
        closed = not self._settings.nectar_webhook_secret and not self._settings.allow_unsigned
        return "NECTAR_WEBHOOK_SECRET is not set" if closed else OK

    def _room(self, gauges: Gauges, backlog: int) -> dict[str, str]:
        most, fullest = self._settings.max_backlog, self._settings.max_memory
        used = f"{gauges.memory_share:.1%} of maxmemory is used, from {fullest:.1%} on webhooks are refused"
        waiting = f"{backlog} pieces of work wait, from {most} on webhooks are refused"
        return {
            "memory": f"{used} (MAX_MEMORY)" if gauges.memory_share >= NEAR * fullest else OK,
            "backlog": f"{waiting} (MAX_BACKLOG)" if backlog >= NEAR * most else OK,
        }

    def _breakers(self, gauges: Gauges) -> list[dict[str, object]]:
        return [
            {
                "name": breaker.name,
                "reason": self._redactor.text(breaker.reason),
                "since": breaker.since,
                "parked": breaker.parked,
            }
            for breaker in gauges.breakers
        ]
