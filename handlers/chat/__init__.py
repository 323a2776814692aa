"""The `chat` handler: tells a channel, a pager or a phone of trouble, and when it is over.

`routes` says where, `episode` what is due, `message` and `words` write, `notifying` sends.
"""

import asyncio
from collections.abc import Sequence

import httpx

from handlers.chat.episode import Memory, due
from handlers.chat.message import Message, compose
from handlers.chat.notifying import notify
from handlers.chat.options import Options
from handlers.chat.target import Target
from receiver.api import Change, Context, Done, Outcome, RetryLater, Skipped, Status, handler

__all__ = ["Options", "chat"]


# Each message has a thread that waits for its answer: so many at a time are enough.
@handler("chat", options=Options, changed={"status"}, timeout=30, concurrency=4)
async def chat(change: Change, ctx: Context[Options]) -> Outcome:
    """Tell Slack, Teams, PagerDuty and others of trouble, and when a connection works again."""
    status, targets = change.connection.status, ctx.options.targets
    memory = _recall(ctx).looked_at(status, targets)
    _remember(ctx, memory)
    routed = ctx.options.places_of(status)
    told = [targets[place] for place in due(status, routed, memory)]
    if not told:
        return Skipped(_why_not(status, routed))
    message = compose(change.connection, ctx.options.link)
    results = await asyncio.gather(
        *(_tell(target, status, message, ctx) for target in told), return_exceptions=True
    )
    if failures := [result for result in results if result is not None]:
        return _again(failures, ctx)
    _remember(ctx, _recall(ctx).without_failure())
    return Done(", ".join(map(str, told)))


@chat.preflight
async def list_targets(options: Options, http: httpx.AsyncClient) -> str:
    """Which places there are. Apprise cannot try one without sending a message there."""
    return f"{', '.join(map(str, options.targets.values()))}; not tried, since that would send a message"


async def _tell(target: Target, status: Status, message: Message, ctx: Context[Options]) -> None:
    async def say() -> str:
        shown = {"to": str(target), "title": message.title, "text": message.body, "as": str(message.kind)}
        await ctx.outside("chat", shown, lambda: notify(target, message), instead=None)
        return str(status)

    told = _recall(ctx).of(target.digest)
    while told.status != status:
        # What was said before a crash may have been about an older status: then there is more to say.
        told = told.then(await ctx.once(f"{target.digest}/{told.number + 1}", say))
        _remember(ctx, _recall(ctx).with_told(target.digest, told))


def _again(failures: Sequence[BaseException], ctx: Context[Options]) -> RetryLater:
    """Raises what is no place's fault; and the failure of a place when there is no other that is well.

    Else the router would take the target for down and let all wait, a pager for the sake of a chat.
    """
    for failure in failures:
        if not isinstance(failure, OSError):
            raise failure
    if len(failures) == len(ctx.options.targets):
        raise failures[0]
    memory = _recall(ctx).with_failure()
    _remember(ctx, memory)
    return RetryLater(memory.pause, "; ".join(map(str, failures)))


def _recall(ctx: Context[Options]) -> Memory:
    return Memory.model_validate(ctx.memory)


def _remember(ctx: Context[Options], memory: Memory) -> None:
    ctx.memory.update(memory.model_dump(mode="json"))


def _why_not(status: Status, routed: Sequence[str]) -> str:
    if status.healthy:
        return "nobody was told of trouble"
    if not routed:
        return f"{status or 'no status'} is told nowhere"
    return "everybody has been told"
