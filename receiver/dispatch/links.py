"""Where the owner of a login mends the connection: what is behind `ctx.reconnect_link()`."""

from urllib.parse import quote

from receiver.api import Connection, Steps
from receiver.nectar import Nectar
from receiver.telemetry import Redactor

DASHBOARD = "https://dash.nectarclimate.com"
INVITATION_STEP = "reconnect-invitation"


class Links:
    """Makes reconnect links by the setting RECONNECT_LINK."""

    def __init__(self, nectar: Nectar, kind: str, redactor: Redactor) -> None:
        self._nectar = nectar
        self._kind = kind
        self._redactor = redactor

    async def make(self, connection: Connection, steps: Steps) -> str | None:
        """A link for the owner of this connection, or None. Raises NectarError."""
        link = None
        if self._kind == "magic-link":
            link = await self._magic_link(connection)
        elif self._kind == "invitation":
            link = await self._invitation(connection, steps)
        self._redactor.hide(link)
        return link

    async def _magic_link(self, connection: Connection) -> str | None:
        """From what GET answers now: the journal keeps no secret, and it may have been renewed."""
        fresh = await self._nectar.details(str(connection.id))
        secret = fresh.connection_magic_link_secret
        self._redactor.hide(secret)
        if secret is None or not secret.get_secret_value() or not fresh.public_company_id:
            return None
        parts = (fresh.public_company_id, secret.get_secret_value())
        company, workflow = (quote(part, safe="") for part in parts)
        return f"{DASHBOARD}/p/connect/{company}/workflow/{workflow}"

    async def _invitation(self, connection: Connection, steps: Steps) -> str | None:
        """Made once for each time that the handler gets through, however often it is tried."""
        if connection.workflow_owner_email is None:
            return None
        if (made := await steps.recall(INVITATION_STEP)) is not None:
            return str(made[0])
        url = await self._nectar.invite(str(connection.id), connection.workflow_owner_email)
        self._redactor.hide(url)
        await steps.record(INVITATION_STEP, url)
        return url
