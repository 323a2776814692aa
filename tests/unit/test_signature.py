"""Standard Webhooks as Svix speaks it, with the two public libraries as oracles."""

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

from receiver.signature import TOLERANCE, SignatureError, Verified, Verifier, decode_secret, sign

Oracle = svix.webhooks.Webhook | standardwebhooks.Webhook
ORACLES: list[type[Oracle]] = [svix.webhooks.Webhook, standardwebhooks.Webhook]
FAMILIES = ["svix", "webhook"]

KEY = b"0123456789abcdef01234567"
OTHER_KEY = b"another key, as good as it"
ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
NOW = 1_700_000_000
BODY = b'{"id":"0b0d7c1e","eventType":"connection.updated.v2"}'

keys = st.binary(min_size=24, max_size=100)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
texts = st.text()
visible = st.characters(min_codepoint=32, max_codepoint=126)


def headers(
    message_id: str, timestamp: object, signature: str, family: str = "svix", **more: str
) -> dict[str, str]:
    """The three headers of one family, and more."""
    stamped = {"id": message_id, "timestamp": str(timestamp), "signature": signature}
    return {f"{family}-{part}": value for part, value in stamped.items()} | more


def signed(timestamp: int = NOW, key: bytes = KEY, family: str = "svix") -> dict[str, str]:
    """The headers of an authentic message with BODY."""
    return headers(ID, timestamp, sign(key, ID, timestamp, BODY), family)


def refusal(given_headers: Mapping[str, str], body: bytes = BODY) -> str:
    """Why the message is refused."""
    with pytest.raises(SignatureError) as refused:
        Verifier([KEY, OTHER_KEY]).verify(given_headers, body, NOW)
    return str(refused.value)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("family", FAMILIES)
@given(key=keys, message_id=ids, moment=st.integers(1, 4_000_000_000), text=texts)
def test_what_the_libraries_sign_we_take(
    oracle: type[Oracle], family: str, key: bytes, message_id: str, moment: int, text: str
) -> None:
    signature = oracle(key).sign(message_id, datetime.fromtimestamp(moment, UTC), text)
    message = headers(message_id, moment, signature, family)
    assert Verifier([key]).verify(message, text.encode(), moment) == Verified(message_id, moment)


@pytest.mark.parametrize("oracle", ORACLES)
@given(key=keys, message_id=ids, text=texts)
def test_what_we_sign_the_libraries_take(
    oracle: type[Oracle], key: bytes, message_id: str, text: str
) -> None:
    now = int(time.time())
    message = headers(message_id, now, sign(key, message_id, now, text.encode()), "webhook")
    if oracle is svix.webhooks.Webhook:
        svix.webhooks.Webhook(key).verify(text, message)
    else:
        standardwebhooks.Webhook(key).verify(text, message, json_parse=False)


@pytest.mark.parametrize("oracle", ORACLES)
@given(key=keys)
def test_a_secret_holds_the_key_that_the_libraries_find_in_it(oracle: type[Oracle], key: bytes) -> None:
    for secret in (encoded := base64.b64encode(key).decode(), f"whsec_{encoded}"):
        assert decode_secret(secret) == key
        theirs = oracle(secret).sign(ID, datetime.fromtimestamp(NOW, UTC), BODY.decode())
        assert theirs == sign(decode_secret(secret), ID, NOW, BODY)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_hunter2!", "whsec_AAA", "hunter-2", "whsec_é", "=="])
def test_what_is_no_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^a webhook secret is 'whsec_' followed by base64$"):
        decode_secret(secret)


@pytest.mark.parametrize("family", FAMILIES)
def test_both_families_of_headers_are_taken(family: str) -> None:
    assert Verifier([KEY]).verify(signed(family=family), BODY, NOW) == Verified(ID, NOW)


def test_a_half_of_one_family_leaves_the_other_valid() -> None:
    message = signed(family="webhook") | {"svix-id": ID, "svix-signature": ""}
    assert Verifier([KEY]).verify(message, BODY, NOW) == Verified(ID, NOW)


def test_half_of_one_family_and_half_of_the_other_make_no_message() -> None:
    mixed = signed(family="webhook") | signed()
    del mixed["svix-id"], mixed["webhook-signature"]
    assert "must all be there" in refusal(mixed)


