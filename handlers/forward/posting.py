"""One message to one target, and what its answer means.

No error names more of a URL than its host: paths and queries of webhooks often are secrets.
"""

from collections.abc import Sequence

import httpx

from handlers.forward.encoding import Message
from handlers.forward.target import Target

USER_AGENT = "nectar-router"


async def post(http: httpx.AsyncClient, target: Target, message: Message, addresses: Sequence[str]) -> int:
    """Post, and return the status code that took it.

    `addresses`: one of these is connected to, the first that can be, and none is looked up again. None
    given: the way that `http` finds.

    Raises httpx.HTTPStatusError for an answer other than 2xx, or httpx.TransportError.
    """
    try:
        reply = await _first_answer(http, target, message, addresses or ("",))
    except httpx.TransportError as error:
        raise type(error)(f"{target}: {error}" if str(error) else str(target)) from None
    if not reply.is_success:
        raise _refusal(target, reply)
    return reply.status_code


async def _first_answer(
    http: httpx.AsyncClient, target: Target, message: Message, addresses: Sequence[str]
) -> httpx.Response:
    *others, last = addresses
    for address in others:
        try:
            return await _answer(http, _request(target, message, address))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue  # nothing was sent yet
    return await _answer(http, _request(target, message, last))


async def _answer(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer without its body, which may be of any length and says nothing to us."""
    reply = await http.send(request, stream=True, follow_redirects=False)
    await reply.aclose()
    return reply


def _request(target: Target, message: Message, address: str) -> httpx.Request:
    """Not by `http.build_request`: no cookie that one target set is sent to another."""
    # httpx keeps connections by address, but this one is shown the certificate of one name: it must not be
    # used again for another name at the same address. And a body that is not read leaves none to be used.
    own = {"Host": str(target), "User-Agent": USER_AGENT, "Connection": "close"}
    headers = {**message.headers, **own}
    if not address:
        return httpx.Request("POST", target.url, headers=headers, content=message.body)
    return httpx.Request(
        "POST",
        target.url.copy_with(host=address),
        headers=headers,
        content=message.body,
        # The name to ask for, and to demand of the certificate.
        extensions={"sni_hostname": target.host},
    )


def _refusal(target: Target, reply: httpx.Response) -> httpx.HTTPStatusError:
    shown = httpx.Request("POST", target.url.copy_with(userinfo=b"", raw_path=b"/"))
    return httpx.HTTPStatusError(f"{target} answered {reply.status_code}", request=shown, response=reply)
