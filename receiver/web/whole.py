"""An answer in one write."""

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


def write_whole(send: Send, status: int, headers: bytes, body: bytes) -> bool:
    """Write an answer at once, if `send` is uvicorn's own; whether it was. Not for HEAD.

    By ASGI head and body are two messages, and uvicorn writes each as it comes: two calls of the kernel that
    wake the receiver twice and take longer than to verify the message. Where anything stands in between (a
    middleware, uvicorn's access log, a receiver that does not read), they go the usual way.
    """
    cycle = getattr(send, "__self__", None)
    if (
        not isinstance(cycle, RequestResponseCycle)
        or cycle.response_started
        or cycle.disconnected
        or cycle.flow.write_paused
        or cycle.access_log
    ):
        return False
    always = [b"%b: %b\r\n" % header for header in cycle.default_headers]
    last = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    cycle.transport.write(b"".join((STATUS_LINE[status], *always, headers, last, body)))
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
