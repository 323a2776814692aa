"""What the mail handler is told by the environment: EMAIL_FROM, EMAIL_SMTP_URL or EMAIL_RESEND_API_KEY."""

from collections.abc import Mapping
from email.headerregistry import Address
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from handlers.email.headers import parse_mailbox
from handlers.email.server import Server, parse_server

RESEND = "https://api.resend.com"


class Transport(StrEnum):
    """By which way mails leave."""

    SMTP = "smtp"
    RESEND = "resend"


def _well_formed(url: SecretStr) -> SecretStr:
    parse_server(url.get_secret_value())
    return url


def _mailbox(value: object) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_mailbox(value)


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError(f"must look like {RESEND}")
    return url.rstrip("/")


Mailbox = Annotated[Address, PlainValidator(_mailbox, json_schema_input_type=str)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_well_formed)]


class Options(BaseModel):
    """Where to send mail, and as whom."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, validate_default=True)

    transport: Transport = Field(
        default=Transport.SMTP,
        description="`smtp`, or `resend`: by HTTPS, where a platform blocks the ports of SMTP.",
    )
    smtp_url: SmtpUrl | None = Field(
        description="Mail server: `smtp+starttls://user:password@smtp.example.com`, `smtps://` or, not "
        "encrypted, `smtp://`. User and password percent-encoded; `?cafile=` trusts one more issuer. "
        "Not needed for `resend`."
    )
    from_address: Mailbox = Field(
        alias="from", description="Sender of the mails: `Energy team <energy@example.com>`."
    )
    reply_to: Mailbox | None = Field(
        default=None, description="Where answers go, if not to the sender. A person should read them."
    )
    resend_api_key: SecretStr | None = Field(
        default=None,
        description="API key of Resend, `re_...`; `Sending access` is enough. For `resend` only.",
    )
    resend_url: Annotated[str, AfterValidator(_base)] = Field(
        default=RESEND, description="Where Resend's API is."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_server(cls, given: object) -> object:
        # So that SMTP, which is the rule, has its server among what is required, and Resend needs none.
        if isinstance(given, Mapping) and given.get("transport") == Transport.RESEND:
            return {"smtp_url": None, **given}
        return given

    @field_validator("smtp_url")
    @classmethod
    def _server_for_smtp(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None and info.data.get("transport") is Transport.SMTP:
            raise ValueError("must be set, unless EMAIL_TRANSPORT is resend")
        return url

    @field_validator("resend_api_key")
    @classmethod
    def _key_for_resend(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("transport") is not Transport.RESEND:
            return key
        if key is None:
            raise ValueError("must be set, since EMAIL_TRANSPORT is resend")
        secret = key.get_secret_value()
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise ValueError("must be one word of printable ASCII, as Resend shows it: re_...")
        return key

    @property
    def server(self) -> Server:
        """The server that `smtp_url` names. Asked only of those who send by SMTP."""
        assert self.smtp_url is not None, "only for EMAIL_TRANSPORT=smtp"
        return parse_server(self.smtp_url.get_secret_value())

    @property
    def answers_to(self) -> Address:
        """Who reads what the owner answers."""
        return self.reply_to or self.from_address
