"""The settings that the router reads from its environment."""

import os
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from receiver.settings import Settings, SettingsError, load_settings

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER_SECRET = "whsec_YW5vdGhlciBrZXksIGFzIGdvb2QgYXMgaXQ="


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests."""
    for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
        monkeypatch.delenv(name)


def trouble(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> str:
    """What the settings say about a bad value, after making sure that it is not repeated."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert value not in str(error.value)
    return str(error.value)


DEFAULTS: dict[str, Any] = {
    "nectar_api_key": SecretStr(""),
    "nectar_webhook_secret": (),
    "nectar_base_url": "https://external.nectarclimate.com/v2",
    "nectar_max_requests": 10,
    "fetch_interval": 1.0,
    "redis_url": SecretStr("redis://127.0.0.1:6379/0"),
    "redis_tls_verify": True,
    "handlers": (),
    "reconnect_link": "magic-link",
    "allow_unsigned": False,
    "max_backlog": 100_000,
    "max_memory": 0.9,
    "retention_days": 30.0,
    "dead_retention_days": 90.0,
    "max_events": 1_000_000,
    "worker_jobs": 100,
    "shutdown_seconds": 20,
    "port": 8000,
    "web_concurrency": 1,
    "log_level": "info",
    "log_format": "json",
}

READ = [
    ("NECTAR_API_KEY", "key", SecretStr("key")),
    ("NECTAR_API_KEY", " key\n", SecretStr("key")),
    ("NECTAR_WEBHOOK_SECRET", SECRET, (SecretStr(SECRET),)),
    ("NECTAR_WEBHOOK_SECRET", f"{SECRET}, {OTHER_SECRET}\n", (SecretStr(SECRET), SecretStr(OTHER_SECRET))),
    ("NECTAR_BASE_URL", "http://127.0.0.1:9000/v2.2/", "http://127.0.0.1:9000/v2.2"),
    ("NECTAR_BASE_URL", "https://eu.example/v2 \n", "https://eu.example/v2"),
    ("NECTAR_MAX_REQUESTS", "1", 1),
    ("FETCH_INTERVAL", "0", 0.0),
    ("FETCH_INTERVAL", "2.5", 2.5),
    ("REDIS_TLS_VERIFY", "0", False),
    ("RETENTION_DAYS", "0.5", 0.5),
    ("DEAD_RETENTION_DAYS", "365", 365.0),
    ("MAX_EVENTS", "50000", 50_000),
    ("REDIS_URL", "rediss://:pw@host:6380/1?ssl_cert_reqs=none", None),
    ("REDIS_URL", "unix:///run/redis.sock", SecretStr("unix:///run/redis.sock")),
    ("HANDLERS", "email", ("email",)),
    ("HANDLERS", " email, jira ,,pager,", ("email", "jira", "pager")),
    ("HANDLERS", " , ", ()),
    ("RECONNECT_LINK", "invitation", "invitation"),
    ("RECONNECT_LINK", "none", "none"),
    ("ALLOW_UNSIGNED", "1", True),
    ("ALLOW_UNSIGNED", "0", False),
    ("MAX_BACKLOG", "5", 5),
    ("MAX_MEMORY", "1", 1.0),
    ("WORKER_JOBS", "7", 7),
    ("SHUTDOWN_SECONDS", "0", 0),
    ("PORT", "5000", 5000),
    ("WEB_CONCURRENCY", "4", 4),
    ("LOG_LEVEL", "debug", "debug"),
    ("LOG_FORMAT", "text", "text"),
]

