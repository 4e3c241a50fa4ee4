"""The notebooks: read, run from top to bottom in a kernel of their own, and saved with what came out.

    python -m tests.support.notebooks              # runs all of notebooks/ at the demo's own pace, and saves their outputs
    python -m tests.support.notebooks quickstart

Saved is what a plain viewer can show and what would come out elsewhere too: no live widgets (a transcript stands beside each), no
place of the machine that they ran on.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbclient
import nbformat

__all__ = ["FOLDER", "NOTEBOOKS", "cleaned", "read", "run"]

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

_WIDGET = "application/vnd.jupyter.widget-view+json"
_PATIENCE = 120
"""Seconds for a cell, on a machine with two busy cores."""


def read(path: Path) -> nbformat.NotebookNode:
    """Return a notebook of format 4."""
    found: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # partly typed
    return found


def run(path: Path, folder: Path, before: str = "") -> nbformat.NotebookNode:
    """Return the notebook with all its outputs, run in `folder` under its own name by a kernel without a frontend; `before` is
    code that runs first. Raises nbclient's CellExecutionError where a cell does."""
    notebook = read(path)
    first = nbformat.v4.new_code_cell(before)  # type: ignore[no-untyped-call]  # partly typed
    notebook.cells.insert(0, first)
    client = nbclient.NotebookClient(
        notebook, timeout=_PATIENCE, resources={"metadata": {"path": str(folder)}}, store_widget_state=False
    )
    client.execute(env={**os.environ, "JPY_SESSION_NAME": str(folder / path.name)})
    notebook.cells.pop(0)
    return notebook


def cleaned(notebook: nbformat.NotebookNode, places: Mapping[str, str]) -> nbformat.NotebookNode:
    """Return the notebook as it is saved: `places` are paths of this machine and what stands for them."""
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.metadata = {name: value for name, value in cell.metadata.items() if name == "jupyter"}  # no times of a run
        cell.outputs = _joined([kept for output in cell.outputs if (kept := _kept(output, count, places)) is not None])
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def _kept(output: Any, count: int, places: Mapping[str, str]) -> Any:
    """An output as it is saved, or None for one that only a live page can show."""
    if output.output_type == "stream":
        output.text = _without(output.text, places)
        return output
    if "execution_count" in output:
        output.execution_count = count
    if _WIDGET in output.get("data", {}):
        return None
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str):
            output.data[kind] = _without(value, places)
    return output


def _joined(outputs: list[Any]) -> list[Any]:
    """What was printed piece by piece, as one text: how it was cut is chance."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _without(text: str, places: Mapping[str, str]) -> str:
    for place, instead in places.items():
        text = text.replace(place, instead)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", text)


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, and save their outputs."""
    for path in NOTEBOOKS:
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as made:
            folder, home = Path(made, "notebooks"), Path(made, "nbchat")
            folder.mkdir()
            with patch.dict(os.environ, {"NBCHAT_HOME": str(home)}):
                done = run(path, folder)
        places = {str(home): "~/.local/share/nbchat", made: "~", sys.prefix: "~/.venv", str(FOLDER.parent): "~/nbchat"}
        nbformat.write(cleaned(done, places), path)  # type: ignore[no-untyped-call]  # partly typed
        sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
