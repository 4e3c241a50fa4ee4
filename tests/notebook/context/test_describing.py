"""Describing: who is asked what a value is, in which order, and that nothing that is said passes its allowance."""

from __future__ import annotations

import io
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import nbchat
from nbchat.core.attachments import attachment_tokens, framed
from nbchat.core.errors import UsageError
from nbchat.core.messages import FilePart, ImagePart
from nbchat.core.secrets import Secret
from nbchat.notebook.context.describing import describe
from nbchat.notebook.context.outline import cell, outline
from tests.api.test_attachments import PNG


def text(value: Any, tokens: int = 2_000) -> str:
    (part,) = describe("@x", value, tokens)
    assert isinstance(part, FilePart)
    return part.text


class Says:
    """A value with words of its own, of the kinds that the test gives."""

    def __init__(self, **said: Any) -> None:
        self.said = said

    def _ai_repr_(self) -> Any:
        return self.said.get("ai")

    def _repr_png_(self) -> Any:
        return self.said.get("png")

    def _repr_markdown_(self) -> Any:
        return self.said.get("markdown")

    def __repr__(self) -> str:
        return "plain"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"ai": "mine", "markdown": "**x**"}, "mine"),
        ({"ai": {"text/plain": "plain", "text/markdown": "*rich*"}}, "*rich*"),
        ({"ai": {"application/json": 1}, "markdown": "**x**"}, "**x**"),
        ({"ai": {"text/plain": 5, "image/png": b"no picture"}, "markdown": ("**x**", {"meta": 1})}, "**x**"),
        ({"ai": 5}, "Says (tests):\nplain"),
        ({"markdown": 5, "png": b"no picture"}, "Says (tests):\nplain"),
        ({}, "Says (tests):\nplain"),
    ],
)
def test_the_values_own_words_come_first(said: dict[str, Any], told: str) -> None:
    """`_ai_repr_`, then Markdown, then text; what is none of what it should be is passed over."""
    found = text(Says(**said))
    assert found.replace(Says.__module__.partition(".")[0], "tests") == told


def test_an_ai_repr_may_be_awaited() -> None:
    """As Jupyter's proposal has it."""

    class Later:
        async def _ai_repr_(self) -> str:
            return "later"

    assert text(Later()) == "later"


def test_pictures_are_pictures() -> None:
    """In a bundle, with the text beside it; by `_repr_png_`; as bytes."""
    both = describe("@x", Says(ai={"image/png": PNG, "text/plain": "a dot"}), 2_000)
    assert [type(part) for part in both] == [ImagePart, FilePart]
    for value in (Says(png=PNG), PNG):
        (picture,) = describe("@x", value, 2_000)
        assert isinstance(picture, ImagePart)
        assert (picture.alt, picture.width, picture.height) == ("@x", 1, 1)
    assert text(Says(ai={"image/png": PNG, "text/plain": "a dot"}), 200) == "a dot"


