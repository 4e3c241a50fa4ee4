"""What the README says is run, and what it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import nbchat
from nbchat.notebook.manage import COMMANDS
from nbchat.notebook.options import NAMES
from nbchat.streams.redis.address import Address
from tests.support.quick_demo import QUICK_DEMO
from tests.test_layers import ROWS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
BEFORE_MAGICS = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.push({"df": [{"planet": "Mars", "moons": 2}, {"planet": "Venus", "moons": None}], "fig": b"no picture"})
"""
RUN = "assert shell.run_cell({cell!r}, store_history=True).success, {cell!r}\n"


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_every_block_is_somebodys() -> None:
    """Each kind has a test: of the streams (redis), of the tiers (bash), and here (all others); none is without a kind."""
    assert {kind for kind, _ in BLOCKS} == {"python", "ipython", "bash", "ini", "redis", "text"}
    assert README.count("```") == 2 * len(BLOCKS)


def test_its_python_runs_as_one_script(tmp_path: Path) -> None:
    """Every Python block, in order, in a fresh process without a frontend, answered by the demo."""
    code = "\n".join([QUICK_DEMO, *blocks("python")])
    assert len(blocks("python")) >= 2
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)  # it writes files
    assert (done.stderr, done.returncode) == ("", 0)
    assert "| Earth |" in done.stdout
    assert (tmp_path / "planets.ipynb").is_file()


def test_its_magics_run_in_a_shell(tmp_path: Path) -> None:
    """Every line of them a cell, with a data frame's like and a figure's like there, and nothing else that they name."""
    cells = [line for block in blocks("ipython") for line in block.splitlines()]
    assert len(cells) >= 5
    code = "".join([QUICK_DEMO, BEFORE_MAGICS, *(RUN.format(cell=cell) for cell in cells)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "Mars" in done.stdout  # a dry run shows what goes along with the questions before it


def test_its_commands_are_the_two_of_the_set_up() -> None:
    """One opens the quickstart, one passes the tests; both name files that are there."""
    first, second = (block.strip() for block in blocks("bash"))
    assert first.endswith("jupyter lab notebooks/quickstart.ipynb")
    assert (ROOT / "notebooks" / "quickstart.ipynb").is_file()
    assert second == "python3 -m tests"
    assert (ROOT / "tests" / "__main__.py").is_file()


def test_its_address_can_be_read() -> None:
    """The one variable for kernels on many machines is a place that nbchat takes."""
    (line,) = blocks("ini")
    variable, _, value = line.strip().partition("=")
    assert variable == "NBCHAT_STREAMS"
    assert "PASSWORD" not in repr(Address.parse(value))


def test_the_notebook_gives_the_same_rights() -> None:
    """What a hub's user may do is typed in two places, and tried in tests/streams/test_redis_isolation.py."""
    (here,) = (block.replace("PASSWORD", "{word}").replace("ada", "{name}").split() for block in blocks("redis"))
    assert f'ACL = \\"\\"\\"{" ".join(here)}'.split("resetchannels")[0] in (ROOT / "notebooks/hub-setup.ipynb").read_text("utf-8")
    assert " ".join(here).split("resetchannels ")[1] in (ROOT / "notebooks/hub-setup.ipynb").read_text("utf-8")


def test_its_picture_of_the_house_is_the_house() -> None:
    """All rooms, in the order in which imports point: a row of the picture for a row of the rule."""
    picture = next(block for block in blocks("text") if block.startswith("js/"))
    drawn = [re.findall(r"(?:^|\| )([a-z]+)", line) for line in picture.splitlines()[2:]]
    assert [" ".join(row) for row in drawn] == list(ROWS[1:])


@pytest.mark.parametrize("path", sorted(set(re.findall(r'(?:src|srcset)="([^"]+)"', README))))
def test_its_pictures_are_there(path: str) -> None:
    """A README with a hole in it is not looked at twice."""
    assert (ROOT / path).is_file()
    assert (ROOT / path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!https://)[^)\s]+)\)", README))))
def test_its_links_lead_somewhere(target: str) -> None:
    """To a file, or to a heading under the name that code hosts give it."""
    headings = {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    assert target[1:] in headings if target.startswith("#") else (ROOT / target).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`python -m\s(tests\.[a-z.]+)", README))))
def test_its_other_commands_exist(name: str) -> None:
    """Each module that it says to run can be run."""
    place = ROOT / name.replace(".", "/")
    assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


def test_it_names_options_and_commands_that_exist() -> None:
    """What stands in the text after a %chat or %nbchat."""
    commands = re.findall(r"`%nbchat ([a-z]+)", README)
    options = re.findall(r"`%chat (--?[a-z-]+)", README)
    assert {*commands} <= COMMANDS.keys()
    assert {*options} <= {*NAMES}
    assert len(commands) > 5
    assert options


def test_it_names_what_a_session_has() -> None:
    """`s.x`, `turn.x` and `nbchat.x`, in the code and in the text."""
    for prefix, thing in (("s", nbchat.Session), ("turn", nbchat.Turn), (r"nbchat\.manager", nbchat.ChatSessionManager)):
        named = set(re.findall(rf"(?<![\w.]){prefix}\.([a-z_]+)", README))
        assert named
        assert {name for name in named if not hasattr(thing, name)} == set()
    assert set(re.findall(r"(?<![\w.])nbchat\.([a-zA-Z_]+)", README)) <= {*nbchat.__all__, "testing"}
