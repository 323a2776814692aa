"""Where in a plugin something went wrong: the rest of a traceback says nothing to who wrote it."""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from receiver.api import Handler

OURS = str(Path(__file__).parents[2])
"""Where the router's own code is."""


def frames_of_import(error: BaseException) -> Iterator[str]:
    """The lines that an import came by, without those of the import machinery."""
    for frame in traceback.extract_tb(error.__traceback__):
        if "importlib" not in frame.filename and not frame.filename.startswith(OURS):
            yield _told(frame)


def frames_of_run(error: BaseException, handler: Handler[Any]) -> Iterator[str]:
    """The handler's own lines that an error came by."""
    module = sys.modules.get(handler.run.__module__.partition(".")[0])
    file = getattr(module, "__file__", None) or "?"
    # A package is a folder, a module one file among many.
    own = str(Path(file).parent) + "/" if hasattr(module, "__path__") else file
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(own):
            yield _told(frame)


def _told(frame: traceback.FrameSummary) -> str:
    return f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}"