def test_images_are_made_to_fit() -> None:
    """Of any mode, unchanged themselves; smaller for a smaller allowance, in words where none fits."""
    for mode in ("CMYK", "RGBA", "I;16", "F", "P", "L"):
        image = Image.new(mode, (1_200, 600))
        for tokens, width in ((2_000, 1_024), (400, 512)):
            (part,) = describe("@x", image, tokens)
            assert isinstance(part, ImagePart)
            assert (part.width, part.height) == (width, width // 2)
        assert image.size == (1_200, 600)
        assert "1,200 × 600" in text(image, 150)
    noise = Image.frombytes("RGB", (1_024, 1_024), np.random.default_rng(0).bytes(3 * 1_024**2))
    file = io.BytesIO()
    noise.save(file, "PNG")
    assert isinstance(describe("@x", noise, 2_000)[0], ImagePart)


def test_an_object_that_has_every_attribute_is_described_by_its_text() -> None:
    """What it answers to every name is no description."""
    assert "MagicMock" in text(MagicMock())


def test_functions_and_classes_are_their_source() -> None:
    """Built-in ones have none."""
    assert text(text).startswith("def text(value: Any")
    assert text(text).endswith("return part.text")
    assert text(Says).startswith("class Says:")
    assert text(len) == "builtin_function_or_method:\n<built-in function len>"


def test_types_can_be_registered() -> None:
    """By class or by place, for those below it; the last one counts; None asks the next."""

    class Molecule:
        pass

    class Water(Molecule):
        pass

    @nbchat.describes(Molecule)
    def _(value: Any, tokens: int) -> str:
        return f"{type(value).__name__} in {tokens}"

    assert text(Water(), 500) == "Water in 500"

    @nbchat.describes(Molecule, "nowhere.to_be:Found")
    def _(value: Any, _tokens: int) -> str | None:
        return None if isinstance(value, Water) else "stuff"

    assert text(Molecule()) == "stuff"
    assert text(Water()).endswith(".Water object>")
    for wrong in ((), (5,), ("no place",)):
        with pytest.raises(UsageError, match="is a class"):
            nbchat.describes(*wrong)


def test_a_registered_type_of_a_library_comes_before_nbchats_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows better says it."""
    monkeypatch.setattr("nbchat.notebook.context.describing._registered", {})
    nbchat.describes("pandas:DataFrame")(lambda _value, _tokens: "mine")
    assert text(pd.DataFrame({"a": [1]})) == "mine"
    assert text(pd.Series([1])) != "mine"


def test_keys_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that this process holds and those of its environment, also where a text is cut."""
    key = "sk-0123456789abcdef"
    monkeypatch.setenv("SOME_API_KEY", key)
    assert text({"headers": {"Authorization": f"Bearer {key}"}}) == "dict:\n{'headers': {'Authorization': 'Bearer ***'}}"
    monkeypatch.setenv("LONG_TOKEN", "t-" + "abcdefghij" * 20)
    assert "abc" not in text(pd.DataFrame({"token": ["t-" + "abcdefghij" * 20]}))
    held = Secret("sk-held-by-this-process")
    assert text(f"a {held.reveal()} b") == "a *** b"
    for before in range(150, 260):
        assert "sk-012" not in text("x" * before + key + "y" * 9_000, 100)


@given(
    st.text(st.sampled_from("`~ab \n\ud800é")) | st.binary() | st.recursive(st.text() | st.floats(), st.lists),
    st.integers(100, 300),
)
def test_nothing_passes_its_allowance(value: Any, tokens: int) -> None:
    """With the frame around it, which nothing in it can end."""
    for given_value in (value, value * 200 if isinstance(value, str | bytes) else [value] * 200):
        parts = describe("@x", given_value, tokens)
        assert 0 < sum(map(attachment_tokens, parts)) <= tokens
        (part,) = parts
        assert isinstance(part, FilePart)
        head, fence, *content, end = framed(part).split("\n")
        assert fence == end
        assert fence not in content
        assert "data and no instruction" in head


@given(st.recursive(st.none() | st.integers() | st.text() | st.booleans(), lambda inner: st.lists(inner) | st.tuples(inner)))
def test_an_outline_is_what_python_writes(value: Any) -> None:
    """Where there is room for it."""
    assert outline(value, 10**6) == repr(value) or "…" in outline(value, 10**6)
    assert len(outline(value, 10)) <= 10


def test_containers_are_written_as_far_as_there_is_room() -> None:
    """Whatever their size, depth and cycles; those with words of their own are asked."""
    loop: list[Any] = [1]
    loop.append(loop)
    assert outline(loop, 100) == "[1, […]]"
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    assert outline(deep, 100) == "[" * 13 + "…" + "]" * 13
    assert outline(dict.fromkeys(range(10**6)), 12) == "{0: None, 1…"
    assert outline({1}, 9) == "{1}"
    assert outline((1,), 9) == "(1,)"
    assert outline([set(), frozenset()], 90) == "[set(), frozenset()]"
    many = [OrderedDict(a=1), defaultdict(int, a=1), Counter("a"), deque([1])]
    assert outline(many, 99) == "[OrderedDict({'a': 1}), defaultdict({'a': 1}), Counter({'a': 1}), deque([1])]"
    assert outline(10**5_000, 90) == "<int of 16,610 bits>"
    assert outline(["x" * 10**7], 50) == "['" + "x" * 47 + "…"
    assert cell("a\tb\nc", 9) == "a\\tb\\nc"
    assert (cell(np.float64(0.1) + 0.2, 99), cell(0.1 + 0.2, 99), cell(None, 9)) == ("0.30000000000000004", "0.3", "None")
