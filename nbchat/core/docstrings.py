"""What a docstring says of a function and of each of its parameters, in Google's, numpy's or Sphinx's style.

Owns the reading only; a docstring in no style at all still gives its first paragraph.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Doc", "read_docstring"]

_GOOGLE = re.compile(r"(?:Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters):\s*$")
_NUMPY = re.compile(r"(?:Parameters|Other Parameters)\s*$")
_UNDERLINE = re.compile(r"-{3,}\s*$")
_FIELD = re.compile(r":(\w+)(?:\s+([^:]*?))?:(?:\s+(.*))?$")
_PARAM_FIELDS = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})
_GOOGLE_ITEM = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY_ITEM = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")


@dataclass(frozen=True, slots=True)
class Doc:
    """The first paragraph of a docstring as one line, and what it says of each parameter (by name, one line each)."""

    summary: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str | None) -> Doc:
    """Return what the docstring `text` says; never fails."""
    lines = inspect.cleandoc(text or "").splitlines()
    return Doc(_summary(lines), {**_google(lines), **_numpy(lines), **_sphinx(lines)})


def _summary(lines: list[str]) -> str:
    first: list[str] = []
    for number, line in enumerate(lines):
        underlined = number + 1 < len(lines) and _UNDERLINE.match(lines[number + 1])
        if not line.strip() or _GOOGLE.match(line) or _FIELD.match(line) or underlined:
            break
        first.append(line)
    return _joined(first)


def _google(lines: list[str]) -> dict[str, str]:
    """`Args:` and, indented below it, `name (type): text` with the text's further lines indented more."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        if _GOOGLE.match(line):
            body = list(_indented(lines[number + 1 :]))
            depth = min((_depth(each) for each in body if each.strip()), default=0)
            found.update(_items(body, depth, _GOOGLE_ITEM))
    return found


def _numpy(lines: list[str]) -> dict[str, str]:
    """`Parameters` underlined, then `name : type` at the margin with its text indented below it."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines[:-1]):
        if _NUMPY.match(line) and _UNDERLINE.match(lines[number + 1]):
            body: list[str] = []
            for each in lines[number + 2 :]:
                if _UNDERLINE.match(each):  # the heading above it was no item
                    body = body[:-1]
                    break
                body.append(each)
            found.update(_items(body, 0, _NUMPY_ITEM))
    return found


def _sphinx(lines: list[str]) -> dict[str, str]:
    """`:param type name: text`, with further lines indented."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        match = _FIELD.match(line.strip())
        if match and match[1] in _PARAM_FIELDS and match[2]:
            more = _indented(lines[number + 1 :], above=_depth(line))
            found[match[2].split()[-1].lstrip("*")] = _joined([match[3] or "", *more])
    return found


def _items(body: list[str], depth: int, item: re.Pattern[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in body:
        match = item.match(line[depth:]) if _depth(line) == depth and line.strip() else None
        if match:
            names = [name.strip().lstrip("*") for name in match[1].split(",")]
            found.update((name, [match[2]] if item is _GOOGLE_ITEM else []) for name in names)
        elif _depth(line) > depth or not line.strip():
            for name in names:
                found[name].append(line)
        else:
            names = []
    return {name: text for name, words in found.items() if (text := _joined(words))}


def _indented(lines: list[str], above: int = 0) -> Iterator[str]:
    """Yield the lines up to the first that is not indented more than `above`."""
    for line in lines:
        if line.strip() and _depth(line) <= above:
            return
        yield line


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
