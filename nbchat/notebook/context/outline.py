"""Outline: a value of Python as text of a bounded length, made with work in proportion to that length.

Python's own containers and records (lists, dicts, their views, dataclasses, named tuples) are written as far as there is room;
what is inside of them too. Their own `repr` would write all of it, in C, while which no other thread of the kernel runs: three
seconds for ten million numbers. For any other value its `repr` is asked, which may do what it likes: who calls this bounds its
time. Must not know tokens or libraries.
"""

from __future__ import annotations

import dataclasses
import reprlib
from array import array
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Iterable
from itertools import islice
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

__all__ = ["cell", "cut", "outline"]

_DEEPEST: Final = 12
_INNER: Final = 2_000
"""Characters of one text or number inside of something else."""
_DIGITS: Final = 14_000
"""Bits of an integer, some 4,200 digits: writing a longer one takes time with the square of its length, where Python lets it
(`sys.set_int_max_str_digits`), and no other thread runs meanwhile."""
_RAISED: Final = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)
"""What code of a value may raise; nothing else is caught, because that is how the thread which runs it is told to end."""
_WITHOUT_WORDS: Final[Any] = object.__repr__
_NO_STR: Final[Any] = object.__str__
_PLAIN = (bool, int, float, complex, type(None))
_UNSEEN = (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xE0000, 0xE0080))
"""What ends lines, turns the direction of text or is not drawn at all: a reader would not see what a model reads."""
_ESCAPES = {code: repr(chr(code))[1:-1] for code in (ord("\\"), *_UNSEEN)}


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
        if kind is not None:
            self._within(value, depth, *_BRACKETS[kind], kind)
        elif (name := _record(type(value))) is not None:
            self._within(value, depth, f"{name}(", ")", None)
        else:
            self._put(_leaf(value, _INNER if depth else self._room + 1))

    def _within(self, value: Any, depth: int, before: str, after: str, kind: type[Any] | None) -> None:
        """Write what is inside of a container of this kind; of a record where that is None."""
        if depth >= _DEEPEST or id(value) in self._inside:
            self._put(f"{before}…{after}")
        elif kind in (set, frozenset) and not value:
            self._put(f"{kind.__name__}()")
        else:
            self._inside.add(id(value))
            self._put(before)
            try:
                self._items(value, depth + 1, kind)
            except _Full:
                raise
            except _RAISED as error:  # it is changed meanwhile, say
                self._put(f"… <{type(error).__name__} raised>")
            self._put(",)" if kind is tuple and len(value) == 1 else after)
            self._inside.discard(id(value))

    def _items(self, value: Any, depth: int, kind: type[Any] | None) -> None:
        pairs = kind is not None and hasattr(kind, "items")
        items = _fields(value) if kind is None else value.items() if pairs else value
        for number, item in enumerate(islice(items, self._room)):
            if number:
                self._put(", ")
            if pairs:
                self.write(item[0], depth)
                self._put(": ")
            elif kind is None:
                self._put(f"{item[0]}=")
            self.write(item[1] if pairs or kind is None else item, depth)

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
    UserList: ("[", "]"),
    UserDict: ("{", "}"),
    MappingProxyType: ("mappingproxy({", "})"),
    type({}.keys()): ("dict_keys([", "])"),
    type({}.values()): ("dict_values([", "])"),
    type({}.items()): ("dict_items([", "])"),
}


def _container(kind: type[Any]) -> type[Any] | None:
    """What a type is written as: one of the containers above, or nothing where it has words of its own."""
    return next((base for base in kind.__mro__ if base in _BRACKETS and kind.__repr__ is base.__repr__), None)


def _record(kind: type[Any]) -> str | None:
    """The name of a type of records (dataclasses, named tuples, namespaces) that are written as Python itself does it; None for
    any other."""
    words: Any = kind.__repr__
    if words is SimpleNamespace.__repr__:
        return "namespace" if kind is SimpleNamespace else kind.__name__
    if issubclass(kind, tuple) and hasattr(kind, "_fields") and getattr(words, "__module__", "") == "collections":
        return kind.__name__
    made = getattr(getattr(words, "__code__", None), "co_filename", "") in _MADE
    return kind.__qualname__ if made and dataclasses.is_dataclass(kind) else None


_MADE: Final = (dataclasses.__file__, reprlib.__file__)
"""Where the `repr` that Python gives to a dataclass is from; that depends on its version."""


def _fields(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, tuple):
        return zip(type(value)._fields, value, strict=False)  # type: ignore[attr-defined]  # a named one
    if isinstance(value, SimpleNamespace):
        return vars(value).items()
    return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr)


def _leaf(value: Any, most: int) -> str:
    kind = type(value)
    if kind in (str, bytes, bytearray) and len(value) > most:
        return f"{value[:most]!r}…"
    if kind in _PLAIN:
        try:
            if kind is not int or value.bit_length() <= _DIGITS:
                return repr(value)
        except ValueError:  # Python was told to print fewer digits
            pass
        return f"<int of {value.bit_length():,} bits>"
    if kind.__repr__ is _WITHOUT_WORDS:  # without its address, which is another one in each kernel and tells nobody anything
        return cut(f"<{kind.__module__}.{kind.__qualname__} object>", most)
    return cut(_of(repr, value, most), most)


def _of(say: Any, value: Any, most: int) -> str:
    """What a value says of itself; its type, where it fails at that."""
    try:
        said = say(value)
        return said if type(said) is str else str.__str__(said)[: most + 1]
    except _RAISED as error:
        return f"<{type(value).__name__}: {say.__name__} raised {type(error).__name__}>"
