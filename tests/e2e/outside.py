"""Another environment than the one that the tests run in: what it has of its own are plugins.

All else it borrows from this one, so that it is made in a second: the router, and what the router needs.
"""

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cli import environment

PATIENCE = 120
"""Seconds before a command is given up: for a busy machine, not a measure."""
PROGRAMS = {
    "nectar-router": "from receiver.cli import main",
    "pip": "from pip._internal.cli.main import main",
    "pytest": "from pytest import console_main as main",
}


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def programs(self) -> Path:
        """Where its programs are."""
        return self.folder / "bin"

    def path(self) -> str:
        """What PATH is while it is active."""
        return f"{self.programs}:{environment(self.folder, {})['PATH']}"

    def run(self, *command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """One of its programs, run to its end."""
        return subprocess.run(
            [self.programs / command[0], *command[1:]],
            cwd=cwd,
            env=environment(cwd, {"PATH": self.path(), **variables}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def good(self, *command: str, cwd: Path, **variables: str) -> str:
        """What a program prints that must end well."""
        done = self.run(*command, cwd=cwd, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def provide(self, package: str, points: Mapping[str, str], **modules: str) -> None:
        """Put a package in, as pip leaves it: its entry points, and the code of its modules."""
        place = self._packages()
        info = place / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = "\n".join(f"{name} = {value}" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[nectar_router.handlers]\n{lines}\n")
        for name, code in modules.items():
            (place / f"{name}.py").write_text(code)

    def _packages(self) -> Path:
        variables = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", scheme="venv", vars=variables))


def make_environment(folder: Path) -> Environment:
    """A fresh one, with the programs that are typed in it."""
    venv.create(folder, symlinks=True)
    made = Environment(folder)
    borrowed = sysconfig.get_path("purelib")
    # Not the folder alone: the router itself may be behind a .pth file in there.
    (made._packages() / "borrowed.pth").write_text(f"import site; site.addsitedir({borrowed!r})\n")
    for name, line in PROGRAMS.items():
        program = made.programs / name
        program.write_text(f"#!{made.programs / 'python'}\nimport sys\n{line}\nsys.exit(main())\n")
        program.chmod(0o755)
    assert (made.programs / "python").resolve() == Path(sys.executable).resolve()
    return made
