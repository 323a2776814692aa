"""Where the forward handler may go: to the public internet only, and to the very address that was checked."""

import ssl

import httpx
import pytest
import trustme

from handlers.forward import forward
from handlers.forward.delivering import deliver
from handlers.forward.encoding import Message
from handlers.forward.posting import post
from handlers.forward.resolving import look_up
from handlers.forward.survey import survey
from handlers.forward.target import Target
from receiver.api import Done
from receiver.policy import Reaction, judge
from tests.handlers.forwarding import BROKEN, ELSEWHERE, Names, context, nobody, options, pretending
from tests.handlers.listener import listen

pytestmark = pytest.mark.anyio

MESSAGE = Message({"Content-Type": "application/json"}, b"{}")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's side of TLS that trusts the tests' issuer and nobody else."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def certificate_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"asked for {request.url}")


@pytest.mark.parametrize(
    "addresses", [["10.0.0.5"], [ELSEWHERE, "127.0.0.1"], ["::1", ELSEWHERE], ["::ffff:1.1.1.1"]]
)
async def test_a_name_that_leads_inside_with_any_of_its_addresses_is_refused(addresses: list[str]) -> None:
    ctx = context(options("https://hooks.example/hush"), pretending(refuse))
    with pytest.raises(PermissionError, match=r"^hooks\.example is at .*FORWARD_ALLOW_PRIVATE=1") as refusal:
        await deliver(BROKEN, ctx, Names(addresses))
    assert judge(refusal.value).reaction is Reaction.PARK
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "[::ffff:7f00:1]"]
)
async def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    async with listen() as listener, httpx.AsyncClient() as http:
        with pytest.raises(PermissionError):
            await forward(BROKEN, context(options(f"http://{host}:{listener.port}"), http))
    assert listener.conversations == 0


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """A name that is public when asked first and internal when asked again is asked once."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202)

    names = Names([ELSEWHERE], ["127.0.0.1"])
    ctx = context(options("https://u:p@hooks.example:8443/a?b=c"), pretending(answer))
    assert await deliver(BROKEN, ctx, names) == Done("key-7")
    assert names.asked == [("hooks.example", 8443)]
    [request] = sent
    assert str(request.url) == f"https://u:p@{ELSEWHERE}:8443/a?b=c"
    assert request.headers["host"] == "hooks.example:8443"
    assert request.extensions["sni_hostname"] == "hooks.example"


async def test_over_tls_the_certificate_must_be_that_of_the_name(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """The name leads nowhere: what is connected to can only be the address that was given."""
    async with (
        listen(tls=certificate_of(authority, "hooks.example")) as listener,
        httpx.AsyncClient(verify=trusting) as http,
    ):
        right = Target(httpx.URL(f"https://hooks.example:{listener.port}/a"))
        assert await post(http, right, MESSAGE, ["127.0.0.1"]) == 202
        wrong = Target(httpx.URL(f"https://other.example:{listener.port}/a"))
        with pytest.raises(httpx.ConnectError, match=r"^other\.example:\d+: .*certificate"):
            await post(http, wrong, MESSAGE, ["127.0.0.1"])
    [posted] = listener.posted
    assert listener.names == ["hooks.example", "other.example"]
    assert posted.headers["host"] == f"hooks.example:{listener.port}"


async def test_a_stranger_at_the_address_of_a_certified_name_gets_nothing(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """A connection that one name's certificate opened is not used for another name at the same address."""
    async with (
        listen(tls=certificate_of(authority, "hooks.example")) as listener,
        httpx.AsyncClient(verify=trusting) as http,
    ):
        for _ in range(3):
            await post(
                http, Target(httpx.URL(f"https://hooks.example:{listener.port}")), MESSAGE, ["127.0.0.1"]
            )
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await post(
                http, Target(httpx.URL(f"https://other.example:{listener.port}")), MESSAGE, ["127.0.0.1"]
            )
    assert [posted.conversation for posted in listener.posted] == [1, 2, 3]
    assert {posted.headers["connection"] for posted in listener.posted} == {"close"}


