"""%autoreload beside nbchat: written files of other packages are reloaded, nbchat's are for the next kernel."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import nbchat
from nbchat.notebook.magics import register, unregister

NAMES = ("mine_for_reload", "nbchat.reloaded_part")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of the user's, and a module that stands below nbchat's name, in files that may be written."""
    (tmp_path / "mine_for_reload.py").write_text("def f(): return 'old'\n")
    (tmp_path / "reloaded_part.py").write_text("def f(): return 'old'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setattr(nbchat, "__path__", [*nbchat.__path__, str(tmp_path)])
    yield tmp_path
    for name in NAMES:
        sys.modules.pop(name, None)


def what_came(shell: Any, folder: Path) -> list[str]:
    """Write both files, run a cell, and say what their functions return then."""
    mine, ours = (importlib.import_module(name) for name in NAMES)
    shell.run_cell("%autoreload 2")
    for name in ("mine_for_reload", "reloaded_part"):
        file = folder / f"{name}.py"
        file.write_text("def f(): return 'new'\n")
        later = file.stat().st_mtime_ns + 10**10
        os.utime(file, ns=(later, later))
    shell.run_cell("pass")
    return [mine.f(), ours.f()]


@pytest.mark.parametrize("first", ["nbchat", "autoreload"])
def test_autoreload_spares_nbchat_whichever_was_loaded_first(packages: Path, first: str) -> None:
    """What else was written is reloaded as ever."""
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    if first == "nbchat":
        register(shell, lambda: pytest.fail("nothing is asked"))
    shell.run_cell("%load_ext autoreload")
    if first == "autoreload":
        register(shell, lambda: pytest.fail("nothing is asked"))
    assert what_came(shell, packages) == ["new", "old"]


def test_unloaded_it_is_reloaded_as_everything(packages: Path) -> None:
    """`%unload_ext nbchat` leaves nothing of this behind, after two registrations either."""
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    shell.run_cell("%load_ext autoreload")
    hooks = len(shell.events.callbacks["pre_run_cell"])
    for _ in range(2):
        register(shell, lambda: pytest.fail("nothing is asked"))
    unregister(shell)
    assert len(shell.events.callbacks["pre_run_cell"]) == hooks
    assert what_came(shell, packages) == ["new", "new"]
