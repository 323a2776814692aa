"""The README shows what the first command prints as it really looks."""

import re
import subprocess
from pathlib import Path

from tests.docs import blocks


def words(text: str) -> set[str]:
    """The words without numbers: times, ids, ports and the order of what runs at once differ each time."""
    return {word for word in re.findall(r"\S+", text) if not re.search(r"\d", word)}


def test_the_first_command_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """Word for word. `./deploy/local` says the first two lines, and hands its arguments to this command."""
    shown = blocks("console")[0].partition("--once\n")[2]
    real = subprocess.run(
        ["nectar-router", "dev", "--once"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    installing = words("Making .venv with python3\nInstalling the project and what it needs into .venv")
    assert words(shown) - installing <= words(real)
