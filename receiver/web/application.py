"""Starlette, with a short way for what comes by the thousand."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, ExceptionHandler, Lifespan, Receive, Scope, Send

WEBHOOKS = "/webhooks/nectar"


class Application(Starlette):
    """Starlette, but that POST /webhooks/nectar goes to its endpoint past middleware and router.

    These take longer than to verify a message, and the endpoint answers all errors itself.
    """

    def __init__(
        self,
        webhook: ASGIApp,
        pages: list[Route],
        exception_handlers: Mapping[Any, ExceptionHandler],
        lifespan: Lifespan[Starlette],
    ) -> None:
        routes = [Route(WEBHOOKS, webhook, methods=["POST"]), *pages]
        super().__init__(routes=routes, exception_handlers=exception_handlers, lifespan=lifespan)
        self._webhook = webhook
        # A sender takes a redirect for a failure, and one is made of the Host header, whatever that says.
        self.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI application. Where somebody added middleware, all goes through that."""
        if (
            scope["type"] == "http"
            and scope["path"] == WEBHOOKS
            and scope["method"] == "POST"
            and not self.user_middleware
        ):
            await self._webhook(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
