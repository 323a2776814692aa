"""Apprise at arm's length: one message to one place.

Apprise (https://appriseit.com) is an extra, imported when it is first needed.
"""

import logging
import re
import warnings
from functools import cache
from typing import Any

from handlers.chat.message import Message
from handlers.chat.target import Target

INSTALL = 'pip install "nectar-router[chat]"'
PATIENCE = 20.0
"""Seconds for one message."""
_CODE = re.compile(r"\berror=(\d{3})\b")


class NotInstalledError(ValueError):
    """The extra is not installed."""

    def __init__(self) -> None:
        super().__init__(f"needs Apprise, which is not installed: {INSTALL}")


@cache
def _apprise() -> Any:
    try:
        with warnings.catch_warnings():
            # On Python 3.11 and 3.12 one of its modules imports one of Python's that is to go.
            warnings.simplefilter("ignore", DeprecationWarning)
            import apprise

            apprise.Apprise.instantiate("json://localhost")  # imports its services, once for all
    except ImportError:
        raise NotInstalledError from None
    # Its warnings name the "host", which in many of its URLs is a token. What they say is in our errors.
    logger = logging.getLogger("apprise")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return apprise


def is_understood(url: str) -> bool:
    """Whether Apprise makes something of this URL. Raises NotInstalledError."""
    return _service(url) is not None


async def notify(target: Target, message: Message) -> None:
    """Send, in a thread of Apprise's own. Raises ConnectionError or TimeoutError, which say nothing secret.

    Apprise only says whether it worked, so whatever is wrong over there is tried again.
    """
    apprise = _apprise()
    # Made anew each time: those that are kept wait between two messages, in their thread.
    sender = apprise.Apprise(asset=_asset())
    sender.add(_service(target.url))
    result = await sender.async_notify(
        title=message.title,
        body=message.body,
        notify_type=apprise.NotifyType(message.kind.value),
        body_format=apprise.NotifyFormat.TEXT,
        timeout=PATIENCE,
    )
    if result.status is apprise.AppriseResultStatus.TIMEOUT:
        raise TimeoutError(f"{target} did not answer within {PATIENCE:g} s")
    if not result:
        raise ConnectionError(f"{target} did not take the message: {_cause(result)}")


def _cause(result: Any) -> str:
    """The code of the answer, where Apprise logged it. The rest of its lines may hold tokens."""
    lines = (entry.message for service in result.results for entry in service.logs())
    codes = [found[1] for line in lines if (found := _CODE.search(line))]
    return f"it answered {codes[-1]}" if codes else "no connection, or no answer that makes sense"


def _service(url: str) -> Any:
    return _apprise().Apprise.instantiate(url, asset=_asset())


def _asset() -> Any:
    # Without its images, which readers' programs would fetch from a public place.
    return _apprise().AppriseAsset(app_id="Nectar Router", image_url_mask="")
