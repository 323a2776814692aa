"""handlers/README.md shows what is so: whoever types it sees it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs import HANDLERS_PAGE, HANDLERS_TABLES, ROOT, rendered
from tests.e2e.cli import environment
from tests.e2e.outside import Environment, make_environment
from tests.page import Block, blocks, commands, edited, fits

CLONE = (
    "deploy/local",
    "deploy/venv.sh",
    "deploy/requirements-dev.txt",
    "requirements.txt",
    "pyproject.toml",
)
"""What of a clone the page's commands need, beside the project itself, which .venv has."""
AS_MADE = ". deploy/venv.sh; make_venv() { :; }; install_project() { :; }; prepare_venv"
"""Take .venv for one that ./deploy/local has made."""
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
"""pip builds with what is there. (`0`: pip takes the word for the opposite of what it says.)"""


class Reader:
    """Somebody who types what the page says, block by block."""

    def __init__(self, clone: Path, venv: Environment, elsewhere: Path) -> None:
        self._clone = clone
        self._venv = venv
        self._elsewhere = elsewhere
        self._before: list[str] = []
        """What was typed for the rest of the terminal's life."""

    def do(self, block: Block) -> None:
        """What a block asks for. Fails where something else comes of it than is shown."""
        match block.language:
            case "console":
                self._type(block)
            case "diff":
                file = self._clone / "pager/pager.py"
                file.write_text(edited(file.read_text(), block))
            case "python":
                self._keep(block)
            case other:
                raise AssertionError(f"line {block.line}: nobody would know what to do with {other!r}")

    def _type(self, block: Block) -> None:
        for command in commands(block):
            script = "\n".join(["set -e", *self._before, command.typed])
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self._clone,
                env=environment(self._elsewhere, OFFLINE),
                capture_output=True,
                text=True,
                timeout=180,
            )
            said = f"line {block.line}: {command.typed}\n{done.stdout}{done.stderr}"
            assert done.returncode == 0, said
            assert fits(command.shown, done.stdout.splitlines()), said
            if command.typed.startswith((". ", "export ")):
                self._before.append(command.typed)

    def _keep(self, block: Block) -> None:
        """A file; one with tests is run."""
        assert block.file, f"line {block.line}: which file is it?"
        (self._elsewhere / block.file).write_text(block.text)
        if block.file.startswith("test_"):
            done = self._venv.run("python", "-m", "pytest", "-q", block.file, cwd=self._elsewhere)
            assert done.returncode == 0, f"line {block.line}\n{done.stdout}{done.stderr}"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A clone in which `./deploy/local --once` has run."""
    clone = tmp_path / "clone"
    for name in CLONE:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    venv = make_environment(clone / ".venv")
    variables = environment(tmp_path, {"PATH": venv.path()})
    subprocess.run(["sh", "-c", AS_MADE], cwd=clone, env=variables, check=True)
    (tmp_path / "elsewhere").mkdir()
    return Reader(clone, venv, tmp_path / "elsewhere")


def test_every_block_can_be_typed_and_shows_what_comes_of_it(reader: Reader) -> None:
    """In the order of the page: from nothing to a handler that runs, and what the rules are shown with."""
    done = blocks(HANDLERS_PAGE)
    for block in done:
        reader.do(block)
    assert {block.language for block in done} == {"console", "diff", "python"}


def test_its_tables_are_those_that_the_code_makes() -> None:
    """Made anew by `python -m tests.docs`."""
    page = HANDLERS_PAGE.read_text()
    assert rendered(page, HANDLERS_TABLES) == page


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", HANDLERS_PAGE.read_text()):
        assert (HANDLERS_PAGE.parent / target).exists(), target
