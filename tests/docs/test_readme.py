"""What the README says is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.quick_demo import QUICK_DEMO

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_its_python_runs_as_one_script(tmp_path: Path) -> None:
    """Every Python block, in order, in a fresh process without a frontend, answered by the demo."""
    code = "\n".join([QUICK_DEMO, *blocks("python")])
    assert len(blocks("python")) >= 2
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)  # it writes files
    assert (done.stderr, done.returncode) == ("", 0)
    assert "| Earth |" in done.stdout
    assert (tmp_path / "planets.ipynb").is_file()


def test_its_commands_are_the_two_of_the_set_up() -> None:
    """One opens the quickstart, one passes the tests; both name files that are there."""
    first, second = (block.strip() for block in blocks("bash"))
    assert first.endswith("jupyter lab notebooks/quickstart.ipynb")
    assert (ROOT / "notebooks" / "quickstart.ipynb").is_file()
    assert second == "python3 -m tests"
    assert (ROOT / "tests" / "__main__.py").is_file()


@pytest.mark.parametrize("path", re.findall(r'(?:src|srcset)="([^"]+)"', README))
def test_its_pictures_are_there(path: str) -> None:
    """A README with a hole in it is not looked at twice."""
    assert (ROOT / path).is_file()
    assert (ROOT / path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", re.findall(r"`python -m (tests\.[a-z.]+)`", README))
def test_its_other_commands_exist(name: str) -> None:
    """Each module that it says to run can be run."""
    place = ROOT / name.replace(".", "/")
    assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"`(NBCHAT_[A-Z]+)`", README))))
def test_its_settings_are_read_somewhere(variable: str) -> None:
    """No row of the table promises what the code does not know."""
    assert any(variable in path.read_text("utf-8") for path in (ROOT / "nbchat").rglob("*.py"))
