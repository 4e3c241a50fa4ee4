"""Large values: what is said of them takes milliseconds and little memory, whatever their size and wherever they stand.

A value's own `repr` in C lets no other thread run, so that a stream would stand still and Stop would not work meanwhile.
"""

from __future__ import annotations

import collections
import dataclasses
import reprlib
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from nbchat.core.attachments import attachment_tokens
from nbchat.notebook.context.describing import describe
from nbchat.notebook.context.outline import outline
from tests.notebook.context.test_describing import text

ROWS = 10_000_000
SECONDS, BYTES = 0.25, 20_000_000


@dataclasses.dataclass
class Batch:
    rows: Any
    name: str = "x"
    hidden: int = dataclasses.field(default=1, repr=False)


class Pair(NamedTuple):
    first: Any
    second: Any


class Told(Pair):
    """A named tuple with words of its own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "told"


def bounded(value: Any) -> str:
    """Describe a value; asserts that it takes little time of this thread, and little memory at any moment."""
    describe("@x", value, 500)  # libraries load parts of themselves at the first look
    tracemalloc.start()
    try:
        begun = time.thread_time()
        (part,) = describe("@x", value, 500)
        assert time.thread_time() - begun < SECONDS
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()
    assert 0 < attachment_tokens(part) <= 500
    return str(part.text)  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def many() -> list[int]:
    return [7] * ROWS


@pytest.mark.parametrize(
    "kind", [list, tuple, collections.deque, np.array, Batch, SimpleNamespace, MappingProxyType, dict.values]
)
def test_ten_million_values_take_no_time(many: list[int], kind: Any) -> None:
    """Directly, in a record, behind a view."""
    if kind in (SimpleNamespace, MappingProxyType, dict.values):
        value = SimpleNamespace(a=many) if kind is SimpleNamespace else kind({"a": many})
    else:
        value = kind(many)
    assert "7, 7, 7" in bounded(value)


@pytest.mark.parametrize("form", ["texts", "objects", "dates", "categories", "index of texts"])
def test_frames_of_ten_million_rows_take_no_time(form: str) -> None:
    """Whatever is in them; a series, too."""
    made: dict[str, Any] = {
        "texts": lambda: pd.DataFrame({"a": pd.array(["x"], dtype="str").repeat(ROWS)}),
        "objects": lambda: pd.DataFrame({"a": pd.Series(["é"], dtype=object).repeat(ROWS)}),
        "dates": lambda: pd.DataFrame({"a": pd.date_range("2020", periods=ROWS, freq="s")}),
        "categories": lambda: pd.DataFrame({"a": pd.Categorical.from_codes(np.zeros(ROWS, "i1"), ["x"])}),
        "index of texts": lambda: pd.DataFrame({"a": np.zeros(ROWS, "i1")}, index=pd.Index(["é"], dtype=object).repeat(ROWS)),
    }
    frame = made[form]()
    assert "10,000,000 rows × " in bounded(frame)
    assert "10,000,000 rows × 1" in bounded(frame["a"])


def test_records_are_written_as_python_writes_them() -> None:
    """Fields that a dataclass hides stay hidden; whoever has words of their own is asked."""

    @dataclasses.dataclass
    class Own:
        a: int

        def __repr__(self) -> str:
            return "own"

    loop = SimpleNamespace(a=1)
    named = collections.namedtuple("named", "a b")  # noqa: PYI024 - the older way to make one
    values: list[Any] = [
        *(Batch([1, {"a": "é"}]), Batch(Batch(1)), Pair(1, "x"), named(1, 2.5), Told(1, 2), Own(1)),
        *(SimpleNamespace(), SimpleNamespace(a=1, b=loop), type("Sub", (SimpleNamespace,), {})(a=1)),
        *({1: 2}.keys(), {1: 2}.values(), {1: 2}.items(), MappingProxyType({1: 2})),
        *(collections.UserList([1]), collections.UserDict(a=1), [Batch(Pair(1, 2))]),
    ]
    for value in values:
        assert outline(value, 1_000) == repr(value)
    loop.me = loop
    assert outline(loop, 1_000) == "namespace(a=1, me=namespace(…))"


def test_a_record_or_container_that_fails_is_named_where_it_does() -> None:
    """One without a field, or that is changed while it is written."""

    class Changes(dict[int, int]):
        def items(self) -> Any:
            yield 1, 2
            raise RuntimeError("dictionary changed size during iteration")

    bare = Batch.__new__(Batch)
    bare.name = "x"
    assert outline([1, bare, 2], 100) == "[1, Batch(… <AttributeError raised>), 2]"
    assert outline([Changes({1: 2}), 3], 100) == "[{1: 2… <RuntimeError raised>}, 3]"


@pytest.fixture
def unlimited() -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(before)


def test_integers_of_any_length_are_named(unlimited: None) -> None:
    """Also where somebody allows Python to write them: of this one it would take minutes."""
    huge = 1 << 50_000_000
    assert "int of 50,000,001 bits" in bounded(huge)
    assert "int of 50,000,001 bits" in bounded([-huge])
    assert "int of 50,000,001 bits" in bounded(pd.DataFrame({"a": [huge]}))
    assert outline(10**4_000, 5_000) == repr(10**4_000)


def test_what_is_read_bit_by_bit_is_not_consumed() -> None:
    """Generators, iterators and files stand where they stood."""
    values = [(n for n in range(9)), iter([1]), zip([1], [2], strict=True), map(str, [1]), enumerate([1])]
    for value in values:
        text(value)
        assert next(value) is not None
    with Path(__file__).open() as file:
        text(file)
        assert file.tell() == 0


def test_arrays_of_other_kinds_are_named_and_their_values_not_computed() -> None:
    """Masked ones; one whose values cannot be had."""

    class Far(np.ndarray[Any, Any]):
        def tolist(self) -> Any:
            raise NotImplementedError("no data")

    assert text(np.zeros(3).view(Far)).endswith("shape (3,), dtype float64\nIts values cannot be read (NotImplementedError).")
    masked = np.ma.masked_array(np.zeros(4), mask=[True, False, True, False])
    assert text(masked) == "MaskedArray (numpy): shape (4,), dtype float64\nIts values:\n[None, 0.0, None, 0.0]"
    assert "shape (1000000000000,)" in bounded(np.broadcast_to(np.zeros(1), (10**12,)))


def test_a_repr_that_is_shortened_by_its_author_is_believed() -> None:
    """`reprlib.recursive_repr` is no sign of a dataclass."""

    class Own:
        @reprlib.recursive_repr()
        def __repr__(self) -> str:
            return "own"

    assert outline(Own(), 100) == "own"
