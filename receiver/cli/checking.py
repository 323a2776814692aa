"""`nectar-router check`: is this deployment as it must be, and what is to be done where it is not?"""

import asyncio
from collections.abc import Iterator

import httpx
from pydantic import SecretStr

from receiver.cli.checking_redis import check_redis
from receiver.cli.handlers.facts import asked_for
from receiver.cli.handlers.preflight import TIMEOUT, preflight
from receiver.cli.output import Finding, Verdict, document, is_good, print_findings, print_json
from receiver.nectar import Nectar, NectarError, RefusedKey
from receiver.registry import Enabled, load_registry
from receiver.settings import Settings, SettingsError, load_settings
from receiver.telemetry import Redactor

UNSET = {
    "nectar_api_key": "Set it to the key of Nectar's API: without it no connection can be fetched.",
    "nectar_webhook_secret": "Set it to the endpoint's `whsec_...`: until then webhooks are answered 503.",
    "handlers": "Set it to names that `nectar-router handlers` lists: so far nothing is done with a change.",
}


def run(*, offline: bool, as_json: bool) -> int:
    """Check and print; the exit code."""
    findings = asyncio.run(findings_of(offline=offline))
    if as_json:
        print_json(document(findings))
    else:
        print_findings(findings)
    return 0 if is_good(findings) else 1


async def findings_of(*, offline: bool) -> list[Finding]:
    """All that there is to say."""
    enabled, about_options = _options()
    try:
        settings = load_settings()
    except SettingsError as error:
        # What is behind settings that cannot be read is not asked.
        return [*_problems(error, "Set it as the README says, or leave it out."), *about_options]
    findings = [*_settings(settings), *about_options]
    if offline:
        return findings
    redactor = Redactor()
    redactor.hide_options(settings)
    for each in enabled:
        redactor.hide_options(each.options)
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        found, targets = await asyncio.gather(
            asyncio.gather(check_redis(settings, redactor), _nectar(settings)),
            asyncio.gather(*(preflight(each, http, redactor) for each in enabled)),
        )
    return [*findings, *(finding for some in found for finding in some), *filter(None, targets)]


def _problems(error: SettingsError, advice: str) -> Iterator[Finding]:
    for line in str(error).splitlines():
        variable, _, problem = line.partition(": ")
        yield Finding(variable, Verdict.FAILED, problem, advice)


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in Settings.model_fields:
        value, variable = getattr(settings, name), name.upper()
        given = name in settings.model_fields_set
        if name in UNSET and (not given or value == ()):
            yield Finding(variable, Verdict.WARNING, "is not set", UNSET[name])
        elif name == "allow_unsigned" and value:
            yield Finding(variable, Verdict.WARNING, "is on", "Anybody can send webhooks. Not in production.")
        else:
            yield Finding(variable, Verdict.OK, _given(value) if given else f"{_default(value)} (default)")


def _given(value: object) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return "set" if any(isinstance(part, SecretStr) for part in parts) else ", ".join(map(str, parts))


def _default(value: object) -> str:
    # Defaults are in the sources: none of them is a secret.
    return str(value.get_secret_value()) if isinstance(value, SecretStr) else _given(value)


def _options() -> tuple[list[Enabled], list[Finding]]:
    """The handlers that HANDLERS names, as far as they can run, and what there is to say about each."""
    enabled: list[Enabled] = []
    findings: list[Finding] = []
    for name in dict.fromkeys(asked_for()):
        try:
            enabled += load_registry([name]).values()
        except SettingsError as error:
            findings += _problems(error, "`nectar-router handlers` lists what there is.")
        else:
            findings.append(Finding(f"{name}: options", Verdict.OK, "good"))
    return enabled, findings


async def _nectar(settings: Settings) -> list[Finding]:
    try:
        async with Nectar(settings.nectar_base_url, settings.nectar_api_key.get_secret_value()) as nectar:
            await nectar.ping()
    except RefusedKey as error:
        advice = "Is NECTAR_API_KEY the key of this account, and not revoked?"
        return [Finding("Nectar", Verdict.FAILED, str(error), advice)]
    except NectarError as error:
        advice = "Is NECTAR_BASE_URL right, and may this machine reach it?"
        return [Finding("Nectar", Verdict.FAILED, str(error), advice)]
    return [Finding("Nectar", Verdict.OK, f"{settings.nectar_base_url} answers and takes the key")]
