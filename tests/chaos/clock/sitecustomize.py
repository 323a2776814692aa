"""Puts the clock of a Python process wrong by CLOCK_OFFSET seconds; Python imports it when it starts.

It shifts `time.time` and `time.time_ns`, which is what the router, arq and the logs go by. The monotonic
clock stays, as it does when a machine's clock is set.
"""

import os
import time

OFFSET = float(os.environ.get("CLOCK_OFFSET", "0"))
_time, _time_ns = time.time, time.time_ns

if OFFSET:
    time.time = lambda: _time() + OFFSET
    time.time_ns = lambda: _time_ns() + int(OFFSET * 1e9)
