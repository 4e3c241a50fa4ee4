"""Which notebook and which cell: what hosts tell, and what is made of it."""

from __future__ import annotations

import sys
import types
from types import SimpleNamespace
from typing import Any

import pytest

from nbchat.notebook.cells import Cells, notebook_name, place_name

KERNEL: Any = SimpleNamespace(
    parent=SimpleNamespace(connection_file="/run/kernel-1b2c3d4e-5f60.json"), session=SimpleNamespace(session="abc")
)


@pytest.mark.parametrize(
    ("environment", "names", "kernel", "expected"),
    [
        ({"JPY_SESSION_NAME": "/home/me/papers/analysis.ipynb"}, {}, KERNEL, "analysis"),
        ({"JPY_SESSION_NAME": "C:\\work\\Übung 1.ipynb"}, {}, KERNEL, "Übung 1"),
        ({}, {"__vsc_ipynb_file__": "/x/vs.ipynb"}, KERNEL, "vs"),
        ({"JPY_SESSION_NAME": "console-1"}, {}, KERNEL, "console-1"),
        ({}, {"__vsc_ipynb_file__": 7}, KERNEL, "kernel 1b2c3d4e"),
        ({"JPY_SESSION_NAME": "  "}, {}, KERNEL, "kernel 1b2c3d4e"),
        ({}, {}, None, "terminal"),
    ],
)
def test_a_notebook_is_named_by_its_host_else_by_its_kernel(
    environment: dict[str, str], names: dict[str, Any], kernel: Any, expected: str
) -> None:
    """The file's name without folder and ending."""
    assert notebook_name(environment, names, kernel) == expected


def run(execution: str, cell: str | None) -> dict[str, Any]:
    return {"header": {"msg_id": execution}, "metadata": {} if cell is None else {"cellId": cell}}


def test_a_place_is_notebook_cell_and_ordinal_within_the_execution() -> None:
    """The second %chat of a cell is another place than the first, in every run the same."""
    cells = Cells()
    first = [cells.key("nb", run("run 1", "c")) for _ in range(2)]
    again = [cells.key("nb", run("run 2", "c")) for _ in range(2)]
    assert first == again == ["nb#c#0", "nb#c#1"]
    assert cells.key("nb", run("run 3", "d")) == "nb#d#0"


def test_a_frontend_that_names_no_cell_has_no_places() -> None:
    """Its questions are appended."""
    assert Cells().key("nb", run("run 1", None)) is None
    assert Cells().key("nb", {}) is None


def test_the_ledger_knows_what_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a script its own name, of a package that is run the package's, and nothing where nothing tells."""
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert place_name() == ""
    main.__file__ = "/scripts/sums.py"
    assert place_name() == "sums.py"
    main.__file__ = "/lib/tool/__main__.py"
    assert place_name() == "tool"
