"""The built-in system prompts, and a person's own."""

from __future__ import annotations

import pytest

from nbchat.core.errors import UsageError
from nbchat.core.prompts import PROMPTS, prompt_text, prompts


@pytest.mark.parametrize("name", PROMPTS)
def test_each_is_short_and_one_paragraph(name: str) -> None:
    """Every turn pays for it; a name can be typed."""
    assert name.isidentifier()
    assert name.islower()
    assert 100 < len(PROMPTS[name]) < 600
    assert "\n" not in PROMPTS[name]
    assert "  " not in PROMPTS[name]


def test_a_persons_own_wins() -> None:
    """An own prompt replaces the built-in one of its name, and stands beside the others."""
    own = {"tutor": "Teach me.", "pirate": "Arr."}
    assert prompt_text("tutor", own) == "Teach me."
    assert prompt_text("tutor", {}) == PROMPTS["tutor"]
    assert list(prompts(own)) == sorted({*PROMPTS, "pirate"})


def test_an_unknown_name() -> None:
    """The error says which there are."""
    with pytest.raises(UsageError, match=r"Prompts: .*pirate.*tutor"):
        prompt_text("nobody", {"pirate": "Arr."})
