"""HTTP on a socket, with what uvicorn leaves open: heads without end, slow ones, and senders that go."""

import asyncio
from typing import cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from receiver.web.problems import Problem

LARGEST_HEAD = 1024 * 1024
"""Bytes. httptools gathers a header for as long as it goes on."""


class Guarded(HttpToolsProtocol):
    """uvicorn's protocol, for which a sender without end or without haste is not somebody to wait for."""

    slowest_head = 30.0
    """Seconds within which a head must have arrived: more than requests before it can take, and its body."""
    _head = 0
    _deadline: float | None = None
    """Until when a head must have arrived, or begun to; None: none is awaited."""
    _idle = False
    """Nothing of the head that is awaited has come: the sender may say nothing, and go."""
    _timer: asyncio.TimerHandle | None = None
    """Looks at the deadline. One for many requests: one for each would cost as much as the rest."""
    _upgraded = False
    _in_hand: tuple[RequestResponseCycle, ...] = ()
    """The request that is being answered. Those after it wait in uvicorn's pipeline."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected, and is expected to say something."""
        super().connection_made(cast(asyncio.Transport, transport))
        # uvicorn makes the lines of its access log though its logger is turned down, and drops them.
        self.access_log = False
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody has gone. uvicorn tells the newest request; those before would write into the void."""
        self._end_of_head()
        if self._timer is not None:
            self._timer.cancel()
        for cycle in (*self._in_hand, *(waiting for waiting, _ in self.pipeline)):
            cycle.disconnected = not cycle.response_complete
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        if self._upgraded:
            return
        if self._deadline is not None and not self._idle:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(Problem(431, f"The headers must not be larger than {LARGEST_HEAD} bytes."))
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        super().on_message_begin()
        if self._deadline is None or self._idle:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head of a request is complete."""
        self._end_of_head()
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # httptools takes what follows for another protocol and leaves it to us, who know no other.
            self._upgraded = True
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._in_hand = (cycle,)
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """An answer is complete: the next request, if there is one. uvicorn makes a timer for each wait."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._deadline is None:
            self._idle = True
            self._await(self.timeout_keep_alive)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(Problem(400, msg))

    def _await_head(self) -> None:
        self._idle = False
        self._await(self.slowest_head)

    def _await(self, seconds: float) -> None:
        self._head = 0
        self._deadline = self.loop.time() + seconds
        if self._timer is None:
            self._look_at(self._deadline)

    def _end_of_head(self) -> None:
        self._deadline = None

    def _look_at(self, moment: float) -> None:
        # Never later than the head of a request that begins in the next instant may come.
        self._timer = self.loop.call_at(min(moment, self.loop.time() + self.slowest_head), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._deadline > self.loop.time():
            self._look_at(self._deadline)
        elif self._idle:
            self.timeout_keep_alive_handler()
        else:
            self._refuse(Problem(408, f"The headers did not arrive within {self.slowest_head:g} seconds."))

    def _refuse(self, problem: Problem) -> None:
        self._end_of_head()
        if self.transport.is_closing():
            return
        response = problem.response()
        headers = [*response.raw_headers, (b"connection", b"close")]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[response.status_code], *lines, b"\r\n", response.body]))
        self.transport.close()
