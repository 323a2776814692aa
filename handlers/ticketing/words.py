"""What the tickets say, status by status, to whoever works on them."""

from types import MappingProxyType
from typing import NamedTuple

from receiver.api import Status


class Words(NamedTuple):
    """The wording for one status."""

    problem: str
    """As it follows "Harbor Electric: "."""
    advice: str
    """Who must do what."""


_OWNER = "The owner of the login must act: "
_OPERATOR = "Whoever runs the account with Nectar must act: "

WORDS = MappingProxyType(
    {
        Status.PASSWORD_INCORRECT: Words(
            "the password is incorrect",
            f"{_OWNER}the utility refused the password, and no data is collected until it is right.",
        ),
        Status.MFA_TOKEN_EXPIRED: Words(
            "the second factor must be given again",
            f"{_OWNER}the utility asks for a code that only the owner receives.",
        ),
        Status.NEW_PASSWORD_NEEDED: Words(
            "a new password is needed",
            f"{_OWNER}the utility wants the password changed, as many do every two or three months.",
        ),
        Status.ADDITIONAL_CREDENTIALS_NEEDED: Words(
            "further credentials are needed",
            f"{_OWNER}the utility asks for more than name and password: a PIN, a security question.",
        ),
        Status.WEBSITE_DOWN: Words(
            "the website is down",
            "This often heals by itself. When it lasts, see whether the utility has moved its website.",
        ),
        Status.URL_INACCESSIBLE: Words(
            "the website's address cannot be reached",
            f"{_OPERATOR}the address of the login page is likely wrong.",
        ),
        Status.NO_ACCOUNTS_FOUND: Words(
            "no accounts were found",
            f"{_OPERATOR}the login works, but there are no accounts behind it.",
        ),
        Status.OTHER_ERROR: Words(
            "an error that Nectar does not name",
            f"{_OPERATOR}see what Nectar says about it, or ask Nectar.",
        ),
        Status.COMPANY_INACTIVE: Words(
            "the company is inactive",
            f"{_OPERATOR}the company was deactivated there.",
        ),
        Status.UNDER_INVESTIGATION: Words(
            "Nectar is looking into it", "Nothing to do but wait, at times for days."
        ),
        Status.PENDING: Words(
            "it is being checked", "Nothing to do but wait, for hours and at times for days."
        ),
        Status.CONNECTED: Words("it works again", "Nothing to do: data is collected."),
    }
)


def words_for(status: Status) -> Words:
    """Those for the status; of one that Nectar added since, its name must do."""
    return WORDS.get(status) or Words(status.replace("_", " ").lower() or "no status", "")
