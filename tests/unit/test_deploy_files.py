"""The files that platforms read agree with each other and with what they were written from."""

import json
import shlex
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TOOLS = Path(sysconfig.get_path("scripts"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read_pins(*files: str) -> dict[str, str]:
    """Name and version of each package pinned in these files. Each once, and each exactly."""
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    pins: dict[str, str] = {}
    for line in lines:
        if line and line != "." and not line.startswith("#"):
            requirement = Requirement(line)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", line
            assert canonicalize_name(requirement.name) not in pins, f"{line} is pinned twice"
            pins[canonicalize_name(requirement.name)] = specifier.version
    return pins


def read_procfile() -> dict[str, str]:
    """The command of each process type."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command for name, _, command in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        (PROJECT["dependencies"], ["requirements.txt"]),
        (PROJECT["optional-dependencies"]["dev"], ["deploy/requirements-dev.txt"]),
    ],
    ids=["runtime", "dev"],
)
def test_every_dependency_is_pinned_within_its_range(wanted: list[str], files: list[str]) -> None:
    """What pyproject.toml asks for is pinned where it belongs, at a version that it allows."""
    pins = read_pins(*files)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_no_package_is_pinned_twice() -> None:
    """The files that are installed into one environment have no package in common."""
    assert read_pins("requirements.txt", "deploy/requirements-dev.txt", "tests/requirements.txt")


def test_the_project_itself_is_a_requirement() -> None:
    """A buildpack installs requirements.txt alone: without this line there would be no built-in handlers."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert lines[-1] == "."
    assert not any("--hash" in line for line in lines if not line.startswith("#"))


def test_heroku_finds_one_package_manager() -> None:
    """Heroku refuses to build where the root has the files of several."""
    found = {"requirements.txt", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock", "setup.py"}
    assert {path.name for path in ROOT.iterdir()} & found == {"requirements.txt"}


def test_the_procfile_is_valid() -> None:
    """honcho reads it and finds the three process types, `web` first: the first gets the port itself."""
    subprocess.run([TOOLS / "honcho", "check"], cwd=ROOT, check=True)
    assert list(read_procfile()) == ["web", "worker", "release"]


def test_the_image_starts_the_web_process_of_the_procfile() -> None:
    """CMD in the Dockerfile runs just what `web` in the Procfile runs."""
    (command,) = (
        line.removeprefix("CMD ")
        for line in (ROOT / "deploy/Dockerfile").read_text().splitlines()
        if line.startswith("CMD ")
    )
    assert json.loads(command) == shlex.split(read_procfile()["web"])


def test_the_dockerfile_is_without_fault() -> None:
    """hadolint has nothing to say about it."""
    subprocess.run([TOOLS / "hadolint", "deploy/Dockerfile"], cwd=ROOT, check=True)


def test_the_scripts_are_without_fault() -> None:
    """shellcheck has nothing to say about them, as POSIX sh."""
    scripts = ["deploy/local", "deploy/venv.sh", "tests/run", ".ci/run"]
    subprocess.run([TOOLS / "shellcheck", "--shell=sh", "--external-sources", *scripts], cwd=ROOT, check=True)
