"""The input transformer: takes %chat and %%chat out of a cell before IPython rewrites them.

Owns where a %chat line may stand; must not know options. IPython turns a line that ends in `?` into a call for help, joins lines
at a trailing backslash, splits lines at form feeds and U+2028, and strips prompts (`>>> `) from pasted text; a question
may have all of these, and reaches the model byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["chat_cell", "chat_lines"]

_LINE = re.compile(r"(?P<before>[ \t]*(?:[^\W\d][\w.,\[\]'\" ]*=[ \t]*)?)%chat(?=\s|$)(?P<rest>.*)", re.DOTALL)
_CELL = re.compile(r"%%chat(?=\s|$)(?P<rest>.*)", re.DOTALL)
_ESCAPED = re.compile(r"\s*(?:[\w.,\[\]'\" ]+=\s*)?[%!?]")
_OPENERS = {")": "(", "]": "[", "}": "{"}


def chat_cell(lines: list[str]) -> list[str]:
    """Replace a %%chat cell by the call that it means; any other cell stays."""
    if not any("%%chat" in line for line in lines):
        return lines
    physical = list(_physical(lines[_first(lines) :]))
    match = _CELL.fullmatch(_cut("".join(physical[0])))
    if match is None:
        return lines
    body = _cut("".join("".join(line) for line in physical[1:]))
    # IPython has an error of its own for an empty body; %%chat's is better, and `%%chat question` means something
    return [f"get_ipython().run_cell_magic('chat', {match['rest'][1:]!r}, {body or chr(10)!r})\n"]


# IPython leaves such a one out when it asks whether the input is complete: %%chat in a terminal goes on to an empty line.
chat_cell.has_side_effects = True  # type: ignore[attr-defined]


def chat_lines(lines: list[str]) -> list[str]:
    """Replace each %chat line by the call that it means; `%%` cells and `%chat?` stay."""
    if not any("%chat" in line for line in lines) or lines[_first(lines)].lstrip().startswith("%%"):
        return lines
    return list(_lines(lines))


def _first(lines: list[str]) -> int:
    return next((index for index, line in enumerate(lines) if line.strip()), 0)


def _lines(lines: list[str]) -> Iterator[str]:
    code = _Scanner()
    for line in _physical(lines):
        text = "".join(line)
        match = _LINE.fullmatch(_cut(text)) if code.at_start else None
        if match is not None:
            yield f"{match['before']}get_ipython().run_line_magic('chat', {match['rest'][1:]!r})\n"
        else:
            yield from line
            code.read(text)


def _physical(lines: list[str]) -> Iterator[list[str]]:
    """Group what `str.splitlines` tore apart: only line feeds and carriage returns end a line."""
    group: list[str] = []
    for line in lines:
        group.append(line)
        if line.endswith(("\n", "\r")):
            yield group
            group = []
    if group:
        yield group


def _cut(text: str) -> str:
    """Without the end of line, which is IPython's and not the question's."""
    for end in ("\r\n", "\n", "\r"):
        if text.endswith(end):
            return text[: -len(end)]
    return text


class _Scanner:
    """Knows, after each line of Python, whether the next one begins a statement: not inside a string or brackets."""

    def __init__(self) -> None:
        self._quote = ""
        self._open: list[str] = []
        self._continued = False

    @property
    def at_start(self) -> bool:
        return not (self._quote or self._open or self._continued)

    def read(self, line: str) -> None:
        if self.at_start and _ESCAPED.match(line):  # another magic or a shell command: no Python inside
            return
        self._continued = False
        at = 0
        while at < len(line):
            at = self._in_string(line, at) if self._quote else self._in_code(line, at)

    def _in_string(self, line: str, at: int) -> int:
        if line[at] == "\\":
            return at + 2
        if line.startswith(self._quote, at):
            width = len(self._quote)
            self._quote = ""
            return at + width
        if line[at] == "\n" and len(self._quote) == 1:  # never closed: Python will say so
            self._quote = ""
        return at + 1

    def _in_code(self, line: str, at: int) -> int:
        char = line[at]
        if char == "#":
            return len(line)
        if char in "'\"":
            self._quote = char * 3 if line.startswith(char * 3, at) else char
            return at + len(self._quote)
        if char in "([{":
            self._open.append(char)
        elif char in _OPENERS and self._open and self._open[-1] == _OPENERS[char]:
            self._open.pop()
        elif char == "\\" and not _cut(line[at + 1 :]):
            self._continued = True
            return len(line)
        return at + 1
