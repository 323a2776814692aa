"""What the mails say, status by status, in plain words."""

from dataclasses import dataclass
from types import MappingProxyType

from receiver.api import Status


@dataclass(frozen=True, slots=True)
class Words:
    """The wording for one status. `{utility}` stands for a name, or for the words "your utility"."""

    subject: str
    title: str
    happened: str
    needed: str = ""
    """What the owner should know or have at hand before going on."""

    def about(self, utility: str) -> "Words":
        """The same with the utility's name filled in."""
        filled = (text.replace("{utility}", utility) for text in self._texts())
        return Words(*filled)

    def _texts(self) -> tuple[str, str, str, str]:
        return self.subject, self.title, self.happened, self.needed


WORDS = MappingProxyType(
    {
        Status.PASSWORD_INCORRECT: Words(
            subject="Please update the password for {utility}",
            title="The password for {utility} no longer works",
            happened="We tried to sign in to {utility} as usual, but the password was not accepted. "
            "No new bills or usage data arrive until this is put right.",
            needed="Please have the password at hand that you use there today.",
        ),
        Status.MFA_TOKEN_EXPIRED: Words(
            subject="Please confirm the sign-in to {utility}",
            title="The sign-in to {utility} has to be confirmed again",
            happened="The login at {utility} is protected by a second step, such as a code sent to a phone, "
            "and the last confirmation has expired. No new bills or usage data arrive until it is renewed.",
            needed="Please have the phone or the app at hand that receives the code.",
        ),
        Status.NEW_PASSWORD_NEEDED: Words(
            subject="A new password is needed for {utility}",
            title="A new password is needed for {utility}",
            happened="Before anyone can sign in again, {utility} wants the password to be changed. Many "
            "utilities ask for this every two or three months. No new bills or usage data arrive until then.",
            needed="Please choose a new password on the website of {utility} first, and have it at hand.",
        ),
        Status.ADDITIONAL_CREDENTIALS_NEEDED: Words(
            subject="Please complete the sign-in to {utility}",
            title="One more detail is needed for {utility}",
            happened="Signing in to {utility} now takes more than a user name and a password: a PIN or the "
            "answer to a security question, for example. No new bills or usage data arrive until then.",
            needed="Please have your papers for this account at hand; you will be asked for what is missing.",
        ),
        Status.CONNECTED: Words(
            subject="Connected again: {utility}",
            title="The connection to {utility} works again",
            happened="Signing in works, and bills and usage data arrive as before. "
            "There is nothing left for you to do. Thank you!",
        ),
    }
)
"""One entry for each status that can be mailed about."""
