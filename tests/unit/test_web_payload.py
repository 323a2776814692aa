"""From a body to a message: what is taken, what is foreign, what does not fit, and what is kept of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.journal import Message
from receiver.web.payload import MOST_ERRORS, Foreign, Malformed, Misfit, understand

ID = "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"
MAGIC = "hush-hush"

# Hypothesis tries words that it finds in the code, too: here the secret's name would be among them.
texts = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "magic" not in text.lower())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


def body(**fields: Any) -> bytes:
    """A body that fits, but for the fields given."""
    return json.dumps({"id": ID} | fields).encode()


def misfit(**fields: Any) -> Misfit:
    """What is said of a body that does not fit."""
    understood = understand("msg_1", body(**fields))
    assert isinstance(understood, Misfit)
    return understood


def kept(raw: bytes) -> Any:
    """What is kept of a body that fits."""
    understood = understand("msg_1", raw)
    assert isinstance(understood, Message)
    return json.loads(understood.payload)


def test_of_a_message_its_id_type_connection_payload_and_oddities_are_known() -> None:
    raw = body(eventType="connection.created.v2", status="ON_FIRE")
    assert understand("msg_1", raw) == Message(
        "msg_1", "connection.created.v2", ID, raw, {"status": ["ON_FIRE"]}
    )


def test_a_connection_has_one_name_however_its_id_is_written() -> None:
    for spelled in (ID.upper(), f"urn:uuid:{ID}", ID.replace("-", ""), f"{{{ID}}}"):
        understood = understand("msg_1", body(id=spelled))
        assert isinstance(understood, Message)
        assert understood.connection == ID


@pytest.mark.parametrize("fields", [{}, {"eventType": None}, {"eventType": ""}, {"eventType": "connection"}])
def test_without_a_type_it_is_an_event_of_a_connection(fields: dict[str, Any]) -> None:
    understood = understand("msg_1", body(**fields))
    assert isinstance(understood, Message)
    assert understood.type == "connection"


@pytest.mark.parametrize(
    "kind", ["document.created.v2", "Connection.updated", "connections.x", " connection.x"]
)
def test_another_type_is_foreign_whether_its_body_fits_or_not(kind: str) -> None:
    assert understand("msg_1", body(eventType=kind)) == Foreign(kind)
    assert understand("msg_1", body(eventType=kind, id=[], accounts=1)) == Foreign(kind)


def test_each_wrong_field_is_named_with_its_place_and_its_reason_but_not_its_value() -> None:
    found = misfit(id="shy", username=["shy"], accounts=[{}, {"site": {"name": {"shy": 1}}}], company=0)
    assert [error["location"] for error in found.errors] == [
        "accounts.1.site.name",
        "company",
        "username",
        "id",
    ]
    assert all(set(error) == {"location", "reason"} and error["reason"] for error in found.errors)
    assert "shy" not in json.dumps(found.errors)


def test_of_half_a_million_errors_a_hundred_are_told_and_the_rest_counted() -> None:
    found = misfit(initialSites=[0] * 1000)
    assert len(found.errors) == MOST_ERRORS + 1
    assert found.errors[-1]["reason"] == "900 more errors"


@pytest.mark.parametrize("raw", [b"", b"{", b'{"id":NaN}', b"[Infinity]", b"-Infinity", b'{"x":1,}', b"\xff"])
def test_what_is_not_json_by_the_letter_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed, match=r"line 1 column \d+$"):
        understand("msg_1", raw)


def test_malformed_says_where_and_not_what() -> None:
    with pytest.raises(Malformed) as error:
        understand("msg_1", body(connectionMagicLinkSecret=MAGIC)[:-1])
    assert MAGIC not in str(error.value)


def test_the_words_nan_and_infinity_are_fine_in_a_text() -> None:
    assert kept(body(url="NaN, Infinity")) == {"id": ID, "url": "NaN, Infinity"}


@given(fields=st.dictionaries(texts, values, max_size=4))
def test_a_body_without_the_secret_is_kept_byte_for_byte(fields: dict[str, Any]) -> None:
    raw = json.dumps({"old": fields, "id": ID}, indent=1).encode()
    understood = understand("msg_1", raw)
    assert isinstance(understood, Message)
    assert understood.payload == raw


@given(rest=st.dictionaries(texts, values, max_size=4))
def test_a_body_with_the_secret_is_kept_without_it_and_with_all_else(rest: dict[str, Any]) -> None:
    told = {"id": ID, "old": rest}
    hidden = told | {"connectionMagicLinkSecret": MAGIC, "old": {**rest, "connectionMagicLinkSecret": MAGIC}}
    assert kept(json.dumps(hidden).encode()) == told


@given(spelled_out=st.sets(st.integers(0, 24)), upper=st.booleans())
def test_the_secret_is_found_however_its_name_is_spelled(spelled_out: set[int], upper: bool) -> None:
    form = "\\u{:04X}" if upper else "\\u{:04x}"
    letters = enumerate("connectionMagicLinkSecret")
    name = "".join(form.format(ord(letter)) if place in spelled_out else letter for place, letter in letters)
    raw = f'{{"id":"{ID}","old":[{{"{name}":"{MAGIC}"}}]}}'.encode()
    assert kept(raw) == {"id": ID, "old": [{}]}
    understood = understand("msg_1", raw.replace(ID.encode(), b"odd"))
    assert isinstance(understood, Misfit)
    assert json.loads(understood.payload) == {"id": "odd", "old": [{}]}


def test_the_second_of_two_fields_with_one_name_does_not_cover_up_a_secret_in_the_first() -> None:
    raw = f'{{"id":"{ID}","old":{{"connectionMagicLinkSecret":"{MAGIC}"}},"old":{{}}}}'.encode()
    assert kept(raw) == {"id": ID, "old": {}}


def test_what_is_kept_is_json_even_with_numbers_beyond_all_bounds() -> None:
    raw = f'{{"id":"{ID}","x":1e999,"connectionMagicLinkSecret":"{MAGIC}"}}'.encode()
    assert kept(raw) == {"id": ID, "x": None}
