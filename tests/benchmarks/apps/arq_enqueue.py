"""What one would write: verify with svix, validate with pydantic, and enqueue an arq job in each request."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arq import create_pool
from arq.connections import RedisSettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from svix.webhooks import Webhook

from receiver.schema import WebhookPayload


def create_app() -> Starlette:
    """The application; REDIS_URL and NECTAR_WEBHOOK_SECRET say with what."""
    webhook = Webhook(os.environ["NECTAR_WEBHOOK_SECRET"])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.queue = await create_pool(RedisSettings.from_dsn(os.environ["REDIS_URL"]))
        yield
        await app.state.queue.aclose()

    async def hook(request: Request) -> Response:
        body = await request.body()
        webhook.verify(body, dict(request.headers))
        payload = WebhookPayload.model_validate_json(body)
        message = request.headers["svix-id"]
        # The message's id as the job's: who sends it again does not have it run again.
        job = await request.app.state.queue.enqueue_job(
            "handle_event", payload.model_dump(mode="json"), _job_id=message
        )
        return JSONResponse({"id": message, "status": "accepted" if job else "duplicate"}, 202)

    return Starlette(routes=[Route("/webhooks/nectar", hook, methods=["POST"])], lifespan=lifespan)
