"""Signing in by OAuth's client credentials.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
"""

import asyncio
from typing import Any, Protocol

import httpx
from pydantic import SecretStr


class Credentials(Protocol):
    """Where to sign in, and as what."""

    @property
    def url(self) -> str:
        """My Domain."""

    @property
    def client_id(self) -> SecretStr:
        """Consumer key."""

    @property
    def client_secret(self) -> SecretStr:
        """Consumer secret."""


class Token:
    """An access token, fetched when it is first asked for and when the one there is was refused.

    Salesforce does not say how long one is good for: that is the org's session time-out.
    """

    def __init__(self) -> None:
        self._value = ""
        self._renewing = asyncio.Lock()

    async def get(self, who: Credentials, http: httpx.AsyncClient, refused: str = "") -> str:
        """A token other than the one that was `refused`. Raises PermissionError, and httpx's errors."""
        async with self._renewing:
            # Of many that were refused the same token the first renews it, for all.
            if not self._value or self._value == refused:
                self._value = await _sign_in(who, http)
            return self._value


async def _sign_in(who: Credentials, http: httpx.AsyncClient) -> str:
    response = await http.post(
        f"{who.url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": who.client_id.get_secret_value(),
            "client_secret": who.client_secret.get_secret_value(),
        },
    )
    if response.status_code in (400, 401, 403):
        raise PermissionError(
            f"Salesforce lets us not sign in ({_error(response)}): check SALESFORCE_CLIENT_ID"
        )
    response.raise_for_status()
    return str(response.json()["access_token"])


def _error(response: httpx.Response) -> str:
    """OAuth's own word for it, such as `invalid_client`."""
    try:
        body: Any = response.json()
    except ValueError:
        body = {}
    return str(body.get("error") or response.status_code) if isinstance(body, dict) else "no reason given"
