"""Whether Redmine is as the handler needs it; asks, and changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

import httpx

from handlers.redmine.api import Api, Json, pick
from handlers.redmine.options import Options, RedmineRule
from handlers.ticketing import RefusedError
from handlers.ticketing.options import fields_of

NEEDED = {
    "view_issues": "View issues",
    "add_issues": "Add issues",
    "edit_issues": "Edit issues",
    "add_issue_notes": "Add notes",
}
"""Permissions of a role, as the API and as Redmine's page call them."""
NO_TICKETS_KEY = "nectar-preflight"


class Places(Protocol):
    """What of the tracker is tried."""

    async def placed(self, fields: Mapping[str, str]) -> Json:
        """Names made to ids."""

    async def search(self, key: str) -> Sequence[Json]:
        """Issues that bear the key."""


async def preflight(places: Places, api: Api, options: Options) -> str:
    """What was found, in a few words. Raises RefusedError or PermissionError that says what is missing."""
    user = await _user(api)
    projects = set[int]()
    for fields in _combinations(options):
        projects.add((await places.placed(fields))["project_id"])
    for project in projects:
        await _check_rights(api, user, project)
    await _check_statuses(api, options)
    await places.search(NO_TICKETS_KEY)
    found_by = f"the field {options.key_field}" if options.key_field else "their description"
    return (
        f"{options.url.host} takes our key and has all that is named; tickets are found again by {found_by}"
    )


async def _user(api: Api) -> Json:
    try:
        answer = await api.get("users/current", include="memberships")
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise
        raise PermissionError(
            "REDMINE_API_KEY: Redmine does not take it; is it right, and is the REST API on "
            "(Administration, Settings, API)?"
        ) from None
    user: Json = answer["user"]
    return user


def _combinations(options: Options) -> Iterator[Mapping[str, str]]:
    """What tickets may be opened with, as far as it is known beforehand: templates are not."""
    names = [*fields_of(options)]
    usual = {name: getattr(options, name) for name in names}
    for scope in (RedmineRule(), *options.rules):
        said = {name: value for name in names if (value := getattr(scope, name)) is not None}
        fields = {name: value for name, value in (usual | said).items() if value and "{" not in value}
        if "project" in fields:
            yield fields


async def _check_rights(api: Api, user: Json, project: int) -> None:
    if user.get("admin"):
        return
    roles = [
        role["id"]
        for membership in user.get("memberships", [])
        if membership["project"]["id"] == project
        for role in membership["roles"]
    ]
    has = set[str]()
    for role in roles:
        has.update((await api.get(f"roles/{role}"))["role"]["permissions"])
    if missing := [label for name, label in NEEDED.items() if name not in has]:
        rights = ", ".join(missing)
        raise RefusedError(
            f"project {project}: the user of REDMINE_API_KEY has no role there that may: {rights}"
        )


async def _check_statuses(api: Api, options: Options) -> None:
    statuses = (await api.get("issue_statuses"))["issue_statuses"]
    for setting, closed in (("open_status", False), ("closed_status", True)):
        of_kind = [status for status in statuses if status["is_closed"] is closed]
        if wanted := getattr(options, setting):
            pick(f"REDMINE_{setting.upper()}", wanted, of_kind)
