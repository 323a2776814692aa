"""Answers that come by the thousand."""

from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from receiver.web.whole import write_whole

JSON = (b"content-type", b"application/json")


@dataclass(slots=True)
class Ready:
    """The whole answer to a POST, in JSON, as an ASGI application. Starlette's takes five times as long."""

    status: int
    body: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        length = b"%d" % len(self.body)
        head = b"content-length: %b\r\ncontent-type: application/json\r\n" % length
        if not write_whole(send, self.status, head, self.body):
            headers = [(b"content-length", length), JSON]
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send({"type": "http.response.body", "body": self.body})
