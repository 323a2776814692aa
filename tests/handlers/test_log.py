"""The `log` handler."""

import pytest
from structlog.testing import capture_logs

from handlers.log import log
from receiver.api import Done
from receiver.testing import make_change, make_connection, make_context

pytestmark = pytest.mark.anyio


async def test_each_change_is_one_line_that_says_what_changed() -> None:
    change = make_change(make_connection("CONNECTED"), "PENDING", {"updated", "status"})
    with capture_logs() as lines:
        assert await log(change, make_context(log.options())) == Done()
    assert lines == [
        {
            "event": "change",
            "log_level": "info",
            "status": "CONNECTED",
            "previous_status": "PENDING",
            "changed": ["status", "updated"],
            "events": 1,
        }
    ]


async def test_the_line_holds_no_personal_data() -> None:
    connection = make_connection(username="jane-doe", workflow_owner_email="jane@acme.example")
    with capture_logs() as lines:
        await log(make_change(connection), make_context(log.options()))
    assert "jane" not in repr(lines)


def test_it_is_shown_every_change() -> None:
    assert log.concerns({"url"})
