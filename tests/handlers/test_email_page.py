"""handlers/email/README.md says what is so."""

import re
from pathlib import Path

from handlers.email import Options
from handlers.email.words import WORDS
from receiver.api import Status

PAGE = (Path(__file__).parents[2] / "handlers/email/README.md").read_text()


def test_every_variable_is_in_the_table_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(EMAIL_\w+)` \| ([^|]*?) ?\|", PAGE, re.MULTILINE))
    assert rows.keys() == {
        f"EMAIL_{(field.alias or name).upper()}" for name, field in Options.model_fields.items()
    }
    for name in ("transport", "resend_url"):
        assert rows[f"EMAIL_{name.upper()}"] == f"`{Options.model_fields[name].default}`"


def test_the_table_of_statuses_is_complete_and_right() -> None:
    before, _, _ = PAGE.partition("## Set up")
    rows = re.findall(r"^\| ([A-Z][^|`]*) \| ([^|]*) \|", before, re.MULTILINE)
    gets = {name: what for names, what in rows for name in re.findall(r"[A-Z_]{7,}", names)}
    assert gets.keys() == set(Status)
    assert {status for status, what in gets.items() if what.startswith("a mail")} == set(WORDS)


def test_it_says_plainly_that_resend_has_not_been_called() -> None:
    assert "Resend itself has not been called" in PAGE
