"""The CRM handlers keep the handler contract, and send nothing that the vendors do not document."""

from collections.abc import Callable

import httpx
import pytest

from handlers.hubspot import Options as HubSpotOptions
from handlers.hubspot import hubspot
from handlers.hubspot.stand_in import StandIn as HubSpotStandIn
from handlers.rest import Options as RestOptions
from handlers.rest import rest
from handlers.salesforce import Options as SalesforceOptions
from handlers.salesforce import salesforce
from handlers.salesforce.stand_in import StandIn as SalesforceStandIn
from receiver.testing import check_handler
from tests.handlers.vendor_spec import VendorSpec

Answer = Callable[[httpx.Request], httpx.Response]


def checked(spec: VendorSpec, answer: Answer) -> Answer:
    def check(request: httpx.Request) -> httpx.Response:
        spec.check(request)
        return answer(request)

    return check


@pytest.mark.parametrize("contacts", [False, True])
def test_hubspot(contacts: bool) -> None:
    spec = VendorSpec("hubspot")
    options = HubSpotOptions.model_validate({"token": "made-up-token", "contacts": contacts})
    check_handler(hubspot, options, stand_in=lambda given: checked(spec, HubSpotStandIn(given)))
    assert {"read a batch of companies", "upsert a batch of companies"} <= spec.asked


def test_salesforce() -> None:
    spec = VendorSpec("salesforce")
    login = {"client_id": "made-up-client", "client_secret": "made-up-client-secret"}
    options = SalesforceOptions.model_validate({"url": "https://acme.example.com", **login})
    check_handler(salesforce, options, stand_in=lambda given: checked(spec, SalesforceStandIn(given)))
    assert {"query", "upsert by external id", "sign in"} <= spec.asked


def test_rest() -> None:
    headers = {"Authorization": "Bearer made-up-bearer-token"}
    check_handler(
        rest, RestOptions.model_validate({"url": "https://crm.example.com/{key}", "headers": headers})
    )
