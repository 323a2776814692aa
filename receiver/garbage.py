"""Python's garbage collector, in a process that serves for long."""

import gc

YOUNG = 20_000
"""New objects after which it looks through them. By Python's own 700 that is a twentieth of all work."""


def look_less_for_garbage() -> None:
    """To be called when all is imported and made that lives as long as the process.

    It is not looked through any more: that takes tens of milliseconds each time, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
