"""The test kit for handler authors: made-up connections, targets and attempts, without Redis or sockets.

    from pager import pager
    from receiver.api import Done
    from receiver.testing import FakeHTTP, FakeRouter, check_handler, make_change, make_connection
    from receiver.testing import run_handler_sync

    def test_it_pages_when_the_password_is_incorrect():
        http = FakeHTTP({"POST /*": {"id": "page-7"}})
        run = run_handler_sync(pager, make_change(make_connection("PASSWORD_INCORRECT")), http=http)
        assert run.outcome == Done("page-7")
        assert http.requests[0].headers["idempotency-key"]

    def test_a_pager_that_is_busy_is_asked_again_when_it_says():
        http = FakeHTTP()
        http.fail_with(429, headers={"Retry-After": "120"})
        run = run_handler_sync(pager, make_change(make_connection()), http=http)
        assert (run.went, run.after) == ("retry", 120)

    def test_nobody_is_paged_twice_after_a_death():
        router = FakeRouter(pager)
        router.http.die_after(1)
        assert router.show_sync(make_connection("PASSWORD_INCORRECT")).died
        router.show_again_sync()
        first, second = router.http.requests
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]

    def test_it_keeps_the_contract():
        check_handler(pager)

`make_connection`, `make_change`, `make_options`, `make_context`
    made-up values, each field as you like.
`FakeHTTP`
    a target: answers as it is told, remembers what it was sent (`requests`, `effects`), and fails when it is
    told to: `fail_with`, `time_out`, `refuse`, `hang`, `die_after`.
`run_handler`, `run_handler_sync`
    one attempt as the router makes it: time-out, memory, steps, and what the router would do (`run.went`).
`FakeRouter`
    several attempts at one connection, with what the router keeps between them.
`check_handler`, `contract_findings`, `contract_report`
    the contract suite: repeats, deaths, troubles, missing fields, leaks, and more.

In coroutines await `run_handler`, `router.show` and `router.show_again`. Without options they are made up;
without a target the handler's own stand-in answers (`@pager.stand_in`), or one that takes everything. For the
fixtures that come with pytest see receiver/testing/plugin.py.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from receiver.testing.answers import NoAnswerError as NoAnswerError
    from receiver.testing.contract import ContractError as ContractError
    from receiver.testing.contract import Finding as Finding
    from receiver.testing.contract import Report as Report
    from receiver.testing.contract import Scene as Scene
    from receiver.testing.contract import check_handler as check_handler
    from receiver.testing.contract import contract_findings as contract_findings
    from receiver.testing.contract import contract_report as contract_report
    from receiver.testing.making import LINK as LINK
    from receiver.testing.making import MemorySteps as MemorySteps
    from receiver.testing.making import make_change as make_change
    from receiver.testing.making import make_connection as make_connection
    from receiver.testing.making import make_context as make_context
    from receiver.testing.options import CannotMakeUpError as CannotMakeUpError
    from receiver.testing.options import make_options as make_options
    from receiver.testing.router import FakeRouter as FakeRouter
    from receiver.testing.running import Run as Run
    from receiver.testing.running import run_handler as run_handler
    from receiver.testing.running import run_handler_sync as run_handler_sync
    from receiver.testing.target import FakeHTTP as FakeHTTP
    from receiver.testing.target import SentRequest as SentRequest

_HOME = {
    "answers": "NoAnswerError",
    "contract": "ContractError Finding Report Scene check_handler contract_findings contract_report",
    "making": "LINK MemorySteps make_change make_connection make_context",
    "options": "CannotMakeUpError make_options",
    "router": "FakeRouter",
    "running": "Run run_handler run_handler_sync",
    "target": "FakeHTTP SentRequest",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "LINK",
    "CannotMakeUpError",
    "ContractError",
    "FakeHTTP",
    "FakeRouter",
    "Finding",
    "MemorySteps",
    "NoAnswerError",
    "Report",
    "Run",
    "Scene",
    "SentRequest",
    "check_handler",
    "contract_findings",
    "contract_report",
    "make_change",
    "make_connection",
    "make_context",
    "make_options",
    "run_handler",
    "run_handler_sync",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: the pytest plugin is loaded with every run of pytest."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
