"""What the chat handler is told by the environment: CHAT_URLS, CHAT_ROUTES, CHAT_LINK."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from handlers.chat.notifying import is_understood
from handlers.chat.routes import ENDS, GROUPS, places_of
from handlers.chat.target import Target, digest
from receiver.api import Status

_WORDS = (*GROUPS, *(str(status) for status in Status))
_EXAMPLE = '{"needs_owner": "slack://...", "WEBSITE_DOWN": ["pagerduty://...", "msteams://..."]}'


def _understood(url: SecretStr) -> SecretStr:
    if not is_understood(url.get_secret_value()):
        raise ValueError(
            "each must be a URL as Apprise understands them, such as slack://TokenA/TokenB/TokenC/"
        )
    return url


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _known_words(routes: object) -> object:
    if not isinstance(routes, dict):
        raise ValueError(f"must be JSON, such as {_EXAMPLE}")
    for word in routes:
        if word not in _WORDS:
            # Only what cannot be a URL in the wrong place is repeated.
            shown = repr(word) if str(word).replace("_", "").isalnum() else "what is on the left of a colon"
            raise ValueError(f"{shown} must be one of {', '.join(_WORDS)}")
    return routes


ChatUrl = Annotated[SecretStr, AfterValidator(_understood)]
ChatUrls = Annotated[tuple[ChatUrl, ...], BeforeValidator(_one_or_several)]
Routes = Annotated[dict[str, ChatUrls], BeforeValidator(_known_words)]


class Options(BaseModel):
    """Where messages go, and which."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, validate_default=True)

    urls: tuple[ChatUrl, ...] = Field(
        default=(),
        description="Where it is told that a connection needs its owner or you, by commas, as Apprise "
        "writes it: `slack://TokenA/TokenB/TokenC/`.",
    )
    routes: Routes = Field(
        default={},
        description='Statuses that go elsewhere, as JSON: `{"WEBSITE_DOWN": "slack://..."}`. On the left a '
        "status, or " + ", ".join(f"`{word}`" for word in GROUPS) + "; on the right a URL, or a list of "
        "them, or `[]` for nowhere.",
    )
    link: str = Field(
        default="",
        description="A page about a connection, put into each message; `{id}` stands for its id: "
        "`https://crm.example.com/connections/{id}`.",
    )

    @field_validator("routes")
    @classmethod
    def _anywhere(cls, routes: dict[str, tuple[SecretStr, ...]], info: ValidationInfo) -> object:
        if not any(routes.values()) and info.data.get("urls") == ():
            raise ValueError("names no URL, nor does CHAT_URLS: messages would go nowhere")
        if any(routes.get(word) == () for word in ENDS):
            raise ValueError("who was told of trouble is told of its end: for that, no [] can be set")
        return routes

    @field_validator("link")
    @classmethod
    def _with_an_id(cls, link: str) -> str:
        if link and not (link.startswith(("https://", "http://")) and "{id}" in link):
            raise ValueError("must look like https://crm.example.com/connections/{id}")
        return link

    def places_of(self, status: Status) -> list[str]:
        """Where a status is told, by digests, each once."""
        urls = places_of(status, self.routes, self.urls)
        return list(dict.fromkeys(digest(url.get_secret_value()) for url in urls))

    @property
    def targets(self) -> dict[str, Target]:
        """Each place that messages go to, by its digest."""
        secrets = [*self.urls, *(secret for several in self.routes.values() for secret in several)]
        urls = dict.fromkeys(secret.get_secret_value() for secret in secrets)
        targets = (Target(url, number) for number, url in enumerate(urls, 1))
        return {target.digest: target for target in targets}
