"""`python -m receiver.web`: the web process as the Procfile runs it."""

import argparse
import signal
import sys
from collections.abc import Sequence

import uvicorn
from starlette.applications import Starlette

from receiver.garbage import look_less_for_garbage
from receiver.telemetry import Redactor, configure_logging
from receiver.web import create_app, settings_or_exit

EVERYWHERE = "0.0.0.0"  # noqa: S104 - a platform's router reaches it by an address that is not known before
KEEP_ALIVE = 100
"""Seconds; more than the routers of platforms take, so that none is closed just as a request comes by it."""
GRACE = 20
"""Seconds that requests in hand are given when the process is stopped."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, finish what is in hand, and exit with 0."""
    # uvicorn takes the signal, and when all is finished it raises it anew for whom it found here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    parser = argparse.ArgumentParser("python -m receiver.web", description=__doc__)
    parser.add_argument("--host", default=EVERYWHERE, help="the address to listen at (default: %(default)s)")
    host = parser.parse_args(arguments).host
    # Here, and not by each of several processes, which would be started again and again.
    settings = settings_or_exit()
    configure_logging(settings.log_format, Redactor(), settings.log_level)
    uvicorn.run(
        "receiver.web.__main__:serving_app",
        factory=True,
        host=host,
        port=settings.port,
        workers=settings.web_concurrency,
        loop="uvloop",
        http="receiver.web.guarded:Guarded",
        ws="none",
        access_log=False,
        # Nobody asks who sends, or through whom: it is the signature that counts.
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def serving_app() -> Starlette:
    """The application, once in each process that serves."""
    app = create_app()
    look_less_for_garbage()
    return app


if __name__ == "__main__":
    main()
