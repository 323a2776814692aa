"""The least that a webhook endpoint on Starlette does: read the body, answer 202."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def hook(request: Request) -> Response:
    """Take anything for good."""
    await request.body()
    return Response(status_code=202)


app = Starlette(routes=[Route("/webhooks/nectar", hook, methods=["POST"])])
