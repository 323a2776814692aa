"""The settings of a process: read once from the environment, frozen, and passed to whoever needs them."""

import json
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from receiver.signature import decode_secret

ModelT = TypeVar("ModelT", bound=BaseModel)


SHADOW = ".shadow"
"""What the name of a handler in shadow mode ends with in the journal: it has deliveries, memory and steps of
its own there, so that nothing made up is left when it is let loose. No handler's own name has a dot."""


class SettingsError(Exception):
    """The environment does not say what it must. One line for each variable, none with its value."""


def journal_name(entry: str) -> str:
    """What an entry of HANDLERS is called in the journal: `jira:shadow` is `jira.shadow` there.

    Raises SettingsError for another mode than that one.
    """
    name, colon, mode = entry.partition(":")
    if colon and mode != "shadow":
        raise SettingsError(f"HANDLERS: {entry!r}: there is one mode, shadow, as in '{name}:shadow'")
    return f"{name}{SHADOW}" if colon else name


def _names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _http_url(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return value.rstrip("/")


class Settings(BaseSettings):
    """Every variable that the router itself reads. Handlers' options are read by the registry."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    nectar_api_key: SecretStr = Field(
        default=SecretStr(""), description="Key for Nectar's API, sent as `X-API-KEY`."
    )
    nectar_webhook_secret: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="`whsec_...` of the webhook endpoint; several by commas while rotating. "
        "Unset: every webhook is answered 503.",
    )
    nectar_base_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="https://external.nectarclimate.com/v2", description="Where Nectar's API is."
    )
    nectar_max_requests: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Requests to Nectar at a time: fetches by all workers together, others by each worker.",
    )
    fetch_interval: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Seconds between two fetches of one connection: events that come sooner after a fetch "
        "share the next one. The first is fetched at once.",
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="`redis://`, `rediss://` or `unix://`.",
    )
    redis_tls_verify: bool = Field(
        default=True,
        description="`0`: take any certificate of a `rediss://` server, as Heroku's self-signed ones need.",
    )
    handlers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names of the handlers to run, by commas; `name:shadow` runs one and sends nothing.",
    )
    reconnect_link: Literal["magic-link", "invitation", "none"] = Field(
        default="magic-link", description="What `ctx.reconnect_link()` gives a handler."
    )
    allow_unsigned: bool = Field(
        default=False, description="`1`: take webhooks without a signature. Never in production."
    )
    max_backlog: int = Field(
        default=100_000, ge=1, description="Pieces of work waiting, from which on webhooks are answered 503."
    )
    max_memory: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Share of Redis's `maxmemory` in use, from which on webhooks are answered 503.",
    )
    retention_days: float = Field(
        default=30, gt=0, description="Days that events and the record of what was tried are kept."
    )
    dead_retention_days: float = Field(
        default=90, gt=0, description="Days that dead letters and the quarantine are kept."
    )
    max_events: int = Field(
        default=1_000_000,
        ge=1000,
        description="Events kept at most. Unfinished ones are kept however old or many.",
    )
    worker_jobs: int = Field(
        default=100,
        ge=1,
        description="Fetches, and deliveries of each handler, that a worker does at a time.",
    )
    shutdown_seconds: int = Field(
        default=20, ge=0, description="Seconds that running handlers are given when a worker is stopped."
    )
    port: int = Field(default=8000, ge=0, le=65535, description="Port of the web process.")
    web_concurrency: int = Field(default=1, ge=1, description="Number of web processes behind the port.")
    log_level: Literal["debug", "info", "warning"] = Field(
        default="info",
        description="`debug`: also a line for each step of each event, which `nectar-router show` tells too.",
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="One JSON object a line, or lines for people."
    )

    # A line's end that came along with a pasted value would end up in a header or a URL.
    _strip = field_validator("*", mode="before")(_stripped)
    _split = field_validator("nectar_webhook_secret", "handlers", mode="before")(_names)

    @field_validator("nectar_webhook_secret")
    @classmethod
    def _well_formed(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            decode_secret(secret.get_secret_value())
        return secrets

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return url

    @property
    def journal_handlers(self) -> tuple[str, ...]:
        """`handlers`, as the journal calls them. Raises SettingsError."""
        return tuple(map(journal_name, self.handlers))

    @property
    def redis_dsn(self) -> str:
        """`redis_url`, with what `redis_tls_verify` says."""
        url = self.redis_url.get_secret_value()
        if self.redis_tls_verify or not url.startswith("rediss://"):
            return url
        return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=none"

    @property
    def webhook_keys(self) -> tuple[bytes, ...]:
        """The keys within the webhook secrets."""
        return tuple(decode_secret(secret.get_secret_value()) for secret in self.nectar_webhook_secret)


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError that names each variable in trouble."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(problems(error))) from None


def read_options(model: type[ModelT], prefix: str) -> ModelT:
    """An instance of `model`, each field read from the variable PREFIX_FIELD.

    Lists are written by commas or as JSON, nested values as JSON. Raises SettingsError that names each
    variable in trouble.
    """
    reader = create_model(model.__name__, __base__=(_Environment, model))
    try:
        return cast(ModelT, reader(_env_prefix=f"{prefix}_"))
    except ValidationError as error:
        raise SettingsError("\n".join(problems(error, f"{prefix}_"))) from None


class _Environment(BaseSettings):
    """Teaches a model to read itself from the environment; an alias carries the prefix too (EMAIL_FROM)."""

    model_config = SettingsConfigDict(
        extra="ignore",
        enable_decoding=False,
        env_ignore_empty=True,
        env_prefix_target="all",
        hide_input_in_errors=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _decode(cls, value: object, info: ValidationInfo) -> object:
        shape = _shape(cls.model_fields[info.field_name or ""].annotation)
        if shape is None or not isinstance(value, str):
            return value
        if value[:1] in ("[", "{"):
            try:
                return json.loads(value)
            except ValueError:
                raise ValueError("is not valid JSON") from None
        return _names(value) if shape is list else value


def _shape(annotation: object) -> type[list[object] | dict[str, object]] | None:
    """`list` or `dict` where a string must be decoded first, None where the field takes it as it is."""
    origin = get_origin(annotation) or annotation
    if origin in (Union, UnionType):
        return next((shape for part in get_args(annotation) if (shape := _shape(part))), None)
    if origin in (list, tuple, set, frozenset):
        return list
    nested = isinstance(origin, type) and issubclass(origin, BaseModel)
    return dict if nested or origin is dict else None


def problems(error: ValidationError, prefix: str = "") -> Iterator[str]:
    """One line for each invalid variable: its name and what is wrong with it, never its value."""
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        variable = f"{prefix}{problem['loc'][0] if problem['loc'] else '*'}".upper()
        missing = problem["type"] == "missing" and len(problem["loc"]) == 1
        yield f"{variable}: {'is not set' if missing else problem['msg'].removeprefix('Value error, ')}"
