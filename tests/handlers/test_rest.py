"""The `rest` handler: one request to any CRM."""

import json
import os
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rest import Options, rest
from handlers.rest.template import FIELDS, fill, fill_url
from receiver.api import Done, Outcome, Rejected
from receiver.policy import Reaction, judge
from receiver.settings import SettingsError, read_options
from receiver.testing import make_change
from tests.handlers.crm_world import ACME, Nectar, context

URL = "https://crm.example.com/companies/{key}"


class Target:
    """Keeps what it is sent, and answers one code."""

    def __init__(self, code: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        self.code = code

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.code, headers={"Location": "https://elsewhere.example"})


async def tell(target: Target, company: dict[str, Any] | None = None, **options: Any) -> Outcome:
    nectar = Nectar()
    shown = nectar.connect(
        "PASSWORD_INCORRECT", company or ACME, status_first_seen_time="2025-11-03T06:00:00Z"
    )
    http = httpx.AsyncClient(transport=httpx.MockTransport(target))
    made = Options.model_validate({"url": URL, **options})
    return await rest(make_change(nectar.connections[shown]), context(made, nectar, http=http))


@pytest.mark.anyio
async def test_all_figures_are_put_where_the_url_says() -> None:
    target = Target()
    assert await tell(target, link="https://r.example/{company_id}") == Done(None)
    [request] = target.requests
    assert (request.method, str(request.url)) == ("PUT", "https://crm.example.com/companies/ACME-1")
    assert json.loads(request.content) == {
        "key": "ACME-1",
        "company_id": ACME["id"],
        "name": "Acme",
        "total": 1,
        "connected": 0,
        "needing_action": 1,
        "worst": "PASSWORD_INCORRECT",
        "since": "2025-11-03T06:00:00Z",
        "checked": "2025-11-03T06:00:00Z",
        "link": f"https://r.example/{ACME['id']}",
    }


@pytest.mark.anyio
async def test_method_headers_and_body_are_as_they_are_set() -> None:
    target = Target()
    body = {"data": [{"broken": "{needing_action}", "text": "{needing_action} of {total}"}], "source": 7}
    await tell(target, method="PATCH", headers={"Authorization": "Bearer hush"}, body=body)
    [request] = target.requests
    assert (request.method, request.headers["authorization"]) == ("PATCH", "Bearer hush")
    assert json.loads(request.content) == {"data": [{"broken": 1, "text": "1 of 1"}], "source": 7}


@pytest.mark.anyio
async def test_a_company_s_name_can_break_out_of_nothing() -> None:
    target = Target()
    await tell(
        target, {**ACME, "name": '"}, {"a": "', "externalId": "../admin?x=1#y"}, body={"n": "<{name}>"}
    )
    [request] = target.requests
    assert request.url.raw_path == b"/companies/..%2Fadmin%3Fx%3D1%23y"
    assert json.loads(request.content) == {"n": '<"}, {"a": ">'}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("code", "advice"), [(404, "no such record"), (410, "no such record"), (301, "a redirect")]
)
async def test_what_is_not_there_is_rejected_with_the_way_out(code: int, advice: str) -> None:
    outcome = await tell(Target(code))
    assert isinstance(outcome, Rejected)
    assert advice in outcome.reason
    assert "REST_URL" in outcome.reason


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        (400, Reaction.REJECT),
        (401, Reaction.PARK),
        (403, Reaction.PARK),
        (429, Reaction.RETRY),
        (502, Reaction.RETRY),
    ],
)
async def test_other_refusals_are_as_everywhere(code: int, reaction: Reaction) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await tell(Target(code))
    assert judge(refused.value).reaction is reaction


@pytest.mark.anyio
async def test_check_asks_the_url_that_is_set_for_it() -> None:
    target = Target()
    http = httpx.AsyncClient(transport=httpx.MockTransport(target))
    options = Options.model_validate(
        {"url": URL, "headers": {"X-Key": "hush"}, "check_url": "https://crm.example.com/ping"}
    )
    assert rest.check is not None
    assert await rest.check(options, http) == "the CRM answered 200"
    [request] = target.requests
    assert (request.method, request.url.path, request.headers["x-key"]) == ("GET", "/ping", "hush")
    target.code = 401
    with pytest.raises(httpx.HTTPStatusError):
        await rest.check(options, http)


@pytest.mark.anyio
async def test_check_says_that_it_asked_nothing_where_nothing_is_set() -> None:
    assert rest.check is not None
    told = await rest.check(Options.model_validate({"url": URL}), httpx.AsyncClient())
    assert "REST_CHECK_URL" in told


def test_the_options_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "REST_URL": URL,
        "REST_HEADERS": '{"Authorization": "Bearer hush"}',
        "REST_BODY": '{"broken": "{needing_action}"}',
        "REST_METHOD": "PATCH",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    options = read_options(Options, "REST")
    assert (options.method, options.template) == ("PATCH", {"broken": "{needing_action}"})
    assert "hush" not in repr(options)


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("REST_URL", "crm.example.com/{key}", "must begin with https://"),
        ("REST_URL", "https://crm.example.com/{id}", "{id} stands for nothing; there are {key}, "),
        ("REST_BODY", '{"a": ["{broken}"]}', "{broken} stands for nothing"),
        ("REST_BODY", '{"{broken}": 1}', "{broken} stands for nothing"),
        ("REST_BODY", '{"a": hush}', "is not valid JSON"),
        ("REST_METHOD", "DELETE", "should be 'PUT', 'PATCH' or 'POST'"),
        ("REST_HEADERS", "hush", "REST_HEADERS: "),
    ],
)
def test_a_wrong_option_is_named_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    for name in [name for name in os.environ if name.startswith("REST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REST_URL", URL)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as wrong:
        read_options(Options, "REST")
    assert str(wrong.value).startswith(f"{variable}: ")
    assert problem in str(wrong.value)
    assert "hush" not in str(wrong.value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([f"{{{name}}}" for name in FIELDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.text())
def test_filling_in_changes_no_structure_whatever_is_filled_in(template: Any, text: str) -> None:
    values = dict.fromkeys(FIELDS, text)

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items()}
        return [shape(inner) for inner in value] if isinstance(value, list) else None

    assert shape(fill(template, values)) == shape(template)


@given(st.text())
def test_a_value_stays_within_its_part_of_the_url(text: str) -> None:
    filled = httpx.URL(fill_url("https://crm.example.com/a/{key}/b", dict.fromkeys(FIELDS, text)))
    assert (filled.host, filled.query, filled.fragment) == ("crm.example.com", b"", "")
    assert filled.raw_path.count(b"/") == 3
