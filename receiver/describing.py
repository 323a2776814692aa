"""An error in a line. Apart from policy, which knows httpx: the web process has no use for that."""

LONGEST_TEXT = 1000


def describe(error: BaseException) -> str:
    """The error in one line: its class, and its text where there is any, cut where it is a whole page."""
    text = " ".join(str(error).split())[:LONGEST_TEXT]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
