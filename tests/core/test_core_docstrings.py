"""What docstrings say of functions and parameters, in the three styles that people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.docstrings import Doc, read_docstring

GOOGLE = """Say the weather
    of a city.

    It is not exact.

    Args:
        city (str, optional): the city: its
            name in English

            or in Norwegian
        *days: how many
        unit:
            a word

    Returns:
        str: words
    """
NUMPY = """
    Say the weather of a city.

    Parameters
    ----------
    city : str
        the city
        by name
    x, y : int
        where: exactly
    nothing : int

    Returns
    -------
    str
        words
    """
SPHINX = """Say the weather of a city.
    :param str city: the city
        by name
    :param x: where
    :type x: int
    :returns: words
    :raises KeyError: never
    """


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Doc()),
        ("   ", Doc()),
        ("One line.", Doc("One line.")),
        (
            GOOGLE,
            Doc(
                "Say the weather of a city.",
                {"city": "the city: its name in English or in Norwegian", "days": "how many", "unit": "a word"},
            ),
        ),
        (
            NUMPY,
            Doc("Say the weather of a city.", {"city": "the city by name", "x": "where: exactly", "y": "where: exactly"}),
        ),
        (SPHINX, Doc("Say the weather of a city.", {"city": "the city by name", "x": "where"})),
        ("\nArgs:\n    x: it", Doc("", {"x": "it"})),
        ("Parameters\n----------\nx : int\n    it", Doc("", {"x": "it"})),
        ("A text: with a colon.\n\nArgs:\nnot indented: no", Doc("A text: with a colon.")),
    ],
)
def test_every_style_is_read(text: str | None, expected: Doc) -> None:
    """Types in the docstring are passed over: the hints say them."""
    assert read_docstring(text) == expected


@given(st.text(alphabet="Args:Parameters-\n\t x(y):param\u2028"))
def test_no_docstring_fails(text: str) -> None:
    """Whatever somebody writes, every description is one line."""
    found = read_docstring(text)
    assert "\n" not in found.summary
    assert all(words and "\n" not in words for words in found.parameters.values())
