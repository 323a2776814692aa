"""Ends what `dev` has started when `dev` itself is gone, however it went: even kill -9.

Run as a file and not as a module, so that it starts in no time. It leads the process group that all of the
programs are in, and its standard input is a pipe that ends when `dev` does. It also holds the lock of the
data folder, which is thereby free only once nobody writes there any more.
"""

import os
import signal
import sys
import time

PATIENCE = 3.0
"""Seconds for the programs to end well."""


def main() -> None:
    """Wait for the end of `dev`, then end the group, this process included."""
    sys.stdin.buffer.read()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    time.sleep(PATIENCE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
