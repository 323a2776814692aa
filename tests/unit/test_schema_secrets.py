"""The magic link's secret opens a connection's credentials: it is shown only to those who ask for it."""

from typing import Any

import pytest
from pydantic import ValidationError

from receiver.schema import Connection, EventHead, WebhookPayload, Wire, without_secret

SECRET = "magic-hush-hush"
MODELS: list[type[Connection | WebhookPayload]] = [Connection, WebhookPayload]
NAMES = ["connectionMagicLinkSecret", "connection_magic_link_secret", "ConnectionMagicLinkSecret"]


def renderings(model: Wire) -> dict[str, str]:
    """All the ways in which a model turns into text by itself."""
    return {
        "repr": repr(model),
        "str": str(model),
        "dump": repr(model.model_dump()),
        "dump by alias": repr(model.model_dump(by_alias=True)),
        "dump for JSON": repr(model.model_dump(mode="json", round_trip=True)),
        "JSON": model.model_dump_json(),
        "as a dictionary": repr(dict(model)),
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_secret_can_be_asked_for(model: type[Connection], answer: dict[str, Any]) -> None:
    secret = model.model_validate(answer).connection_magic_link_secret
    assert secret is not None
    assert secret.get_secret_value() == SECRET


@pytest.mark.parametrize("model", MODELS)
def test_the_secret_may_be_null_or_absent(model: type[Connection], answer: dict[str, Any]) -> None:
    assert model.model_validate(answer | {NAMES[0]: None}).connection_magic_link_secret is None
    del answer[NAMES[0]]
    assert model.model_validate(answer).connection_magic_link_secret is None


@pytest.mark.parametrize("model", MODELS)
def test_the_secret_is_in_no_rendering(model: type[Connection], answer: dict[str, Any]) -> None:
    for way, text in renderings(model.model_validate(answer)).items():
        assert SECRET not in text, way


@pytest.mark.parametrize("name", NAMES)
def test_a_former_secret_among_the_old_values_is_dropped(name: str, answer: dict[str, Any]) -> None:
    """`connection.updated.v2` carries the former values of what changed, in a shape that is not fixed."""
    old = {"old": {name: SECRET, "url": "u"}, "changes": [{"deep": [{name: SECRET}]}]}
    payload = WebhookPayload.model_validate(answer | old)
    assert payload.model_extra == {"old": {"url": "u"}, "changes": [{"deep": [{}]}]}
    assert payload.connection_magic_link_secret is not None


@pytest.mark.parametrize("holder", ["datasource", "company"])
def test_a_secret_within_another_object_is_dropped(holder: str, answer: dict[str, Any]) -> None:
    payload = WebhookPayload.model_validate(answer | {holder: {"name": "Acme", NAMES[0]: SECRET}})
    assert SECRET not in str(renderings(payload))


def test_a_secret_that_comes_under_all_its_names_is_in_no_rendering(answer: dict[str, Any]) -> None:
    payload = Connection.model_validate(answer | dict.fromkeys(NAMES, SECRET))
    assert SECRET not in str(renderings(payload))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"id": None}, id="another field is wrong"),
        pytest.param({NAMES[0]: [SECRET]}, id="the secret is no string"),
        pytest.param({"created": SECRET}, id="it stands in the wrong place"),
    ],
)
def test_a_refusal_shows_nothing_of_what_was_refused(wrong: dict[str, Any], answer: dict[str, Any]) -> None:
    del answer["publicCompanyId"]
    with pytest.raises(ValidationError) as refusal:
        Connection.model_validate(answer | wrong)
    assert SECRET not in str(refusal.value)
    assert answer["username"] not in str(refusal.value)


def test_a_body_that_is_no_object_is_refused_without_being_shown() -> None:
    for model in (EventHead, WebhookPayload):
        with pytest.raises(ValidationError) as refusal:
            model.model_validate_json(f'["{SECRET}"]')
        assert SECRET not in str(refusal.value)


def test_personal_data_is_not_in_the_repr(answer: dict[str, Any]) -> None:
    payload = WebhookPayload.model_validate(answer | {"emails": ["third@acme.example"]})
    assert payload.username == "pat@acme.example"
    assert "acme.example" not in repr(payload)


@pytest.mark.parametrize("value", [None, 5, "text", [], {}, {"old": [{"a": None}]}])
def test_json_without_a_secret_is_left_as_it_is(value: object) -> None:
    assert without_secret(value) == value
