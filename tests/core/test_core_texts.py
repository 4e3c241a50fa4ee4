"""Texts that people pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.errors import UsageError
from nbchat.core.texts import text_of, well_formed


@pytest.mark.parametrize("text", ["", "plain", "é ∀ 😀", "a\r\n\t\0b"])
def test_what_utf8_can_express_stays_as_it_is(text: str) -> None:
    """The question reaches the model byte for byte."""
    assert text_of(text, "A question") == text


def test_halves_are_joined_and_lone_ones_replaced() -> None:
    """No lone surrogate passes, from wherever it came."""
    assert text_of("\ud83d\ude00", "A question") == "😀"
    assert text_of("a\ud83db", "A question") == "a\ufffdb"
    assert text_of(b"caf\xe9".decode("utf-8", "surrogateescape"), "A question") == "caf\ufffd"


def test_what_is_no_string_is_named() -> None:
    """The message says what was to be text."""
    with pytest.raises(UsageError, match="A question is text, not NoneType"):
        text_of(None, "A question")


@given(st.text(max_size=20))
def test_well_formed_text(text: str) -> None:
    """It is UTF-8, the same where it was already, and nothing is left to be done."""
    found = well_formed(text)
    found.encode()
    assert well_formed(found) == found
    if not any("\ud800" <= sign <= "\udfff" for sign in text):
        assert found == text
