"""Is this message authentic and fresh? Pure functions over bytes.

The scheme is Standard Webhooks as Svix speaks it: HMAC-SHA256 over "{id}.{timestamp}.{body}", in base64,
see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
and https://docs.svix.com/receiving/verifying-payloads/how-manual.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import NamedTuple

TOLERANCE = 5 * 60
"""Seconds that a message's clock may differ from ours, either way."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
HEADER_FAMILIES = ("svix", "webhook")
HEADER_NAMES = tuple(
    (f"{family}-id", f"{family}-timestamp", f"{family}-signature") for family in HEADER_FAMILIES
)


class SignatureError(ValueError):
    """The message is not authentic or not fresh; the text says which and holds no secret."""


class Verified(NamedTuple):
    """An authentic message: its id, the same for every retry, and when it was signed (seconds)."""

    message_id: str
    timestamp: int


def decode_secret(secret: str) -> bytes:
    """The key within `whsec_<base64>`. Raises ValueError, without the value, when it is not that."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:  # not base64, or not even ASCII
        key = b""
    if not key:
        raise ValueError("a webhook secret is 'whsec_' followed by base64")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header for one key."""
    return "v1," + base64.b64encode(_digest(key, message_id, str(timestamp), body)).decode()


class Verifier:
    """Verifies messages against any of several keys (more than one while a secret is being rotated)."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        # A prepared HMAC is copied for each message: the key schedule is computed once.
        self._prepared = [hmac.new(key, digestmod=hashlib.sha256) for key in keys]
        if not self._prepared:
            raise ValueError("no webhook secret: nothing could be verified")

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> Verified:
        """Check the raw `body` against its headers (names in lower case); `now` in seconds.

        Raises SignatureError.
        """
        message_id, stamp, signatures = _read_headers(headers)
        timestamp = _fresh(stamp, now)
        signed = _signed_content(message_id, stamp, body)
        # Once for each key, not for each signature: a stranger may send thousands of those.
        expected = [_expected(prepared, signed) for prepared in self._prepared]
        if not _is_among(expected, signatures):
            raise SignatureError("the signature does not match")
        return Verified(message_id, timestamp)


def _digest(key: bytes, message_id: str, stamp: str, body: bytes) -> bytes:
    return hmac.digest(key, _signed_content(message_id, stamp, body), "sha256")


def _signed_content(message_id: str, stamp: str, body: bytes) -> bytes:
    return f"{message_id}.{stamp}.".encode() + body


def _expected(prepared: hmac.HMAC, signed: bytes) -> bytes:
    mac = prepared.copy()
    mac.update(signed)
    return base64.b64encode(mac.digest())


def _is_among(expected: Iterable[bytes], signatures: str) -> bool:
    for part in signatures.split(" "):
        version, _, value = part.partition(",")
        if version == "v1":
            offered = value.encode()
            for ours in expected:
                if hmac.compare_digest(ours, offered):
                    return True
    return False


def _read_headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    for id_name, stamp_name, signature_name in HEADER_NAMES:
        message_id, stamp, signatures = (
            headers.get(id_name),
            headers.get(stamp_name),
            headers.get(signature_name),
        )
        if message_id and stamp and signatures:
            return message_id, stamp, signatures
    raise SignatureError("svix-id, svix-timestamp and svix-signature must all be there")


def _fresh(stamp: str, now: float) -> int:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        raise SignatureError("the timestamp is not a number of seconds")
    timestamp = int(stamp)
    if timestamp < now - TOLERANCE:
        raise SignatureError("the timestamp is more than five minutes old")
    if timestamp > now + TOLERANCE:
        raise SignatureError("the timestamp is more than five minutes ahead")
    return timestamp
