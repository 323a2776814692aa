"""What the Salesforce handler is told by the environment: SALESFORCE_URL and others."""

from typing import Annotated

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr

from handlers.crm import CrmOptions
from handlers.salesforce.token import Token

NAME = r"^[A-Za-z][A-Za-z0-9_]{0,79}$"
"""Of an object or a field."""


def _base(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return url.rstrip("/")


class Options(CrmOptions):
    """Which org to write to, and where in it."""

    url: Annotated[str, AfterValidator(_base)] = Field(
        description="My Domain of the org: `https://example.my.salesforce.com`."
    )
    client_id: SecretStr = Field(description="Consumer key of the external client app.")
    client_secret: SecretStr = Field(description="Consumer secret of the external client app.")
    api_version: str = Field(default="68.0", pattern=r"^\d{2,3}\.0$", description="Version of the REST API.")
    object: str = Field(default="Account", pattern=NAME, description="Object that stands for a company.")
    key_field: str = Field(
        default="Nectar_Id__c",
        pattern=NAME,
        description="Field that holds a company's key: a text with `External ID` and `Unique` ticked.",
    )
    create: bool = Field(default=True, description="`0`: write only to accounts that are there, make none.")

    # One for the process, so that not each delivery signs in.
    _token: Token = PrivateAttr(default_factory=Token)

    @property
    def place(self) -> str:
        """Where keys are, as an administrator would say it."""
        return f"{self.object}.{self.key_field}"

    @property
    def token(self) -> Token:
        """What this process is signed in with."""
        return self._token
