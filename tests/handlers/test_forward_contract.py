"""The forward handler in every situation that the router can bring about."""

import pytest

from handlers.forward import forward
from receiver.testing import check_handler
from tests.handlers.forwarding import SECRET, options


@pytest.mark.parametrize("urls", [["https://hooks.example/a"], ["https://hooks.example", "http://b.example"]])
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_it_keeps_the_contract(urls: list[str], mode: str) -> None:
    check_handler(forward, options(*urls, mode=mode, secret=[SECRET]))
