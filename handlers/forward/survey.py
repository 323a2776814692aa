"""Where the targets are, and whether that is allowed: what is asked before anything is posted."""

import asyncio

from handlers.forward.addresses import trouble_with
from handlers.forward.options import Options
from handlers.forward.resolving import LookUp, addresses_of, is_proxied, public_addresses
from handlers.forward.target import Target


async def survey(options: Options, look_up: LookUp) -> str:
    """One phrase for each target. Raises PermissionError or ConnectionError for the first that is amiss."""
    find = _anywhere if options.allow_private else _on_the_internet
    phrases = await asyncio.gather(*(find(target, look_up) for target in options.targets))
    return "; ".join([*phrases, *([] if options.keys else ["nothing is signed: FORWARD_SECRET is not set"])])


async def _on_the_internet(target: Target, look_up: LookUp) -> str:
    addresses = await public_addresses(target, look_up)
    return f"{target} is at {addresses[0]}"


async def _anywhere(target: Target, look_up: LookUp) -> str:
    if is_proxied(target):
        return f"{target} is reached by a proxy"
    [address, *_] = await addresses_of(target, look_up)
    kind = trouble_with(address)
    return f"{target} is at {address} ({kind}, allowed)" if kind else f"{target} is at {address}"
