"""A stand-in for Resend, for rehearsals. Mails by SMTP need none: they are kept by themselves."""

import hashlib
import json
from uuid import UUID

import httpx

from handlers.email.options import Options


class StandIn:
    """An account whose one domain is the sender's. A key that came before sends nothing again."""

    def __init__(self, options: Options) -> None:
        self._domain = options.from_address.domain
        self._taken: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as Resend would."""
        if request.method == "GET":
            domains = [{"id": _made_up("domain"), "name": self._domain, "status": "verified"}]
            return _answer(request, 200, {"object": "list", "has_more": False, "data": domains})
        key, mail = request.headers["idempotency-key"], request.content.decode()
        if self._taken.setdefault(key, mail) != mail:
            said = {"name": "invalid_idempotent_request", "message": "made up", "statusCode": 409}
            return _answer(request, 409, said)
        return _answer(request, 200, {"id": _made_up(key)})


def _answer(request: httpx.Request, code: int, body: object) -> httpx.Response:
    return httpx.Response(code, content=json.dumps(body), request=request)


def _made_up(name: str) -> str:
    return str(UUID(hashlib.sha256(name.encode()).hexdigest()[:32]))
