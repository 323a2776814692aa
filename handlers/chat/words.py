"""What the messages say of each status, in plain words."""

from types import MappingProxyType
from typing import NamedTuple

from receiver.api import Status


class Words(NamedTuple):
    """What happened, and who must do what about it."""

    happened: str
    needed: str


_OWNER = "The owner of the login must"

WORDS = MappingProxyType(
    {
        Status.CONNECTED: Words("The connection works again.", "Nothing is left to do."),
        Status.PENDING: Words(
            "The connection waits for its first check.", "This takes hours, at times days."
        ),
        Status.UNDER_INVESTIGATION: Words("Nectar's team is looking at it.", "This takes days."),
        Status.PASSWORD_INCORRECT: Words(
            "The utility refused the password.", f"{_OWNER} enter the right one."
        ),
        Status.MFA_TOKEN_EXPIRED: Words(
            "The second step of the sign-in has expired.", f"{_OWNER} confirm the sign-in again."
        ),
        Status.NEW_PASSWORD_NEEDED: Words(
            "The utility wants the password changed.", f"{_OWNER} choose a new one there and enter it."
        ),
        Status.ADDITIONAL_CREDENTIALS_NEEDED: Words(
            "The utility asks for more than user name and password.",
            f"{_OWNER} complete the sign-in: a PIN, or the answer to a security question.",
        ),
        Status.WEBSITE_DOWN: Words(
            "The utility's website is down.", "Often this heals by itself; look again when it lasts."
        ),
        Status.URL_INACCESSIBLE: Words(
            "The utility's address cannot be reached.", "Check the URL of the connection: it is likely wrong."
        ),
        Status.NO_ACCOUNTS_FOUND: Words(
            "The sign-in works, but there are no accounts.", "Check that this is the right login."
        ),
        Status.OTHER_ERROR: Words(
            "Nectar met an error of another kind.", "Look at the connection with Nectar."
        ),
        Status.COMPANY_INACTIVE: Words(
            "The company of this connection is not active.", "Activate it with Nectar, or end the connection."
        ),
    }
)


def words_for(status: Status) -> Words:
    """The words for any status, those that Nectar added since included."""
    said = "a status that is new to this router" if status else "no status"
    return WORDS.get(status) or Words(f"Nectar gave it {said}.", "Look at the connection with Nectar.")
