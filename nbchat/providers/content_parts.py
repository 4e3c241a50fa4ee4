"""Content and reasoning that come as lists of parts instead of text. Owns the spellings; knows no chunks and no events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["pieces_of_content", "text_of_details"]


def pieces_of_content(parts: list[Any]) -> Iterator[tuple[bool, str]]:
    """Yield (is reasoning, text). Parts are texts or objects; their thinking is a text or a list of texts (Mistral)."""
    for part in parts:
        if isinstance(part, str):
            yield False, part
        elif isinstance(part, dict):
            thinks = "thinking" in part or "reasoning" in part
            found = part.get("thinking") or part.get("reasoning") or part.get("text") or part.get("refusal")
            for piece in found if isinstance(found, list) else [found]:
                text = piece.get("text") if isinstance(piece, dict) else piece
                if isinstance(text, str):
                    yield thinks, text


def text_of_details(details: list[Any]) -> str:
    """Return the text of `reasoning_details` (OpenRouter; MiniMax): of texts and summaries; encrypted ones have none."""
    found = [(each.get("text") or each.get("summary")) for each in details if isinstance(each, dict)]
    return "".join(text for text in found if isinstance(text, str))
