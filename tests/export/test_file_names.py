"""File names that are made of titles: titles are free text, and often a model's."""

from __future__ import annotations

import pytest

from nbchat.export.files import file_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ships", "Ships.md"),
        ("", "chat.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        (".hidden", "hidden.md"),
        ("a\x00b\n c\t\u202ed", "a-b- c--d.md"),
        ("con", "chat con.md"),
        ("NUL.txt", "chat NUL.txt.md"),
        ('What? <is> "this": a|b*', "What- -is- -this-- a-b.md"),
        ("Gru\u0308\u00dfe, 世界", "Grüße, 世界.md"),
        ("...", "chat.md"),
        ("x" * 300, "x" * 80 + ".md"),
    ],
)
def test_a_title_becomes_a_file_name(title: str, name: str) -> None:
    """Of letters, digits and a few signs, in one folder, visible, and none that a system keeps for itself."""
    assert file_name(title, ".md") == name


def test_no_name_is_longer_than_file_systems_take() -> None:
    """They count bytes."""
    assert len(file_name("\U00020000" * 300, ".ipynb").encode()) <= 255
    assert file_name("\ud800", ".md") == "chat.md"
