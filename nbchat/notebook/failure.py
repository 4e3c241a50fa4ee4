"""Failure: what went wrong last in this kernel, as a question about it: the cell's source and the traceback.

Owns how much of them is quoted, and that nothing else is: no values of variables, no keys. Both stand in fences that nothing
within them can end. Must not know sessions.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

from nbchat.core.errors import UsageError
from nbchat.core.secrets import Secret, redact
from nbchat.export.safe_markdown import fenced

__all__ = ["Failure", "last_failure", "trace_of", "without_keys"]

MOST = 8_000
"""How much of a source or traceback is quoted; of a longer one the middle goes. Characters. (The side panel quotes as much.)"""
_FRAMES = 20
"""Of a deeper traceback the last ones: what failed is there."""


_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SURE = 12
"""A shorter value of such a variable may be a word."""


class Failure(NamedTuple):
    """An exception's name, the source of the cell that raised it ("" where nobody knows), and its traceback as plain text."""

    name: str
    source: str
    trace: str

    def fix(self, words: str = "") -> str:
        """Return the question that asks for the cell as it should be."""
        task = "Answer with the whole corrected cell as one Python code block, then say in a sentence what was wrong."
        return self._question(f"Fix this {self.name}. {task}", words)

    def explain(self, words: str = "") -> str:
        """Return the question that asks what happened."""
        return self._question(f"Explain this {self.name}, and how to mend it.", words)

    def _question(self, task: str, words: str) -> str:
        cell = ["The cell:", fenced(self.source, "python"), ""] if self.source else []
        return "\n".join([f"{task} {words}".strip(), "", *cell, "It ended with:", fenced(self.trace)])


def last_failure(shell: Any) -> Failure:
    """Return what failed last in this IPython shell; raises UsageError where nothing did.

    Known: an exception whose text never comes to an end hangs here as it did where it was shown.
    """
    value = getattr(sys, "last_value", None)
    if not isinstance(value, BaseException):
        raise UsageError("Nothing has failed in this kernel yet.", hint="Run the cell that fails first.")
    numbers: Mapping[str, int] = getattr(shell.compile, "_filename_map", {})
    first = _first_of_a_cell(value.__traceback__, numbers)
    file = first.tb_frame.f_code.co_filename if first is not None else getattr(value, "filename", None) or ""
    source = _source(shell, str(file), numbers)
    return Failure(type(value).__name__, _quotable(source), _quotable(trace_of(value, shell)))


def trace_of(error: BaseException, shell: Any) -> str:
    """Return an exception's traceback as plain text: its last frames from the first of a cell on, cells by their numbers, without
    local variables. Runs the exception's own code, and nothing has a bound but the frames."""
    numbers: Mapping[str, int] = getattr(shell.compile, "_filename_map", {})
    first = _first_of_a_cell(error.__traceback__, numbers)
    told = traceback.TracebackException(type(error), error, first or error.__traceback__, limit=-_FRAMES)
    _name_cells(told, numbers)
    return "".join(told.format()).strip()


def _first_of_a_cell(trace: TracebackType | None, cells: Mapping[str, int]) -> TracebackType | None:
    """Where the person's own code begins: before it is IPython's."""
    while trace is not None and trace.tb_frame.f_code.co_filename not in cells:
        trace = trace.tb_next
    return trace


def _source(shell: Any, file: str, cells: Mapping[str, int]) -> str:
    """The cell as it was typed, else as IPython made it Python."""
    typed = shell.history_manager.input_hist_raw
    number = cells.get(file, -1)
    if 0 <= number < len(typed) and typed[number].strip():
        return str(typed[number]).rstrip()
    return "".join(linecache.getlines(file)).rstrip() if file in cells else ""


def _name_cells(told: traceback.TracebackException | None, cells: Mapping[str, int], depth: int = 0) -> None:
    """Say "In[3]" where a temporary file stands for a cell."""
    if told is None or depth > _FRAMES:
        return
    for frame in told.stack:
        if frame.filename in cells:
            frame.filename = f"In[{cells[frame.filename]}]"
    file = str(getattr(told, "filename", None))  # of a SyntaxError
    if file in cells:
        told.filename = f"In[{cells[file]}]"
    for other in (told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or ())):
        _name_cells(other, cells, depth + 1)


def without_keys(text: str) -> str:
    """Return the text without the keys of this process and those in its environment, of which beginnings go, too: a table's cell
    may hold no more of them."""
    kept = [value for name, value in os.environ.items() if name.upper().endswith(_SECRETS) and len(value) >= _SURE]
    text = redact(text, map(Secret, kept))
    for value in kept:
        text = re.sub(rf"{re.escape(value[:_SURE])}[\w+/=.~-]*", "***", text)
    return text


def _quotable(text: str) -> str:
    """The text without keys, shortened in its middle."""
    text = without_keys(text)
    half = MOST // 2
    return text if len(text) <= MOST else f"{text[:half]}\n[… {len(text) - MOST} characters left out …]\n{text[-half:]}"
