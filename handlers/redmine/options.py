"""What the Redmine handler is told by the environment: REDMINE_URL, REDMINE_API_KEY, REDMINE_PROJECT..."""

from typing import Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

from handlers.ticketing import Rule, Template, TicketingOptions


class RedmineRule(Rule):
    """What can be set by status, company or country; each a template."""

    project: Template | None = None
    tracker: Template | None = None
    priority: Template | None = None
    category: Template | None = None
    assignee: Template | None = None


class Options(TicketingOptions[RedmineRule]):
    """Where tickets are kept, and as what."""

    url: HttpUrl = Field(description="Where Redmine is: `https://redmine.example.com`.")
    api_key: SecretStr = Field(
        min_length=8, description="Of a user of its own, who may see, add and edit issues and add notes."
    )
    project: Template = Field(min_length=1, description="Identifier of the project, as in its address.")
    tracker: Template = Field(default="", description="By name or id. None: the project's first.")
    priority: Template = Field(default="", description="By name or id. None: Redmine's default.")
    category: Template = Field(default="", description="By name or id. None: none.")
    assignee: Template = Field(
        default="",
        description="A member of the project, or a group, by name or id. None: as Redmine decides.",
    )
    open_status: str = Field(
        default="", description="What a ticket becomes that is opened again. None: the first that is allowed."
    )
    closed_status: str = Field(
        default="", description="What a ticket becomes that is solved. None: the first that is allowed."
    )
    key_field: str = Field(
        default="",
        description="Name or id of a custom field (text, used as a filter) that names the connection. "
        "None: tickets are found again by the last line of their description.",
    )

    @model_validator(mode="after")
    def _field_can_be_found(self) -> Self:
        if "{" in self.project and self.key_field and not self.key_field.isdecimal():
            raise ValueError("REDMINE_KEY_FIELD must be the field's id where REDMINE_PROJECT is a template")
        return self

    @property
    def usual_project(self) -> str | None:
        """The project of all tickets that no rule puts elsewhere; None when it depends on the connection."""
        return None if "{" in self.project else self.project

    @property
    def base(self) -> str:
        """Where Redmine is, without a slash at the end."""
        return str(self.url).rstrip("/")
