"""What the GitHub handler is told by the environment: GITHUB_TOKEN, GITHUB_OWNER, GITHUB_REPO..."""

from pydantic import Field, HttpUrl, SecretStr

from handlers.ticketing import Rule, Template, TicketingOptions


class GitHubRule(Rule):
    """What can be set by status, company or country; each a template."""

    labels: Template | None = None
    assignees: Template | None = None


class Options(TicketingOptions[GitHubRule]):
    """Where issues are kept, and as what."""

    token: SecretStr = Field(
        min_length=8, description="Fine-grained token of an account of its own: the repository's issues."
    )
    owner: str = Field(
        pattern=r"^[\w-]+$", description="Whose repository it is: an organisation or an account."
    )
    repo: str = Field(pattern=r"^[\w.-]+$", description="Name of the repository, without its owner.")
    labels: Template = Field(default="", description="Further labels, by commas.")
    assignees: Template = Field(default="", description="Logins, by commas.")
    url: HttpUrl = Field(
        default=HttpUrl("https://api.github.com"),
        description="Where the API is; of GitHub Enterprise Server `https://github.example.com/api/v3`.",
    )

    @property
    def base(self) -> str:
        """The repository's address in the API."""
        return f"{str(self.url).rstrip('/')}/repos/{self.owner}/{self.repo}"
