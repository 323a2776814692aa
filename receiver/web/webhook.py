"""POST /webhooks/nectar: verify, understand, accept, answer."""

import time
import uuid
from collections.abc import Mapping
from itertools import chain
from logging import DEBUG

import structlog
from redis.exceptions import RedisError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from receiver.journal import Intake, Message, Reception
from receiver.signature import HEADER_FAMILIES, HEADER_NAMES, SignatureError, Verifier
from receiver.web.admission import Admission
from receiver.web.answers import Ready
from receiver.web.body import check_headers, read
from receiver.web.counting import Counting
from receiver.web.payload import Foreign, Malformed, Misfit, understand
from receiver.web.problems import Problem, fault

log = structlog.get_logger(__name__)

ABORT = {"webhook-delivery": "abort-message"}
"""Tells Svix that trying this message again is of no use, https://docs.svix.com/retries."""
LONGEST_LOGGED = 100
"""Characters that are repeated of an id or a type: senders choose them."""
ASKED_FOR = {
    name.encode(): name
    for name in ("content-type", "content-encoding", "content-length", *chain.from_iterable(HEADER_NAMES))
}
DUPLICATE = Ready(200, b'{"status":"duplicate"}')


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
        self._tells = log.is_enabled_for(DEBUG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI application: answer 2xx only once event and work are in Redis."""
        headers = _headers(scope)
        try:
            answer = await self._receive(headers, receive)
        except Problem as problem:
            self._counting.add(f"refused:{problem.status}")
            message = _claimed_id(headers)[:LONGEST_LOGGED] or None
            log.warning("refused", message=message, status=problem.status, reason=problem.detail)
            answer = problem.response()
        except Exception:
            await fault()(scope, receive, send)
            raise
        await answer(scope, receive, send)

    async def _receive(self, headers: Mapping[str, str], receive: Receive) -> ASGIApp:
        began = time.perf_counter()
        if self._verifier is None and not self._allow_unsigned:
            raise self._admission.closed("NECTAR_WEBHOOK_SECRET is not set: this endpoint takes no messages.")
        check_headers(headers)
        body = await read(receive)
        message_id = self._authenticate(headers, body)
        try:
            understood = understand(message_id, body)
        except Malformed as error:
            raise Problem(400, f"The body is not JSON. {error}") from None
        match understood:
            case Message():
                return await self._accept(understood, began)
            case Misfit():
                return await self._quarantine(message_id, understood)
            case Foreign(type=kind):
                self._counting.add("ignored")
                reason = f"{kind[:LONGEST_LOGGED]} is not an event of a connection"
                return JSONResponse({"status": "ignored", "reason": reason})

    def _authenticate(self, headers: Mapping[str, str], body: bytes) -> str:
        if self._verifier is None or (self._allow_unsigned and not _is_signed(headers)):
            return _claimed_id(headers) or f"unsigned_{uuid.uuid4().hex}"
        try:
            return self._verifier.verify(headers, body, time.time()).message_id
        except SignatureError as error:
            raise Problem(401, f"Not authentic: {error}.") from None

    async def _accept(self, message: Message, began: float) -> ASGIApp:
        self._admission.check()
        try:
            receipt = await self._intake.accept(message)
        except (RedisError, OSError) as error:
            raise self._admission.unavailable(error, message.id) from error
        if receipt.reception is Reception.OVERLOADED:
            raise self._admission.closed("Too much work is waiting.")
        if receipt.reception is Reception.DUPLICATE:
            return DUPLICATE
        for field, values in message.flags.items():
            self._counting.add(f"unknown:{field}", len(values))
        if self._tells:
            _tell(message, receipt.event, began)
        # Ids of the journal need no escaping.
        return Ready(202, b'{"id":"%b","status":"accepted"}' % receipt.event.encode())

    async def _quarantine(self, message_id: str, misfit: Misfit) -> ASGIApp:
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


def _tell(message: Message, event: str, began: float) -> None:
    log.debug(
        "accepted",
        type=message.type[:LONGEST_LOGGED],
        connection=message.connection,
        message=message.id,
        event_id=event,
        unknown=message.flags or None,
        took_ms=round((time.perf_counter() - began) * 1000, 1),
    )


def _headers(scope: Scope) -> dict[str, str]:
    """The headers that are asked for, by name in lower case; of one that comes several times the first.

    Starlette's own look through all of them for each that they are asked for.
    """
    return {
        ASKED_FOR[name]: value.decode("latin-1")
        for name, value in reversed(scope["headers"])
        if name in ASKED_FOR
    }


def _is_signed(headers: Mapping[str, str]) -> bool:
    return any(f"{family}-signature" in headers for family in HEADER_FAMILIES)


def _claimed_id(headers: Mapping[str, str]) -> str:
    """The message's id as its headers say, before anybody has checked them; empty when they do not."""
    return headers.get("svix-id") or headers.get("webhook-id", "")
