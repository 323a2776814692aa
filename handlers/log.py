"""One log line for each change: the smallest handler there is, and the one to copy for your own."""

from pydantic import BaseModel

from receiver.api import Change, Context, Done, Outcome, handler


@handler("log")
async def log(change: Change, ctx: Context[BaseModel]) -> Outcome:
    """Write one log line for each change of a connection."""
    # Names of fields, never their values: logs outlive the data, and some of it is personal.
    ctx.log.info(
        "change",
        status=change.connection.status,
        previous_status=change.previous_status,
        changed=sorted(change.changed),
        events=len(change.events),
    )
    return Done()