async def test_an_untrusted_certificate_gets_nothing(authority: trustme.CA) -> None:
    async with (
        listen(tls=certificate_of(authority, "hooks.example")) as listener,
        httpx.AsyncClient() as http,
    ):
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await post(
                http, Target(httpx.URL(f"https://hooks.example:{listener.port}")), MESSAGE, ["127.0.0.1"]
            )
    assert listener.posted == []


async def test_when_the_first_address_cannot_be_reached_the_next_one_is_tried() -> None:
    async with listen() as listener, httpx.AsyncClient() as http:
        target = Target(httpx.URL(f"http://hooks.example:{listener.port}"))
        assert await post(http, target, MESSAGE, ["127.0.0.9", "127.0.0.1"]) == 202
    assert len(listener.posted) == 1


async def test_what_an_address_answered_is_not_asked_of_the_next() -> None:
    async with listen("503 Down") as listener, httpx.AsyncClient() as http:
        target = Target(httpx.URL(f"http://hooks.example:{listener.port}"))
        with pytest.raises(httpx.HTTPStatusError):
            await post(http, target, MESSAGE, ["127.0.0.1", "127.0.0.1"])
    assert len(listener.posted) == 1


async def test_a_name_without_an_address_is_the_targets_trouble() -> None:
    with pytest.raises(ConnectionError, match=r"^hooks\.invalid: there is no address of that name"):
        await look_up("hooks.invalid", 443)
    with pytest.raises(ConnectionError, match="no address"):
        await look_up("a" * 64 + ".example", 443)
    ctx = context(options("https://hooks.example"), pretending(refuse))
    with pytest.raises(ConnectionError, match="no address"):
        await deliver(BROKEN, ctx, Names([]))


async def test_the_system_is_asked_for_names() -> None:
    assert "127.0.0.1" in await look_up("localhost", 80)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_behind_a_proxy_nothing_can_be_checked_so_nothing_is_sent(
    no_proxy: pytest.MonkeyPatch, variable: str
) -> None:
    no_proxy.setenv(variable, "http://proxy.example:3128")
    ctx = context(options("https://hooks.example"), pretending(refuse))
    with pytest.raises(PermissionError, match=r"proxy .*set FORWARD_ALLOW_PRIVATE=1"):
        await deliver(BROKEN, ctx, nobody)


async def test_a_proxy_that_is_for_nobody_or_for_another_scheme_is_none(
    no_proxy: pytest.MonkeyPatch,
) -> None:
    no_proxy.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert await survey(options("https://hooks.example"), Names([ELSEWHERE]))
    no_proxy.setenv("ALL_PROXY", "http://proxy.example:3128")
    no_proxy.setenv("NO_PROXY", "*")
    assert await survey(options("https://hooks.example"), Names([ELSEWHERE]))


async def test_the_preflight_says_where_each_url_leads_and_posts_nothing() -> None:
    said = await survey(
        options("https://a.example/hush", "https://b.example"), Names([ELSEWHERE], ["1.1.1.1"])
    )
    assert said == (
        f"a.example is at {ELSEWHERE}; b.example is at 1.1.1.1; nothing is signed: FORWARD_SECRET is not set"
    )
    with pytest.raises(PermissionError, match=r"b\.example is at 10\.0\.0\.1, which is private"):
        await survey(
            options("https://a.example", "https://b.example"), Names([ELSEWHERE], [ELSEWHERE, "10.0.0.1"])
        )
    assert forward.check is not None
    with pytest.raises(PermissionError, match="loopback"):
        await forward.check(options("http://localhost"), pretending(refuse))


async def test_the_preflight_says_so_when_internal_addresses_are_allowed(
    no_proxy: pytest.MonkeyPatch,
) -> None:
    allowed = options("http://a.example", allow_private=True)
    said = await survey(allowed, Names(["10.0.0.1"]))
    assert said.startswith("a.example is at 10.0.0.1 (private, allowed); ")
    assert (await survey(allowed, Names([ELSEWHERE]))).startswith(f"a.example is at {ELSEWHERE}; ")
    with pytest.raises(ConnectionError, match="no address"):
        await survey(allowed, Names([]))
    no_proxy.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert (await survey(allowed, nobody)).startswith("a.example is reached by a proxy; ")
