"""The plugin for pytest, and the example that the test kit shows: as an author of handlers meets them."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

import pytest

import receiver.testing
from tests.docs import blocks

INSTALLED = any(point.value == "receiver.testing.plugin" for point in entry_points(group="pytest11"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the README's pager."""
    [pager] = [block for block in blocks("python") if block.startswith("# pager.py")]
    (tmp_path / "pager.py").write_text(pager)
    return tmp_path


def run_pytest(folder: Path, tests: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As an author runs it, without any plugin for coroutines, warnings being errors."""
    (folder / "test_pager.py").write_text(dedent(tests))
    plugin = [] if INSTALLED else ["-p", "receiver.testing.plugin"]
    others = ["-p", "no:anyio", "-p", "no:cacheprovider", "-W", "error"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugin, *others, *arguments, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_example_works(project: Path) -> None:
    doc = receiver.testing.__doc__ or ""
    example = doc[doc.index("    from pager") : doc.index("\n`make_connection`")]
    done = run_pytest(project, example)
    assert done.returncode == 0, done.stdout
    assert f"{example.count('def test_')} passed" in done.stdout


def test_its_fixtures_serve_tests_that_are_no_coroutines(project: Path) -> None:
    done = run_pytest(
        project,
        """
        from pager import pager
        from receiver.testing import FakeHTTP, make_change, make_connection

        CHANGE = make_change(make_connection("PASSWORD_INCORRECT"))

        def test_the_target_is_the_one_that_the_test_has(run_handler, fake_http):
            fake_http.fail_with(503)
            assert run_handler(pager, CHANGE).went == "retry"
            assert fake_http.requests[0].method == "POST"

        def test_each_test_has_a_target_of_its_own(run_handler, fake_http):
            assert run_handler(pager, CHANGE).went == "done"
            assert len(fake_http.requests) == 1

        def test_another_target_can_be_given(run_handler):
            http = FakeHTTP({"POST /*": {"id": "page-7"}})
            assert run_handler(pager, CHANGE, http=http).outcome.reference == "page-7"
        """,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_its_fixtures_tell_what_they_are(project: Path) -> None:
    told = run_pytest(project, "", "--fixtures").stdout
    assert "A made-up target that takes everything" in told
    assert "run_handler(pager, change): one attempt" in told


def test_it_imports_nothing_that_takes_time_before_a_fixture_is_used() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, receiver.testing.plugin; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "pytest" in told
    assert not {"httpx", "pydantic", "structlog", "redis", "arq", "asyncio", "receiver.api"} & set(told)


@pytest.mark.parametrize("name", receiver.testing.__all__)
def test_each_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(receiver.testing, name).__doc__


def test_a_name_that_there_is_not_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="no attribute 'make_conection'"):
        _ = receiver.testing.make_conection
