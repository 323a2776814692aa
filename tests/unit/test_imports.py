"""Processes import only what they use: it is memory and time at each start."""

import subprocess
import sys

WORKERS_ONLY = ["aiohttp", "arq", "httpx", "receiver.api", "prometheus_client", "jinja2", "typer"]


def test_the_web_process_leaves_out_what_only_others_need() -> None:
    """The metrics' package comes when somebody asks for them."""
    code = f"import sys, receiver.web.__main__; print([m for m in {WORKERS_ONLY} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
