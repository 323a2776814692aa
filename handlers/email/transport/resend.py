"""One mail to Resend, over HTTPS, and what its answers mean.

https://resend.com/docs/api-reference/emails/send-email

Errors name Resend's codes only: its messages often repeat an address.
"""

import re
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

import httpx

from handlers.email.options import Options
from handlers.email.transport.errors import DeferredError, RefusedError

HEADERS = ("In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe")
"""Of the mail, what its fields do not say. Resend gives it a Date and a Message-ID of its own."""
ABOUT_THE_SENDER = {"invalid_from_address", "invalid_api_key"}
"""Codes under 400 and 422 that no mail of ours would get past."""
UNVERIFIED = {"not_started", "pending", "failed"}
"""Statuses of a domain that nothing can be sent from. https://resend.com/docs/dashboard/domains/introduction"""


async def send(message: EmailMessage, key: str, options: Options, http: httpx.AsyncClient) -> str:
    """Hand `message` to Resend; its id there, or "" when Resend took it at an earlier attempt.

    `key`: up to 256 characters. Resend remembers it for 24 hours and sends one mail for it.
    """
    reply = await http.post(
        f"{options.resend_url}/emails",
        json=payload(message),
        headers={**_authorization(options), "Idempotency-Key": key},
    )
    if reply.is_success:
        return str(_json(reply).get("id") or "")
    if (reply.status_code, code_of(reply)) == (HTTPStatus.CONFLICT, "invalid_idempotent_request"):
        # This key came with another text before, such as another link: that mail is out, its reply was lost.
        # https://resend.com/docs/dashboard/emails/idempotency-keys
        return ""
    raise judge(reply)


async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether Resend takes our key and lets us send as EMAIL_FROM, in a few words. Raises as `send` does."""
    reply = await http.get(f"{options.resend_url}/domains", headers=_authorization(options))
    domain = options.from_address.domain
    if code_of(reply) == "restricted_api_key":
        return (
            f"Resend knows the key, which may only send: whether {domain} is verified, the first mail shows"
        )
    if not reply.is_success:
        raise judge(reply)
    status = _statuses(reply).get(domain.lower())
    if status is None:
        raise PermissionError(f"Resend takes the key, but {domain} of EMAIL_FROM is none of its domains")
    if status in UNVERIFIED:
        raise PermissionError(
            f"Resend takes the key, but {domain} of EMAIL_FROM is not verified there: {status}"
        )
    return f"Resend takes the key; {domain} there: {status.replace('_', ' ')}"


def payload(message: EmailMessage) -> dict[str, Any]:
    """The mail as Resend wants it."""
    mail: dict[str, Any] = {
        "from": str(message["From"]),
        "to": [address.addr_spec for address in message["To"].addresses],
        "subject": str(message["Subject"]),
        "text": _content(message, "plain"),
        "html": _content(message, "html"),
        "headers": {name: str(message[name]) for name in HEADERS},
    }
    if "Reply-To" in message:
        mail["reply_to"] = [str(message["Reply-To"])]
    return mail


def judge(reply: httpx.Response) -> Exception:
    """What to raise for an answer that is no success. https://resend.com/docs/api-reference/errors"""
    status, code = reply.status_code, code_of(reply)
    said = f"Resend answered {status} {code}".rstrip()
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
        # The router honours its Retry-After.
        return httpx.HTTPStatusError(said, request=reply.request, response=reply)
    if status == HTTPStatus.CONFLICT:
        return DeferredError(f"{said}: an earlier attempt at this mail is still under way")
    if status == HTTPStatus.UNAUTHORIZED or _refuses_key(reply):
        return PermissionError(f"{said}: it does not take the key; check EMAIL_RESEND_API_KEY")
    if status == HTTPStatus.FORBIDDEN or code in ABOUT_THE_SENDER:
        return PermissionError(f"{said}: the domain of EMAIL_FROM must be verified there")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) or status < 400:
        return PermissionError(f"{said}: that is not Resend's API; check EMAIL_RESEND_URL")
    return RefusedError(f"{said}: it does not take this mail")


def code_of(reply: httpx.Response) -> str:
    """Resend's name for what is wrong, such as `validation_error`; "" where there is none."""
    name = _json(reply).get("name")
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]{1,60}", name) else ""


def _refuses_key(reply: httpx.Response) -> bool:
    # A wrong key has been answered 400 validation_error too: only the message tells it from a wrong field.
    return code_of(reply) == "invalid_api_key" or _json(reply).get("message") == "API key is invalid"


def _statuses(reply: httpx.Response) -> dict[str, str]:
    listed = _json(reply).get("data")
    domains = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {str(each.get("name")).lower(): str(each.get("status")) for each in domains}


def _authorization(options: Options) -> dict[str, str]:
    assert options.resend_api_key is not None, "only for EMAIL_TRANSPORT=resend"
    return {"Authorization": f"Bearer {options.resend_api_key.get_secret_value()}"}


def _content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""


def _json(reply: httpx.Response) -> dict[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
