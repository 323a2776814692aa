"""What the README says is so: its tables come from the code, its examples run."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from receiver.api import Handler
from receiver.registry import GROUP
from tests.docs import README, ROOT, blocks, rendered


def test_its_tables_are_those_that_the_code_makes() -> None:
    """Made anew by `python -m tests.docs`."""
    assert rendered(README.read_text()) == README.read_text()


@pytest.fixture
def handler_example(tmp_path: Path) -> Path:
    """A folder with the README's handler, its test and its pyproject.toml, each under the name it bears."""
    for language in ("python", "toml"):
        for block in blocks(language):
            name = re.match(r"# (\S+)\n", block)
            assert name, f"the block does not say which file it is: {block[:60]}"
            (tmp_path / name[1]).write_text(block)
    return tmp_path


def test_its_handler_is_one(handler_example: Path) -> None:
    """It is found under the name that its entry point says."""
    project = tomllib.loads((handler_example / "pyproject.toml").read_text())["project"]
    module, _, attribute = project["entry-points"][GROUP]["pager"].partition(":")
    spec = importlib.util.spec_from_file_location(module, handler_example / f"{module}.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    found = getattr(loaded, attribute)
    assert isinstance(found, Handler)
    assert found.name == "pager"
    assert found.concerns({"status"})
    assert not found.concerns({"url"})


def test_its_handler_passes_its_own_test(handler_example: Path) -> None:
    """As a reader would run it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=handler_example,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("page", [README, ROOT / "deploy/README.md"], ids=["README", "deploy"])
def test_its_links_lead_somewhere(page: Path) -> None:
    """Every link within the project names a file or folder that is there."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_promise_has_a_test_that_bears_its_number() -> None:
    """`./tests/run -k promise_4` runs those of the fourth."""
    promised = re.findall(r"^(\d+)\. \*\*", README.read_text(), re.MULTILINE)
    assert promised == [str(number) for number in range(1, 11)]
    code = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    missing = [number for number in promised if not re.search(rf"def test_promise_{number}_", code)]
    assert not missing


def test_the_answers_that_it_lists_are_those_of_the_endpoint() -> None:
    """Each status that the endpoint can answer stands in the table."""
    table = README.read_text().partition("| answer to a webhook |")[2].partition("\n\n")[0]
    told = set(re.findall(r"\b([245]\d\d)\b", table))
    web = "".join(path.read_text() for path in (ROOT / "receiver/web").glob("*.py"))
    raised = set(re.findall(r"Problem\(\s*([45]\d\d)", web)) - {"500"}
    assert raised <= told
