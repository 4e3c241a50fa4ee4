"""Outline: a value of Python as text of a bounded length, made with work in proportion to that length.

Lists, dicts, sets and tuples are written as far as there is room; what is inside of them too. For any other value its `repr` is
asked, which may do what it likes: who calls this bounds its time. Must not know tokens or libraries.
"""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

__all__ = ["cell", "cut", "outline"]

_DEEPEST: Final = 12
_INNER: Final = 2_000
"""Characters of one text or number inside of something else."""
_WITHOUT_WORDS: Final[Any] = object.__repr__
_NO_STR: Final[Any] = object.__str__
_PLAIN = (bool, int, float, complex, type(None))
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class _Full(Exception):  # noqa: N818 - never leaves this module
    """There is no room for more."""


def outline(value: Any, most: int) -> str:
    """Return `value` as Python would write it, in at most `most` characters; what is left out leaves an ellipsis."""
    pieces = _Pieces(most)
    try:
        pieces.write(value, 0)
    except _Full:
        return cut("".join(pieces.kept), most, left=True)
    return "".join(pieces.kept)


def cut(text: str, most: int, *, left: bool = False) -> str:
    """Return the beginning of `text` in at most `most` characters, with an ellipsis where something is `left` out."""
    return text if len(text) <= most and not left else f"{text[: max(most - 1, 0)]}…"[: max(most, 0)]


def cell(value: Any, most: int) -> str:
    """Return a table's value on one line, in at most `most` characters: texts without quotes, numbers in eight digits."""
    if isinstance(value, str):
        return cut(value[:most].translate(_ESCAPES), most, left=len(value) > most)
    if type(value) is float:
        return cut(f"{value:.8g}", most)
    if type(value).__module__ == "builtins" or type(value).__str__ is _NO_STR:
        return cut(outline(value, most).translate(_ESCAPES), most)
    return cut(_of(str, value, most).translate(_ESCAPES), most)  # a number of numpy says what type it is in its repr


class _Pieces:
    """What was written so far, and how much more may be."""

    def __init__(self, room: int) -> None:
        self.kept: list[str] = []
        self._room = room
        self._inside: set[int] = set()

    def write(self, value: Any, depth: int) -> None:
        """Write a value, or as much of it as fits; raises _Full."""
        kind = _container(type(value))
        if kind is None:
            self._put(_leaf(value, _INNER if depth else self._room + 1))
            return
        before, after = _BRACKETS[kind]
        pairs = issubclass(kind, dict)
        if depth >= _DEEPEST or id(value) in self._inside:
            self._put(f"{before}…{after}")
        elif not value and kind in (set, frozenset):
            self._put(f"{kind.__name__}()")
        else:
            self._inside.add(id(value))
            self._put(before)
            self._items(value.items() if pairs else value, depth + 1, pairs=pairs)
            self._put(",)" if kind is tuple and len(value) == 1 else after)
            self._inside.discard(id(value))

    def _items(self, items: Iterable[Any], depth: int, *, pairs: bool) -> None:
        for number, item in enumerate(islice(items, self._room)):
            if number:
                self._put(", ")
            if pairs:
                self.write(item[0], depth)
                self._put(": ")
            self.write(item[1] if pairs else item, depth)

    def _put(self, text: str) -> None:
        self.kept.append(text[: self._room + 1])
        self._room -= len(text)
        if self._room < 0:
            raise _Full


_BRACKETS: dict[type[Any], tuple[str, str]] = {
    list: ("[", "]"),
    dict: ("{", "}"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    defaultdict: ("defaultdict({", "})"),
    OrderedDict: ("OrderedDict({", "})"),
    Counter: ("Counter({", "})"),
    deque: ("deque([", "])"),
    array: ("array([", "])"),
}


def _container(kind: type[Any]) -> type[Any] | None:
    """What a type is written as: one of the containers above, or nothing where it has words of its own."""
    return next((base for base in kind.__mro__ if base in _BRACKETS and kind.__repr__ is base.__repr__), None)


def _leaf(value: Any, most: int) -> str:
    kind = type(value)
    if kind in (str, bytes, bytearray) and len(value) > most:
        return f"{value[:most]!r}…"
    if kind in _PLAIN:
        try:
            return repr(value)
        except ValueError:  # an integer of more digits than Python prints
            return f"<int of {value.bit_length():,} bits>"
    if kind.__repr__ is _WITHOUT_WORDS:  # without its address, which is another one in each kernel and tells nobody anything
        return cut(f"<{kind.__module__}.{kind.__qualname__} object>", most)
    return cut(_of(repr, value, most), most)


def _of(say: Any, value: Any, most: int) -> str:
    """What a value says of itself; its type, where it fails at that."""
    try:
        said = say(value)
        return said if type(said) is str else str.__str__(said)[: most + 1]
    except Exception as error:
        return f"<{type(value).__name__}: {say.__name__} raised {type(error).__name__}>"
