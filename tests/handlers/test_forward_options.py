"""What the forward handler is told by the environment."""

import pytest

from handlers.forward import Options
from handlers.forward.options import Mode
from receiver.settings import SettingsError, read_options
from tests.handlers.forwarding import NEXT_SECRET, SECRET


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("FORWARD_URLS", "https://hooks.example.com/hush")
    return monkeypatch


def test_one_url_is_all_that_is_needed(environment: pytest.MonkeyPatch) -> None:
    options = read_options(Options, "FORWARD")
    assert [str(target) for target in options.targets] == ["hooks.example.com"]
    assert (options.mode, options.source, options.keys) == (Mode.STRUCTURED, "/nectar-router", ())
    assert not options.allow_private
    assert not options.include_personal


def test_all_of_it_is_variables(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FORWARD_URLS", "https://a.example/x, http://b.example:8080/y, https://A.example/x#y")
    environment.setenv("FORWARD_SECRET", f"{SECRET},{NEXT_SECRET}")
    environment.setenv("FORWARD_MODE", "binary")
    environment.setenv("FORWARD_SOURCE", "https://router.example.com")
    environment.setenv("FORWARD_ALLOW_PRIVATE", "1")
    environment.setenv("FORWARD_INCLUDE_PERSONAL", "1")
    options = read_options(Options, "FORWARD")
    assert [str(target) for target in options.targets] == ["a.example", "b.example:8080"]
    assert options.keys == (b"old" * 8, b"new" * 8)
    assert (options.mode, options.source) == (Mode.BINARY, "https://router.example.com")
    assert options.allow_private
    assert options.include_personal


def test_every_option_is_described() -> None:
    assert all(field.description for field in Options.model_fields.values())


def test_no_dump_of_the_options_shows_a_path_or_a_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FORWARD_SECRET", SECRET)
    options = read_options(Options, "FORWARD")
    for shown in (repr(options), str(options), str(options.model_dump()), repr(options.targets)):
        assert "hush" not in shown
        assert SECRET.removeprefix("whsec_") not in shown


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443),
        ("http://hooks.example.com/x#part", "hooks.example.com", 80),
        ("HTTPS://Hooks.Example.com:8443/x", "hooks.example.com", 8443),
        ("https://user:hush@hooks.example.com/x?key=hush", "hooks.example.com", 443),
        ("https://bücher.example/x", "xn--bcher-kva.example", 443),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443),
    ],
)
def test_a_target_is_a_url_of_http(written: str, host: str, port: int) -> None:
    [target] = Options.model_validate({"urls": [written]}).targets
    assert (target.host, target.port) == (host, port)
    assert "hush" not in str(target)
    assert "hush" not in target.digest


@pytest.mark.parametrize(
    "url",
    "hush ftp://hush.example file:///hush unix:///hush https:// https:///hush //hush.example/x "
    "https://hush:port/x https://[hush]/ https://[fe80::1%25hush]/ https://hu\tsh.example".split(" "),
)
def test_a_wrong_url_is_refused_without_repeating_it(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("FORWARD_URLS", f"https://hooks.example.com,{url}")
    assert trouble() == "FORWARD_URLS: each must look like https://hooks.example.com/path"


@pytest.mark.parametrize(
    "secret", ["hush", "whsec_", "whsec_hush hush", "whsec_aHVzaGh1c2g=", SECRET[6:], f"{SECRET} hüsh"]
)
def test_a_wrong_secret_is_refused_without_repeating_it(environment: pytest.MonkeyPatch, secret: str) -> None:
    environment.setenv("FORWARD_SECRET", secret)
    assert trouble() == "FORWARD_SECRET: each must be 'whsec_' and the base64 of 24 random bytes or more"


def test_a_wrong_mode_or_source_is_refused_by_name(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FORWARD_MODE", "hush")
    environment.setenv("FORWARD_SOURCE", "hush hush")
    mode, source = trouble().splitlines()
    assert mode == "FORWARD_MODE: Input should be 'structured' or 'binary'"
    assert source == "FORWARD_SOURCE: must be a URI, such as https://router.example.com or /nectar-router"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORWARD_URLS", raising=False)
    assert trouble() == "FORWARD_URLS: is not set"


def trouble() -> str:
    with pytest.raises(SettingsError) as refusal:
        read_options(Options, "FORWARD")
    assert "hush" not in str(refusal.value)
    return str(refusal.value)
