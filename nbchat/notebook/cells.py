"""Cells and notebooks: which notebook this is, and which cell runs. Knows what hosts tell; nothing of sessions."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from nbchat.notebook.comms import kernel_of

__all__ = ["Cells", "notebook_name", "notebook_of", "place_name"]

_VSCODE = "__vsc_ipynb_file__"


def notebook_name(environment: Mapping[str, str], names: Mapping[str, Any], kernel: Any | None) -> str:
    """Return the notebook's name without its folder and ending: what Jupyter's server (`JPY_SESSION_NAME`) or VS Code tells,
    else one made of the kernel's id, else "terminal"."""
    path = environment.get("JPY_SESSION_NAME") or names.get(_VSCODE)
    if isinstance(path, str) and path.strip():
        stem = PurePath(path.replace("\\", "/")).name.removesuffix(".ipynb").strip()
        if stem:
            return stem
    if kernel is None:
        return "terminal"
    return f"kernel {_kernel_id(kernel)}"


def notebook_of(shell: Any) -> str:
    """Return the name of the notebook that this IPython shell runs."""
    return notebook_name(os.environ, shell.user_ns, kernel_of(shell))


def place_name() -> str:
    """Return the name of what runs here: the notebook, "terminal" in IPython's, a script's own, "" where nothing tells. Any
    thread; loads nothing."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None:
        return notebook_of(shell)
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if not isinstance(script, str):
        return ""
    path = PurePath(script)
    return path.parent.name if path.name == "__main__.py" else path.name  # of a package that is run as a whole


def _kernel_id(kernel: Any) -> str:
    """The id in the name of the connection file; the session's own where there is none."""
    file = getattr(getattr(kernel, "parent", None), "connection_file", "") or ""
    stem = PurePath(file).stem.removeprefix("kernel-")
    return (stem or str(kernel.session.session))[:8]


class Cells:
    """Gives each %chat of each execution the key of its place: (notebook, cell, how many-th in this execution). One per process:
    it knows which of them have run in this kernel."""

    def __init__(self) -> None:
        self._execution: str | None = None
        self._ordinal = 0
        self._seen: set[str] = set()

    def is_new(self, key: str | None) -> bool:
        """Whether this place has not run in this kernel yet. None is no place."""
        return key is not None and key not in self._seen

    def first(self, key: str | None) -> bool:
        """The same; it has run then."""
        new = self.is_new(key)
        if key is not None:
            self._seen.add(key)
        return new

    def key(self, notebook: str, parent: Mapping[str, Any]) -> str | None:
        """Return the key for the %chat that runs now, or None where the frontend does not say which cell that is.

        `parent` is the message that runs the cell.
        """
        cell = (parent.get("metadata") or {}).get("cellId")
        if not isinstance(cell, str) or not cell:
            return None
        execution = (parent.get("header") or {}).get("msg_id")
        self._ordinal = self._ordinal + 1 if execution is not None and execution == self._execution else 0
        self._execution = execution
        return f"{notebook}#{cell}#{self._ordinal}"
