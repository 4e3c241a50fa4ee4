"""The notebooks are run from top to bottom, as a newcomer would, and their prose names only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import nbclient
import nbformat
import pytest

import nbchat
from tests.support.quick_demo import QUICK_DEMO


def read(path: Path) -> nbformat.NotebookNode:
    found: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # partly typed
    return found


NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path: Path, tmp_path: Path) -> None:
    """In a fresh kernel without a key and without a frontend; every %chat leaves an answer in the notebook."""
    notebook = read(path)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(QUICK_DEMO))  # type: ignore[no-untyped-call]  # partly typed
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.match(r"%%?chat\b", cell.source):
            texts = [out.data.get("text/markdown", "") for out in cell.outputs if "data" in out]
            assert any("demo/demo" in text for text in texts), cell.source
        if cell.cell_type == "code":
            assert not [out for out in cell.outputs if out.output_type == "error"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_names_only_what_exists(path: Path) -> None:
    """`nbchat.something` in prose and code is a public name."""
    text = "\n".join(cell.source for cell in read(path).cells)
    for name in re.findall(r"\bnbchat\.([a-z_]+)\b", text):
        assert name in nbchat.__all__
