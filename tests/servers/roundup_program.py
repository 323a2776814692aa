"""Roundup (https://www.roundup-tracker.org), a tracker with a REST interface, as a program of its own.

`python -m tests.servers.roundup_program FOLDER PORT PASSWORD CALLS`: makes a tracker in the folder and serves
it on 127.0.0.1. CALLS: how many requests an hour its rate limit takes from one user; 0: any number.
Its own `roundup-server` refuses to run as root; its WSGI application does not.
"""

import sys
from importlib.metadata import files
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from roundup import configuration, init, instance  # type: ignore[import-untyped]  # it bears no types
from roundup.cgi.wsgi_handler import RequestDispatcher  # type: ignore[import-untyped]  # it bears no types
from roundup.password import Password  # type: ignore[import-untyped]  # it bears no types


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
        """One request."""


class Server(ThreadingMixIn, WSGIServer):
    """Takes requests side by side."""

    daemon_threads = True


def make(home: Path, port: int, password: str, calls: int) -> None:
    """A tracker whose issues have a key, and whose detectors do nothing by themselves."""
    [template] = (
        file for file in files("roundup") or () if file.match("templates/classic/TEMPLATE-INFO.txt")
    )
    init.install(str(home), str(Path(str(template.locate())).resolve().parent))
    for detector in (home / "detectors").glob("*.py"):
        detector.unlink()
    schema = home / "schema.py"
    plain = 'issue = IssueClass(db, "issue",'
    assert plain in schema.read_text()
    schema.write_text(schema.read_text().replace(plain, f"{plain}\n                nectar_key=String(),"))
    config = configuration.CoreConfig()
    settings = {
        "TRACKER_WEB": f"http://127.0.0.1:{port}/",
        "TRACKER_NAME": "Tests",
        "MAIL_DOMAIN": "example.com",
        "MAILHOST": "localhost",
        "RDBMS_BACKEND": "sqlite",
        "WEB_ENABLE_REST": "yes",
        "WEB_API_CALLS_PER_INTERVAL": str(calls),
        "WEB_API_INTERVAL_IN_SEC": "3600",
        # It checks the password at each request; by default that takes most of the time.
        "PASSWORD_PBKDF2_DEFAULT_ROUNDS": "1000",
    }
    for name, value in settings.items():
        config[name] = value
    config.save(str(home / "config.ini"))
    instance.open(str(home)).init(Password(password, config=config))


def main() -> None:
    """Make it if there is none yet, and serve it until it is ended."""
    home, port, password, calls = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    if not home.exists():
        make(home, port, password, calls)
    with make_server("127.0.0.1", port, RequestDispatcher(str(home)), Server, Quiet) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
