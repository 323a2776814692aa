"""`nectar-router handlers new` makes a package that works as it is, or says why it cannot."""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from receiver.registry import GROUP
from tests.e2e.cli import environment, nectar_router

NAMES = ["pager", "acme-crm", "x2-a-name-that-somebody-thought-about-for-long"]


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new package."""
    place = tmp_path_factory.mktemp("new")
    done = nectar_router(place, "handlers", "new", request.param)
    assert done.returncode == 0, done.stderr
    return place / str(request.param)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, in that folder, whose modules can be imported as if they were installed."""
    program = [sys.executable, "-m", *command]
    variables = environment(
        folder.parent, {"PYTHONPATH": str(folder), "MYPY_CACHE_DIR": str(folder.parents[1] / "mypy")}
    )
    return subprocess.run(program, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)


def test_its_tests_pass_as_made(made: Path) -> None:
    """In a process of their own, with no option of this project's pytest."""
    done = run(made, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_its_code_is_formatted_linted_and_typed(made: Path) -> None:
    """By its own settings, and by the stricter ones of this project."""
    ours = Path(__file__).parents[2] / "pyproject.toml"
    for command in (
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["ruff", "check", "--config", str(ours), "."],
        ["mypy", "--strict", "."],
    ):
        done = run(made, *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_registered_under_its_name(made: Path) -> None:
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    [(name, value)] = project["entry-points"][GROUP].items()
    module, _, attribute = value.partition(":")
    assert name == made.name
    assert f"async def {attribute}(" in (made / f"{module}.py").read_text()
    assert project["dependencies"] == ["nectar-router"]


def test_its_page_names_its_variables_and_its_files(made: Path) -> None:
    page = (made / "README.md").read_text()
    prefix = made.name.upper().replace("-", "_")
    assert f"`{prefix}_URL`" in page
    assert f"`{prefix}_TOKEN`" in page
    assert f"HANDLERS={made.name}:shadow" in page
    assert f"`{made.name.replace('-', '_')}.py`" in page


def test_the_next_commands_are_said_as_they_are_typed(tmp_path: Path) -> None:
    """With the folder quoted, and the programs by their path where the shell would not find them."""
    said = nectar_router(tmp_path, "handlers", "new", "pager", "--in", "some where").stdout
    assert "pip install -e './some where/pager[test]'\n" in said
    assert "pytest './some where/pager'\n" in said
    assert "nectar-router handlers run pager --dry-run --made-up-options\n" in said
    hidden = nectar_router(tmp_path, "handlers", "new", "pager", PATH="/nowhere").stdout
    assert f"  {shlex.quote(os.path.dirname(sys.executable))}/pip install" in hidden  # noqa: PTH120


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Pager", "use lower case letters and digits"),
        ("pager--two", "words joined by '-'"),
        ("../pager", "use lower case letters and digits"),
        ("nectar", "taken by Nectar itself"),
        ("email", "is installed already, from nectar-router"),
        ("class", "a word of Python's own"),
        ("json", "a module of Python's own"),
        ("httpx", "a module that is installed"),
        ("redis", "mixed up with the router's own REDIS_URL"),
    ],
)
def test_a_name_that_would_be_in_the_way_is_refused_with_the_way_out(
    tmp_path: Path, name: str, reason: str
) -> None:
    """Exit code 2, and nothing is made."""
    done = nectar_router(tmp_path, "handlers", "new", name, COLUMNS="200")
    assert done.returncode == 2
    assert reason in " ".join(done.stderr.replace("│", "").split())
    assert list(tmp_path.iterdir()) == []


def test_a_name_whose_variables_another_handler_has_is_refused(tmp_path: Path) -> None:
    """`my_crm` and `my-crm` are two names with one MY_CRM_URL."""
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nmy_crm = acme:crm\n")
    done = nectar_router(
        tmp_path, "handlers", "new", "my-crm", "--in", "made", PYTHONPATH=str(tmp_path), COLUMNS="200"
    )
    assert done.returncode == 2
    assert "has the variables of 'my_crm', from acme" in done.stderr


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pager").mkdir()
    done = nectar_router(tmp_path, "handlers", "new", "pager")
    assert done.returncode == 1
    assert done.stderr == "pager is there already. Choose another name, or another folder with --in.\n"
    assert list((tmp_path / "pager").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = nectar_router(tmp_path, "handlers", "new", "pager", "--in", "file")
    assert done.returncode == 1
    assert done.stderr == "file/pager cannot be made: Not a directory.\n"
