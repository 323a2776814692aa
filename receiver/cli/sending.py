"""`nectar-router send`: signs one webhook and posts it to a running endpoint."""

import os
import time
from http import HTTPStatus
from uuid import uuid4

import httpx
import typer

from receiver.cli.examples import Order, body_of, subject_of
from receiver.cli.folder import Address, find_address
from receiver.cli.output import Failed, console
from receiver.describing import describe
from receiver.signature import decode_secret, sign
from receiver.simulator import catalogue
from receiver.simulator.catalogue import Json

__all__ = ["Order", "run"]

USUAL_URL = "http://127.0.0.1:8000/webhooks/nectar"
PATIENCE = 15.0
"""Seconds that Svix waits for an answer."""


def run(order: Order) -> int:
    """Send it and print what was answered; the exit code. Raises Failed."""
    dev = find_address(order.data)
    if order.url and dev and order.url != dev.webhook_url:
        dev = None
    key = _key(order, dev)
    url = order.url or (dev.webhook_url if dev else USUAL_URL)
    message_id = order.message_id or f"msg_{uuid4().hex}"
    # Beside `dev` a connection of its own for each: what was sent before must not make it no news.
    body = body_of(order, order.connection or (str(uuid4()) if dev else ""))
    about = subject_of(body)
    # A proxy, if there is one, leads to the world and not to this machine.
    with httpx.Client(timeout=PATIENCE, trust_env=dev is None) as http:
        if dev and about:
            _make_known(http, dev.simulator_url, about, order.fixture)
        began = time.perf_counter()
        answer = _post(http, url, key, body, message_id)
        took = time.perf_counter() - began
    out = console()
    out.print(f"POST {url}", soft_wrap=True, markup=False)
    out.print(f"message     {message_id}{'' if key else ' (not signed: no secret is set)'}", markup=False)
    if about:
        out.print(f"connection  {about['id']}", markup=False)
    style = "green" if answer.is_success else "bold red"
    out.print(f"{answer.status_code} {answer.reason_phrase} in {took * 1000:.0f} ms", style=style)
    out.print(answer.text, soft_wrap=True, markup=False)
    return 0 if answer.is_success else 1


def _key(order: Order, dev: Address | None) -> bytes | None:
    secret = order.secret or (dev.webhook_secret if dev else os.environ.get("NECTAR_WEBHOOK_SECRET", ""))
    try:
        return decode_secret(secret.split(",")[0].strip()) if secret else None
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--secret") from None


def _make_known(http: httpx.Client, simulator: str, about: Json, fixture: str) -> None:
    """Have dev's stand-in Nectar know the connection, in this situation, so that the router can fetch it."""
    situation = fixture if fixture in catalogue.names() else _situation(about["id"])
    status = {"status": about["status"]} if "status" in about else {}
    switches = f"{simulator}/_control/connections"
    change = {"fixture": situation, "fields": status, "send": False}
    try:
        if http.post(f"{switches}/{about['id']}", json=change).status_code == HTTPStatus.NOT_FOUND:
            http.post(switches, json=change | {"fields": status | {"id": about["id"]}})
    except httpx.HTTPError:
        return  # the endpoint's own answer tells more


def _situation(connection: object) -> str:
    """The example whose id this is, or one that will do."""
    return next(
        (name for name in catalogue.names() if catalogue.connection(name)["id"] == connection), "connected"
    )


def _post(http: httpx.Client, url: str, key: bytes | None, body: bytes, message_id: str) -> httpx.Response:
    now = int(time.time())
    headers = {"content-type": "application/json", "svix-id": message_id, "svix-timestamp": str(now)}
    if key is not None:
        headers["svix-signature"] = sign(key, message_id, now, body)
    try:
        return http.post(url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failed(
            f"No answer from {url} ({describe(error)}). Does it run? `nectar-router dev` does."
        ) from None
