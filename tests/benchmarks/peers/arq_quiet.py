"""arq with all that makes it faster: its settings, uvloop, and no two log lines for each job.

Results are kept, as the router keeps a record of each attempt. 1,000 jobs at a time were no faster.
"""

import asyncio

import uvloop

from tests.benchmarks.peers.arq_jobs import FUNCTIONS, REDIS, open_client

# arq takes the loop that there is; the router runs on this one.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

QUIET = {"version": 1, "disable_existing_loggers": False, "loggers": {"arq": {"level": "WARNING"}}}
"""For `--custom-log-dict`."""


class Quiet:
    """The worker's settings."""

    functions = FUNCTIONS  # arq does not look at what a class inherits
    on_startup = open_client
    redis_settings = REDIS
    max_jobs = 100
    poll_delay = 0.01
    log_results = False
