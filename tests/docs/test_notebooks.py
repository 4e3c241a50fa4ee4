"""The notebooks are run from top to bottom, as a newcomer would, their prose names only what exists, and what is saved in them is
what a run gives."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

import nbchat
from tests.support.notebooks import NOTEBOOKS, cleaned, read, run
from tests.support.quick_demo import QUICK_DEMO

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def kinds(notebook: nbformat.NotebookNode) -> list[list[tuple[str, ...]]]:
    """What sort of outputs each cell has: figures and times differ from run to run."""
    cells = (cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    return [[(output.output_type, *sorted(output.get("data", {}))) for output in outputs] for outputs in cells]


@each
def test_every_cell_runs(path: Path, tmp_path: Path) -> None:
    """In a fresh kernel without a key and without a frontend; every %chat leaves an answer in the notebook, and every cell
    the kind of output that is saved."""
    saved, done = read(path), cleaned(run(path, tmp_path, QUICK_DEMO), {})
    for cell in done.cells:
        if cell.cell_type == "code" and re.match(r"%%?chat\b(?! --dry-run)", cell.source):
            texts = [out.data.get("text/markdown", "") for out in cell.outputs if "data" in out]
            assert any("demo/demo" in text for text in texts), cell.source
        if cell.cell_type == "code":
            assert not [out for out in cell.outputs if out.output_type == "error"]
    assert kinds(done) == kinds(saved), "run `python -m tests.support.notebooks`"


@each
def test_it_names_only_what_exists(path: Path) -> None:
    """`nbchat.something` in prose and code is a public name, or a module that people import."""
    text = "\n".join(cell.source for cell in read(path).cells)
    for name in re.findall(r"\bnbchat\.([a-z_]+)\b", text):
        assert name in {*nbchat.__all__, "demo", "testing"}


@each
def test_code_in_its_prose_can_be_read(path: Path) -> None:
    """What stands there to be copied, since it needs a key or a hub, is at least Python."""
    for cell in read(path).cells:
        for code in (
            re.findall(r"^```python\n(.*?)^```", cell.source, re.MULTILINE | re.DOTALL) if cell.cell_type == "markdown" else ()
        ):
            ast.parse(code)


@each
def test_what_is_saved_can_be_read_anywhere(path: Path) -> None:
    """No live widget, no error, no place of a machine, no id that the next run would change."""
    outputs = [output for cell in read(path).cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert [output for output in outputs if output.output_type == "error"] == []
    text = json.dumps(outputs)
    assert "widget-view" not in text
    assert re.findall(r"/(?:home|root|tmp|Users|var|work)/\S*", text) == []
    assert re.findall(r"\b[0-9a-f]{32}\b|127\.0\.0\.1:(?!8080)\d+", text) == []


@each
def test_the_readme_lists_it(path: Path) -> None:
    """Nobody finds a notebook that is not named."""
    assert f"(notebooks/{path.name})" in (path.parents[1] / "README.md").read_text("utf-8")
