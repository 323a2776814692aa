"""What the Jira handler is told by the environment: JIRA_URL, JIRA_EMAIL, JIRA_TOKEN, JIRA_PROJECT..."""

from pydantic import Field, HttpUrl, SecretStr

from handlers.ticketing import Rule, Template, TicketingOptions


class JiraRule(Rule):
    """What can be set by status, company or country; each a template."""

    project: Template | None = None
    issue_type: Template | None = None
    priority: Template | None = None
    assignee: Template | None = None
    labels: Template | None = None
    components: Template | None = None


class Options(TicketingOptions[JiraRule]):
    """Where issues are kept, and as what."""

    url: HttpUrl = Field(
        description="Where Jira is: `https://your-site.atlassian.net`; of a token with scopes "
        "`https://api.atlassian.com/ex/jira/` and the site's cloud id."
    )
    email: str = Field(
        min_length=3, pattern=r"^[^\s:]+$", description="Address of the account whose token it is."
    )
    token: SecretStr = Field(min_length=8, description="API token of an account of its own.")
    project: Template = Field(min_length=1, description="Key of the project, or its id.")
    issue_type: Template = Field(default="Task", min_length=1, description="By name or id.")
    priority: Template = Field(default="", description="By name or id. None: the project's default.")
    assignee: Template = Field(default="", description="Account id. None: as the project decides.")
    labels: Template = Field(default="", description="Further labels, by commas.")
    components: Template = Field(default="", description="By name or id, by commas.")
    resolution: str = Field(
        default="", description="Name of the resolution, where the way to done asks for one: `Done`."
    )
    open_status: str = Field(
        default="", description="What an issue becomes that is opened again. None: the first that is allowed."
    )
    closed_status: str = Field(
        default="", description="What an issue becomes that is solved. None: the first that counts as done."
    )

    @property
    def base(self) -> str:
        """Where Jira is, without a slash at the end."""
        return str(self.url).rstrip("/")