@pytest.mark.parametrize("part", ["id", "timestamp", "signature"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("missing", [True, False], ids=["missing", "empty"])
def test_a_missing_or_empty_header_is_refused(part: str, family: str, missing: bool) -> None:
    message = signed(family=family) | {f"{family}-{part}": ""}
    if missing:
        del message[f"{family}-{part}"]
    assert refusal(message) == "svix-id, svix-timestamp and svix-signature must all be there"


def test_while_a_secret_is_rotated_either_key_is_enough() -> None:
    both = Verifier([KEY, OTHER_KEY])
    for key in (KEY, OTHER_KEY):
        assert both.verify(signed(key=key), BODY, NOW) == Verified(ID, NOW)


def test_of_several_signatures_one_is_enough_wherever_it_stands() -> None:
    ours, foreign = sign(KEY, ID, NOW, BODY), sign(OTHER_KEY, ID, NOW, BODY)
    for several in (f"{ours} {foreign}", f"{foreign} {ours}", f"v1, v1,garbage  {ours}"):
        assert Verifier([KEY]).verify(headers(ID, NOW, several), BODY, NOW) == Verified(ID, NOW)


def test_a_key_that_is_not_ours_signs_nothing() -> None:
    assert refusal(signed(key=b"a stranger's")) == "the signature does not match"


@pytest.mark.parametrize("version", ["v1a", "v2", "v0", "V1", "", "v1 "])
def test_another_version_is_ignored_even_with_a_good_signature(version: str) -> None:
    good = sign(KEY, ID, NOW, BODY).removeprefix("v1,")
    assert refusal(headers(ID, NOW, f"{version},{good}")) == "the signature does not match"
    both = headers(ID, NOW, f"{version},{good} v1,{good}")
    assert Verifier([KEY]).verify(both, BODY, NOW) == Verified(ID, NOW)


@pytest.mark.parametrize("garbage", ["v1", "v1,", ",", " ", "v1,%%%", "v1,AAAA", "v1,é", "v1,=", "x" * 5000])
def test_a_garbage_signature_is_refused(garbage: str) -> None:
    assert refusal(headers(ID, NOW, garbage)) == "the signature does not match"


@pytest.mark.parametrize("offset", [-TOLERANCE, -1, 0, 1, TOLERANCE])
def test_clocks_may_differ_by_five_minutes_either_way(offset: int) -> None:
    assert Verifier([KEY]).verify(signed(NOW + offset), BODY, NOW).timestamp == NOW + offset


@pytest.mark.parametrize(
    ("offset", "reason"),
    [(-301, "old"), (301, "ahead"), (-NOW, "old"), (10**14, "ahead")],
)
def test_clocks_may_not_differ_by_more(offset: int, reason: str) -> None:
    assert reason in refusal(signed(NOW + offset))


@pytest.mark.parametrize("fraction", [-300.5, 300.5])
def test_the_tolerance_is_held_to_the_fraction_of_a_second(fraction: float) -> None:
    with pytest.raises(SignatureError, match="five minutes"):
        Verifier([KEY]).verify(signed(), BODY, NOW + fraction)


def test_the_tolerance_is_five_minutes() -> None:
    assert TOLERANCE == 300


@pytest.mark.parametrize(
    "stamp",
    [
        *("-1", f"-{NOW}", f"+{NOW}", f" {NOW}", f"{NOW}.0", "1.7e9", "0x65", "1_700_000_000", "nan", "inf"),
        *("١٧٠٠٠٠٠٠٠٠", "１７００００００００", "²"),  # noqa: RUF001 - digits, but not ASCII
        *("9" * 16, "9" * 5000),
    ],
)
def test_a_timestamp_that_is_no_plain_number_is_refused(stamp: str) -> None:
    assert refusal(headers(ID, stamp, "v1,AAAA")) == "the timestamp is not a number of seconds"


@given(place=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_a_body_with_any_byte_changed_is_refused(place: int, flip: int) -> None:
    tampered = bytearray(BODY)
    tampered[place] ^= flip
    assert refusal(signed(), bytes(tampered)) == "the signature does not match"


@pytest.mark.parametrize("tampered", [b"", BODY[:-1], BODY + b"\n", b" " + BODY, BODY.replace(b":", b": ")])
def test_a_body_that_was_cut_or_written_anew_is_refused(tampered: bytes) -> None:
    assert refusal(signed(), tampered) == "the signature does not match"


@given(part=st.sampled_from(["id", "timestamp", "signature"]), place=st.integers(0), other=visible)
def test_headers_with_any_character_changed_are_refused(part: str, place: int, other: str) -> None:
    message = signed()
    value = message[f"svix-{part}"]
    place %= len(value)
    tampered = value[:place] + other + value[place + 1 :]
    if tampered != value:
        refusal(message | {f"svix-{part}": tampered})


@given(noise=st.dictionaries(st.sampled_from(sorted(signed())), st.text(st.characters(max_codepoint=255))))
def test_whatever_the_headers_hold_nothing_but_a_refusal_is_raised(noise: dict[str, str]) -> None:
    if message := {name: value for name, value in noise.items() if signed()[name] != value}:
        refusal(signed() | message)


def test_an_empty_list_of_secrets_closes_the_door() -> None:
    with pytest.raises(ValueError, match="no webhook secret"):
        Verifier([])


@pytest.mark.parametrize(
    "message",
    [{}, signed(key=b"a stranger's"), signed(NOW - 301), headers(ID, "soon", "v1,AAAA")],
    ids=["headers missing", "wrong key", "too old", "no timestamp"],
)
def test_a_refusal_holds_neither_the_secret_nor_the_signature_it_expected(message: dict[str, str]) -> None:
    reason = refusal(message)
    for secret in (KEY.decode(), base64.b64encode(KEY).decode(), sign(KEY, ID, NOW, BODY)):
        assert secret not in reason
    assert KEY.decode() not in repr(vars(Verifier([KEY])))
