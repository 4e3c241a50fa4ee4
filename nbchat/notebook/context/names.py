"""Names: what the names that a question may mention stand for in an IPython shell. Reads one name at a time, when it is asked.

Owns the words that are not variables: `In[3]` (a cell as it was run), `Out[3]`, `error` (the last traceback) and `cell` (the last
cell that was run and does not itself talk to nbchat). They come before variables of the same name. Modules, names that begin with
an underscore and those that IPython put there stand for nothing.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from nbchat.notebook.context import ALLOWANCE, LEAST
from nbchat.notebook.context.describing import built_in, name_of

__all__ = ["Found", "Names", "Raised", "ShellNames", "Text", "kernel_names"]

_INDEXED = re.compile(r"(In|Out)\[(\d+)\]")
_TALK = re.compile(r"\s*%{1,2}(?:chat|nbchat)\b")
_MOST: Final = 500
_LATEST: Final = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What a name stands for: a value, or a text about which there is nothing to be found out; and what that is, in a word."""

    kind: str
    value: Any


class Names(Protocol):
    """Where names are looked up; `allowance` is what each may come to, in tokens."""

    @property
    def allowance(self) -> int:
        """Tokens."""

    def find(self, name: str) -> Found | None:
        """Return what a name without its @ stands for, None where that is nothing."""

    def listed(self) -> Sequence[tuple[str, str]]:
        """Return the names that there are with what they are, for a list to choose from."""


class ShellNames:
    """The names of one IPython shell. Any thread: each look takes what there is at that moment."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    @property
    def allowance(self) -> int:
        """`c.NbChat.context_tokens`, which also counts where the magics were not loaded."""
        magics = self._shell.magics_manager.registry.get("NbChat")
        if magics is not None:
            return int(magics.context_tokens)
        given = self._shell.config.NbChat.get("context_tokens", ALLOWANCE)
        return max(given, LEAST) if isinstance(given, int) else ALLOWANCE

    def find(self, name: str) -> Found | None:
        """Return what a name stands for."""
        if name == "error":
            error = getattr(sys, "last_value", None)
            return None if error is None else Found("error", Raised(error, self._shell))
        if name == "cell":
            return next((Found("code", Text(code)) for code in reversed(self._cells) if _is_cell(code)), None)
        indexed = _INDEXED.fullmatch(name)
        if indexed is not None:
            return self._code(int(indexed[2])) if indexed[1] == "In" else self._output(int(indexed[2]))
        return self._variable(name)

    def listed(self) -> Sequence[tuple[str, str]]:
        """Return the words, then the variables by name, then the latest cells and outputs."""
        words = self._found("cell", "error")
        names = [name for name in list(self._shell.user_ns) if type(name) is str and not name.startswith("_")]
        variables = self._found(*(name for name in sorted(names, key=str.casefold)[:_MOST] if name not in ("cell", "error")))
        inputs = self._found(*(f"In[{at}]" for at in range(len(self._cells) - 1, 0, -1)[:_LATEST]))
        outputs = self._found(*(f"Out[{at}]" for at in sorted(self._outputs, reverse=True)[:_LATEST]))
        return [*words, *variables, *inputs, *outputs]

    def _found(self, *names: str) -> list[tuple[str, str]]:
        return [(name, found.kind) for name in names if (found := self.find(name)) is not None]

    @property
    def _cells(self) -> Sequence[str]:
        return self._shell.history_manager.input_hist_raw  # type: ignore[no-any-return]

    @property
    def _outputs(self) -> Mapping[int, Any]:
        found = self._shell.user_ns.get("_oh")
        return found if isinstance(found, dict) else {}

    def _code(self, at: int) -> Found | None:
        cells = self._cells
        return Found("code", Text(cells[at])) if 0 < at < len(cells) and cells[at].strip() else None

    def _output(self, at: int) -> Found | None:
        value = self._outputs.get(at, self)
        return None if value is self else Found(name_of(value), value)

    def _variable(self, name: str) -> Found | None:
        value = self._shell.user_ns.get(name, self)  # no value of a notebook is this
        if value is self or name.startswith("_") or self._shell.user_ns_hidden.get(name, self) is value:
            return None
        # of the type: asking an object for its class may run code of it, and this is not the thread for that
        return None if issubclass(type(value), types.ModuleType) else Found(name_of(value), value)


class Text(str):
    """What is told as it stands: code."""

    __slots__ = ()


class Raised:
    """An exception that is told as its traceback."""

    def __init__(self, error: BaseException, shell: Any) -> None:
        self.error = error
        self.shell = shell


@built_in(Raised)
def _traceback(raised: Raised, tokens: int) -> str:
    """The traceback; of a long one the end, which says what happened."""
    from nbchat.notebook.failure import trace_of

    told = trace_of(raised.error, raised.shell)
    most = max(tokens * 4 - _FRAME, _FRAME)
    return told if len(told) <= most else f"…{told[-most:]}"


_FRAME: Final = 250
"""Characters, and more than it takes to say that all this is data."""


def _is_cell(code: str) -> bool:
    return bool(code.strip()) and _TALK.match(code) is None


def kernel_names() -> Names | None:
    """Return the names of the shell that runs in this process, None where there is none. Loads nothing."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return None if shell is None else ShellNames(shell)
