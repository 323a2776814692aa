"""Whether Jira is as the handler needs it; asks, and changes nothing."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from handlers.jira.api import Api, InvalidError
from handlers.jira.options import JiraRule, Options
from handlers.ticketing import RefusedError, Ticket
from handlers.ticketing.options import fields_of

NEEDED = {
    "BROWSE_PROJECTS": "Browse projects",
    "CREATE_ISSUES": "Create issues",
    "ADD_COMMENTS": "Add comments",
    "TRANSITION_ISSUES": "Transition issues",
}
"""Permissions, as the API and as Jira's screens call them."""
NO_TICKETS_KEY = "nectar-preflight"

Find = Callable[[str], Awaitable[Sequence[Ticket]]]


async def preflight(api: Api, find: Find, options: Options) -> str:
    """What was found, in a few words. Raises PermissionError or RefusedError that says what is missing."""
    await api.get("myself")
    combinations = [*_combinations(options)]
    for project in dict.fromkeys(fields["project"] for fields in combinations):
        await _check_rights(api, project)
        types = {fields["issue_type"] for fields in combinations if fields["project"] == project}
        await _check_types(api, project, types)
    await find(NO_TICKETS_KEY)
    return f"{options.url.host} takes our token and has all projects and issue types that are named"


def _combinations(options: Options) -> Iterator[Mapping[str, str]]:
    """What issues may be opened with, as far as it is known beforehand: templates are not."""
    names = [*fields_of(options)]
    usual = {name: getattr(options, name) for name in names}
    for scope in (JiraRule(), *options.rules):
        said = {name: value for name in names if (value := getattr(scope, name)) is not None}
        fields = {name: value for name, value in (usual | said).items() if "{" not in value}
        if "project" in fields and "issue_type" in fields:
            yield fields


async def _check_rights(api: Api, project: str) -> None:
    by = "projectId" if project.isdecimal() else "projectKey"
    try:
        answer = await api.get_if_there("mypermissions", **{by: project, "permissions": ",".join(NEEDED)})
    except InvalidError:
        answer = None
    if answer is None:
        raise RefusedError(f"project {project!r}: not in Jira, or not for the account of JIRA_TOKEN")
    has = {name for name, each in answer["permissions"].items() if each["havePermission"]}
    if missing := [label for name, label in NEEDED.items() if name not in has]:
        raise RefusedError(f"project {project!r}: the account of JIRA_TOKEN lacks: {', '.join(missing)}")


async def _check_types(api: Api, project: str, wanted: set[str]) -> None:
    there = await api.get_if_there(f"issue/createmeta/{quote(project, safe='')}/issuetypes", maxResults="200")
    listed = (there or {}).get("issueTypes") or []
    known = {str(each[by]).casefold() for each in listed for by in ("id", "name")}
    for name in sorted(wanted):
        if name.casefold() not in known:
            names = ", ".join(str(each["name"]) for each in listed) or "none"
            raise RefusedError(
                f"issue_type: there is no {name!r} in project {project!r}, or not for this account; "
                f"there are: {names}"
            )
