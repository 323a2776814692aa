"""Resend as its documentation describes it, with an account in memory."""

import json
from typing import Any
from uuid import uuid4

import httpx
from starlette.responses import JSONResponse, Response

from handlers.email import Options
from tests.handlers.fake_vendor import FakeVendor

KEY = "re_made-up_4711"
SENDER = "Energy team <energy@acme.example>"
LIMITS = {"ratelimit-limit": "5", "ratelimit-remaining": "4", "ratelimit-reset": "1"}


class FakeResend(FakeVendor):
    """An account: its domains, and the mails that it took. `sending_only`: what its key may do."""

    def __init__(self, *, status: str = "verified", sending_only: bool = False) -> None:
        super().__init__("resend", self._answered)
        self.domains = {"acme.example": status}
        self.sending_only = sending_only
        self.mails: list[dict[str, Any]] = []
        self.loses_replies = False
        """Mails are taken, and whoever sent them does not hear of it."""
        self._taken: dict[str, tuple[dict[str, Any], str]] = {}

    def options(self, **more: Any) -> Options:
        """Options with which to send here."""
        given = {"transport": "resend", "resend_api_key": KEY, "resend_url": self.url, "from": SENDER}
        return Options.model_validate({**given, **more})

    def _answered(self, request: httpx.Request) -> Response:
        if request.headers["authorization"] != f"Bearer {KEY}":
            return error(403, "invalid_api_key", "API key is invalid")
        if request.method == "POST":
            return self._send(request.headers["idempotency-key"], json.loads(request.content))
        if self.sending_only:
            return error(401, "restricted_api_key", "This API key is restricted to only send emails")
        listed = [{"id": str(uuid4()), "name": name, "status": now} for name, now in self.domains.items()]
        return JSONResponse({"object": "list", "has_more": False, "data": listed}, headers=LIMITS)

    def _send(self, key: str, mail: dict[str, Any]) -> Response:
        domain = mail["from"].rpartition("@")[2].rstrip(">")
        if self.domains.get(domain) != "verified":
            return error(403, "validation_error", f"The {domain} domain is not verified")
        if key not in self._taken:
            self._taken[key] = mail, str(uuid4())
            self.mails.append(mail)
        before, made = self._taken[key]
        if before != mail:
            return error(409, "invalid_idempotent_request", "Same key, another payload")
        if self.loses_replies:
            return Response(status_code=502)
        return JSONResponse({"id": made}, headers=LIMITS)

    @property
    def keys(self) -> list[str]:
        """The idempotency keys that came, oldest first."""
        return [each.headers["idempotency-key"] for each in self.requests if each.method == "POST"]


def error(code: int, name: str, message: str) -> Response:
    """An error as Resend words it."""
    return JSONResponse({"statusCode": code, "name": name, "message": message}, code, LIMITS)
