"""A handler's target in earnest: a server on this machine that keeps what it is posted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Post:
    """A request."""

    headers: "Message[str, str]"
    body: dict[str, Any]


class Target(ThreadingHTTPServer):
    """Answers `code` with an id, and keeps what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.posts: list[Post] = []
        self.code = 201
        self.retry_after = ""

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_port}/pages"


class _Answering(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.posts.append(Post(self.headers, json.loads(self.rfile.read(length))))
        answer = json.dumps({"id": f"page-{len(self.server.posts)}"}).encode()
        self.send_response(self.server.code)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
        """Say nothing."""


@contextmanager
def running_target() -> Iterator[Target]:
    """A target while the block runs."""
    with Target() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
