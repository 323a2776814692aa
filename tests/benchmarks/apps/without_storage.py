"""The router's web process, all but the write: what is accepted is answered at once and kept nowhere.

Left out are the script that accepts in Redis, redis-py's work for it, and the way there and back. The rest is
the Procfile's process: its HTTP, its checks, its log, its looks at Redis.
"""

from unittest import mock

from receiver.journal import Intake, Message, Receipt, Reception
from receiver.web.__main__ import main


class Nowhere(Intake):
    """Takes everything in and keeps nothing."""

    async def accept(self, message: Message) -> Receipt:
        """Answer as if it were written."""
        return Receipt(Reception.ACCEPTED, "1700000000000-0")


if __name__ == "__main__":
    with mock.patch("receiver.web.Intake", Nowhere):
        main()
