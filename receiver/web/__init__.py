"""The web process: takes webhooks and tells how the router is."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio.connection import parse_url
from starlette.applications import Starlette
from starlette.routing import Route

from receiver.journal import Intake, Observatory, connect
from receiver.settings import Settings, SettingsError, load_settings
from receiver.signature import Verifier
from receiver.tasks import cancel
from receiver.telemetry import Redactor, configure_logging
from receiver.web.admission import Admission
from receiver.web.application import Application
from receiver.web.counting import Counting
from receiver.web.health import Health
from receiver.web.problems import HANDLERS
from receiver.web.webhook import WebhookEndpoint

__all__ = ["create_app", "settings_or_exit"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application; without settings, by those of the environment.

    `python -m receiver.web` runs it, and so does `uvicorn --factory receiver.web:create_app`.
    """
    settings = settings or settings_or_exit()
    redactor = Redactor()
    redactor.hide_options(settings)
    configure_logging(settings.log_format, redactor, settings.log_level)

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

    pages = [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
    ]
    return Application(webhook, pages, HANDLERS, lifespan)


def settings_or_exit() -> Settings:
    """The settings of the environment. What is wrong with them is one line, and the end of this process."""
    try:
        settings = load_settings()
        parse_url(settings.redis_dsn)
    except SettingsError as error:
        sys.exit(f"The web process cannot start: {'; '.join(str(error).splitlines())}")
    except ValueError:
        # Its text is left out: it may quote a part of the password.
        sys.exit("The web process cannot start: REDIS_URL: is not a URL of Redis")
    return settings
