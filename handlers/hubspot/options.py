"""What the HubSpot handler is told by the environment: HUBSPOT_TOKEN and others."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from handlers.crm import CrmOptions


def _base(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return url.rstrip("/")


class Options(CrmOptions):
    """Which account to write to, and what."""

    token: SecretStr = Field(description="Service key, or access token of a private app.")
    api_version: str = Field(
        default="2026-03",
        pattern=r"^\d{4}-\d{2}$",
        description="HubSpot's dated API version. Each is supported for 18 months.",
    )
    key_property: str = Field(
        default="nectar_company_id",
        pattern=r"^[a-z][a-z0-9_]{0,99}$",
        description="Property of companies that holds their key. Its values must be unique.",
    )
    create: bool = Field(default=True, description="`0`: write only to companies that are there, make none.")
    contacts: bool = Field(
        default=False, description="`1`: write to the owners' contacts too, and make those that are missing."
    )
    url: Annotated[str, AfterValidator(_base)] = Field(
        default="https://api.hubapi.com", description="Where HubSpot's API is."
    )

    @property
    def wants_contacts(self) -> bool:
        """Whether owners' own records are kept up to date too."""
        return self.contacts
