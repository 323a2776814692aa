"""What the Zendesk handler is told by the environment: ZENDESK_URL, ZENDESK_EMAIL, ZENDESK_TOKEN..."""

from pydantic import Field, HttpUrl, SecretStr

from handlers.ticketing import Rule, Template, TicketingOptions


class ZendeskRule(Rule):
    """What can be set by status, company or country; each a template."""

    priority: Template | None = None
    type: Template | None = None
    group: Template | None = None
    assignee: Template | None = None
    tags: Template | None = None


class Options(TicketingOptions[ZendeskRule]):
    """Where tickets are kept, and as what."""

    url: HttpUrl = Field(description="Where Zendesk is: `https://your-account.zendesk.com`.")
    email: str = Field(
        min_length=3, pattern=r"^[^\s:]+$", description="Address of the agent on whose behalf we write."
    )
    token: SecretStr = Field(min_length=8, description="API token.")
    priority: Template = Field(default="", description="`low`, `normal`, `high` or `urgent`. None: none.")
    type: Template = Field(default="", description="`problem`, `incident`, `question` or `task`. None: none.")
    group: Template = Field(default="", description="Id of the group. None: as Zendesk decides.")
    assignee: Template = Field(default="", description="Id of the agent. None: as Zendesk decides.")
    tags: Template = Field(default="", description="Tags, by commas.")
    public: bool = Field(
        default=False, description="`1`: public comments, which Zendesk mails. Else internal notes."
    )

    @property
    def base(self) -> str:
        """Where Zendesk is, without a slash at the end."""
        return str(self.url).rstrip("/")