BAD = [
    ("NECTAR_WEBHOOK_SECRET", "hunter-2-hush", "a webhook secret is 'whsec_' followed by base64"),
    ("NECTAR_WEBHOOK_SECRET", f"{SECRET},hush!", "a webhook secret is 'whsec_' followed by base64"),
    ("NECTAR_BASE_URL", "external.nectarclimate.com", "must begin with https:// or http://"),
    ("NECTAR_BASE_URL", "ftp://files.example", "must begin with https:// or http://"),
    ("NECTAR_MAX_REQUESTS", "000", "greater than or equal to 1"),
    ("NECTAR_MAX_REQUESTS", "101", "less than or equal to 100"),
    ("FETCH_INTERVAL", "-0.5", "greater than or equal to 0"),
    ("FETCH_INTERVAL", "often", "valid number"),
    ("REDIS_URL", "user:hush@host:6379", "must begin with redis://, rediss:// or unix://"),
    ("REDIS_URL", "https://host", "must begin with redis://, rediss:// or unix://"),
    ("RECONNECT_LINK", "magic link", "'magic-link', 'invitation' or 'none'"),
    ("ALLOW_UNSIGNED", "perhaps", "valid boolean"),
    ("MAX_BACKLOG", "000", "greater than or equal to 1"),
    ("MAX_BACKLOG", "many", "valid integer"),
    ("MAX_MEMORY", "0.0", "greater than 0"),
    ("MAX_MEMORY", "90", "less than or equal to 1"),
    ("MAX_MEMORY", "nan", "less than or equal to 1"),
    ("WORKER_JOBS", "-17", "greater than or equal to 1"),
    ("SHUTDOWN_SECONDS", "-17", "greater than or equal to 0"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "http", "valid integer"),
    ("WEB_CONCURRENCY", "000", "greater than or equal to 1"),
    ("LOG_FORMAT", "xml", "'json' or 'text'"),
]


def test_in_a_bare_environment_everything_has_its_default() -> None:
    assert dict(load_settings()) == DEFAULTS


@pytest.mark.parametrize(("variable", "value", "meant"), READ)
def test_each_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, meant: object
) -> None:
    monkeypatch.setenv(variable, value)
    expected = SecretStr(value) if meant is None else meant
    assert dict(load_settings()) == DEFAULTS | {variable.lower(): expected}


def test_the_table_above_reads_every_variable() -> None:
    assert {variable.lower() for variable, _, _ in READ} == set(Settings.model_fields)


@pytest.mark.parametrize("variable", [name.upper() for name in Settings.model_fields])
def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "")
    assert dict(load_settings()) == DEFAULTS


@pytest.mark.parametrize(("variable", "value", "reason"), BAD)
def test_a_bad_value_is_named_explained_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    message = trouble(monkeypatch, variable, value)
    assert message.startswith(f"{variable}: ")
    assert reason in message
    assert "\n" not in message


def test_every_variable_in_trouble_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    lines = trouble(monkeypatch, "PORT", "http").splitlines()
    assert [line.partition(":")[0] for line in lines] == ["PORT", "LOG_FORMAT"]


def test_while_a_secret_is_rotated_there_is_a_key_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NECTAR_WEBHOOK_SECRET", f"{SECRET},{OTHER_SECRET}")
    assert load_settings().webhook_keys == (b"0123456789abcdef01234567", b"another key, as good as it")


def test_without_a_webhook_secret_there_is_no_key() -> None:
    assert load_settings().webhook_keys == ()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]  # what the test is about


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {
        "NECTAR_API_KEY": "hush-1",
        "NECTAR_WEBHOOK_SECRET": SECRET,
        "REDIS_URL": "redis://:hush-2@host",
    }
    for variable, value in hidden.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert not any(value in shown for value in hidden.values())


def test_every_variable_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("url", "verify", "dsn"),
    [
        ("rediss://:pw@host:6380", "1", "rediss://:pw@host:6380"),
        ("rediss://:pw@host:6380", "0", "rediss://:pw@host:6380?ssl_cert_reqs=none"),
        ("rediss://:pw@host:6380/1?db=2", "0", "rediss://:pw@host:6380/1?db=2&ssl_cert_reqs=none"),
        ("redis://host", "0", "redis://host"),
    ],
)
def test_a_self_signed_certificate_is_taken_only_when_that_is_said(
    monkeypatch: pytest.MonkeyPatch, url: str, verify: str, dsn: str
) -> None:
    """REDIS_TLS_VERIFY=0 is what a Redis with a certificate of its own making needs, as Heroku's has."""
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setenv("REDIS_TLS_VERIFY", verify)
    assert load_settings().redis_dsn == dsn
