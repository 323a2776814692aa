"""What the forward handler is told by the environment: FORWARD_URLS, FORWARD_SECRET and the rest."""

import base64
import re
from enum import StrEnum
from typing import Annotated

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from handlers.forward.target import Target

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
SHORTEST_KEY = 24
"""Bytes, by https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")


class Mode(StrEnum):
    """Where the event's attributes stand: in the body beside the data, or in headers."""

    STRUCTURED = "structured"
    BINARY = "binary"


def _well_formed_url(secret: SecretStr) -> SecretStr:
    try:
        url = httpx.URL(secret.get_secret_value())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not _HOST.fullmatch(url.raw_host):
        raise ValueError("each must look like https://hooks.example.com/path")
    # As it is sent: only so is it recognised, and masked, wherever it turns up.
    return SecretStr(str(url.copy_with(fragment=None)))


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:  # not base64, or not even ASCII
        return b""


def _well_formed_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.startswith(SECRET_PREFIX) or len(_key(text)) < SHORTEST_KEY:
        raise ValueError(f"each must be 'whsec_' and the base64 of {SHORTEST_KEY} random bytes or more")
    return secret


def _uri_reference(text: str) -> str:
    if not _URI_REFERENCE.fullmatch(text):
        raise ValueError("must be a URI, such as https://router.example.com or /nectar-router")
    return text


class Options(BaseModel):
    """Where to post, in which form, and what is left out."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    urls: tuple[Annotated[SecretStr, AfterValidator(_well_formed_url)], ...] = Field(
        min_length=1, description="Where to post, by commas: `https://hooks.example.com/nectar`."
    )
    secret: tuple[Annotated[SecretStr, AfterValidator(_well_formed_secret)], ...] = Field(
        default=(),
        description="`whsec_...` to sign with by Standard Webhooks; several by commas while rotating. "
        "Unset: nothing is signed.",
    )
    mode: Mode = Field(
        default=Mode.STRUCTURED,
        description="`structured`: the whole event is the body. `binary`: the data is the body, the "
        "event's attributes are `ce-` headers.",
    )
    source: Annotated[str, AfterValidator(_uri_reference)] = Field(
        default="/nectar-router",
        description="The events' `source`: a URI that tells this router from your others.",
    )
    allow_private: bool = Field(
        default=False,
        description="`1`: private, loopback and other internal addresses too, unchecked. Needed behind "
        "HTTPS_PROXY.",
    )
    include_personal: bool = Field(
        default=False, description="`1`: user name and e-mail addresses are posted too."
    )

    @property
    def targets(self) -> tuple[Target, ...]:
        """Each URL once, in the order given."""
        return tuple(Target(httpx.URL(url)) for url in dict.fromkeys(u.get_secret_value() for u in self.urls))

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys within `secret`."""
        return tuple(_key(secret.get_secret_value()) for secret in self.secret)
