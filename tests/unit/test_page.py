"""How pages of documentation are read by tests: a page that lies must be found out."""

from pathlib import Path

import pytest

from tests.page import blocks, commands, fits

PAGE = """
# A page

```console
$ first --option
said
$ second
```

Words.

```python
# a_file.py
print("hello")
```
"""


def test_blocks_come_in_order_with_their_commands(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    console, python = blocks(tmp_path / "page.md")
    assert [(one.typed, one.shown) for one in commands(console)] == [
        ("first --option", ["said"]),
        ("second", []),
    ]
    assert (python.language, python.file, python.line) == ("python", "a_file.py", 12)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("one\ntwo", "one\ntwo"),
        ("3 passed in 1.02s", "3 passed in 9.99s"),
        ("10:42:09.997  done   78 ms", "23:59:59.001  done          4 ms"),
        ("fcbbfafe v3  done", "00112233 v3  done"),
        ("one\n...\nthree", "one\ntwo\nand a half\nthree"),
        ("one\n...", "one\ntwo"),
        ("...\ntwo", "one\ntwo"),
        ("...\ntwo\n...", "one\ntwo\nthree"),
        ("one\n...\ntwo", "one\ntwo"),
    ],
)
def test_what_differs_each_time_may_differ(shown: str, printed: str) -> None:
    assert fits(shown.splitlines(), printed.splitlines())


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("one\ntwo", "one"),
        ("one", "one\ntwo"),
        ("3 passed in 1.02s", "2 passed, 1 failed in 1.02s"),
        ("one\n...\nthree", "one\ntwo"),
        ("a.c", "abc"),
    ],
)
def test_what_must_not_differ_is_found_out(shown: str, printed: str) -> None:
    assert not fits(shown.splitlines(), printed.splitlines())
