"""POST /webhooks/nectar: verify, understand, accept, answer."""

import time
import uuid
from collections.abc import Mapping

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from receiver.journal import Intake, Message, Reception
from receiver.signature import HEADER_FAMILIES, SignatureError, Verifier
from receiver.web.admission import Admission
from receiver.web.body import check_headers, read
from receiver.web.counting import Counting
from receiver.web.payload import Foreign, Malformed, Misfit, understand
from receiver.web.problems import Problem

log = structlog.get_logger(__name__)

ABORT = {"webhook-delivery": "abort-message"}
"""Tells Svix that trying this message again is of no use, https://docs.svix.com/retries."""
LONGEST_LOGGED = 100
"""Characters that are repeated of an id or a type: senders choose them."""


class WebhookEndpoint:
    """Takes Nectar's webhooks."""

    def __init__(
        self,
        intake: Intake,
        admission: Admission,
        counting: Counting,
        *,
        verifier: Verifier | None,
        allow_unsigned: bool,
    ) -> None:
        self._intake = intake
        self._admission = admission
        self._counting = counting
        self._verifier = verifier
        self._allow_unsigned = allow_unsigned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI application: answer 2xx only once event and work are in Redis."""
        headers = _headers(scope)
        try:
            response = await self._receive(Request(scope, receive), headers)
        except Problem as problem:
            self._counting.add(f"refused:{problem.status}")
            message = _claimed_id(headers)[:LONGEST_LOGGED] or None
            log.warning("refused", message=message, status=problem.status, reason=problem.detail)
            raise
        await response(scope, receive, send)

    async def _receive(self, request: Request, headers: Mapping[str, str]) -> Response:
        began = time.perf_counter()
        if self._verifier is None and not self._allow_unsigned:
            raise self._admission.closed("NECTAR_WEBHOOK_SECRET is not set: this endpoint takes no messages.")
        check_headers(headers)
        body = await read(request)
        message_id = self._authenticate(headers, body)
        try:
            understood = understand(message_id, body)
        except Malformed as error:
            raise Problem(400, f"The body is not JSON. {error}") from None
        match understood:
            case Foreign(type=kind):
                self._counting.add("ignored")
                reason = f"{kind[:LONGEST_LOGGED]} is not an event of a connection"
                return JSONResponse({"status": "ignored", "reason": reason})
            case Misfit():
                return await self._quarantine(message_id, understood)
            case Message():
                return await self._accept(understood, began)

    def _authenticate(self, headers: Mapping[str, str], body: bytes) -> str:
        if self._verifier is None or (self._allow_unsigned and not _is_signed(headers)):
            return _claimed_id(headers) or f"unsigned_{uuid.uuid4().hex}"
        try:
            return self._verifier.verify(headers, body, time.time()).message_id
        except SignatureError as error:
            raise Problem(401, f"Not authentic: {error}.") from None

    async def _accept(self, message: Message, began: float) -> Response:
        self._admission.check()
        try:
            receipt = await self._intake.accept(message)
        except (RedisError, OSError) as error:
            raise self._admission.unavailable(error, message.id) from error
        if receipt.reception is Reception.OVERLOADED:
            raise self._admission.closed("Too much work is waiting.")
        if receipt.reception is Reception.DUPLICATE:
            return JSONResponse({"status": "duplicate"})
        for field, values in message.flags.items():
            self._counting.add(f"unknown:{field}", len(values))
        log.debug(
            "accepted",
            type=message.type[:LONGEST_LOGGED],
            connection=message.connection,
            message=message.id,
            event_id=receipt.event,
            unknown=message.flags or None,
            took_ms=round((time.perf_counter() - began) * 1000, 1),
        )
        # Ids of the journal need no escaping.
        body = f'{{"id":"{receipt.event}","status":"accepted"}}'
        return Response(body, 202, media_type="application/json")

    async def _quarantine(self, message_id: str, misfit: Misfit) -> Response:
        self._admission.check()
        try:
            await self._intake.quarantine(message_id, misfit.payload, misfit.errors)
        except (RedisError, OSError) as error:
            raise self._admission.unavailable(error, message_id) from error
        log.warning("quarantined", message=message_id, errors=misfit.errors)
        raise Problem(
            422,
            "The message does not fit the schema. It is kept, to be validated anew after an upgrade.",
            headers=ABORT,
            errors=misfit.errors,
        )


def _headers(scope: Scope) -> dict[str, str]:
    """The headers by name in lower case; of one that comes several times the first.

    Starlette's own look through all of them for each that they are asked for.
    """
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _is_signed(headers: Mapping[str, str]) -> bool:
    return any(f"{family}-signature" in headers for family in HEADER_FAMILIES)


def _claimed_id(headers: Mapping[str, str]) -> str:
    """The message's id as its headers say, before anybody has checked them; empty when they do not."""
    return headers.get("svix-id") or headers.get("webhook-id", "")
