"""The web process: takes webhooks and tells how the router is."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from receiver.journal import Intake, Observatory, connect
from receiver.settings import Settings, SettingsError, load_settings
from receiver.signature import Verifier
from receiver.tasks import cancel
from receiver.telemetry import Redactor, configure_logging
from receiver.web.admission import Admission
from receiver.web.counting import Counting
from receiver.web.health import Health
from receiver.web.problems import HANDLERS
from receiver.web.webhook import WebhookEndpoint

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application; without settings, by those of the environment.

    `uvicorn --factory receiver.web:create_app` runs it.
    """
    if settings is None:
        try:
            settings = load_settings()
        except SettingsError as error:
            sys.exit(f"The web process cannot start:\n{error}")
    redactor = Redactor()
    redactor.hide_options(settings)
    configure_logging(settings.log_format, redactor)

    store = connect(settings.redis_dsn)
    observatory = Observatory(store)
    admission = Admission(observatory, settings.max_memory)
    counting = Counting(observatory)
    health = Health(settings, observatory, redactor)
    webhook = WebhookEndpoint(
        Intake(store, settings.max_backlog, settings.fetch_interval),
        admission,
        counting,
        verifier=Verifier(settings.webhook_keys) if settings.webhook_keys else None,
        allow_unsigned=settings.allow_unsigned,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(admission.watch()), asyncio.create_task(counting.flush_forever())]
        try:
            yield
        finally:
            await cancel(*tasks)
            await counting.flush()
            await store.close()

    routes = [
        Route("/webhooks/nectar", webhook.__call__, methods=["POST"]),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
    ]
    app = Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=lifespan)
    # A sender takes a redirect for a failure, and one is made of the Host header, whatever that says.
    app.router.redirect_slashes = False
    return app
