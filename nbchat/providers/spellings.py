"""Spellings: what servers write in many ways and mean the same by: how an answer ended, and content or reasoning in parts.

Owns those vocabularies; knows no chunks and no events. A word that is not in them goes on as it is, so that a new kind of end
is at least shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbchat.core.errors import ErrorKind

__all__ = ["BROKEN", "finish_reason", "pieces_of_content", "text_of_details"]

_WORDS = {
    # Together "eos"; Cohere "COMPLETE"; Anthropic "end_turn", "stop_sequence"; TGI "eos_token"
    "stop": "eos eos_token end_turn stop_sequence complete",
    # Anthropic, Cohere, Gemini "max_tokens"; Mistral "model_length"; Responses "max_output_tokens"
    "length": "max_tokens model_length max_output_tokens",
    # OpenAI before tools "function_call"; Anthropic "tool_use"; Cohere "tool_call"
    "tool_calls": "function_call tool_use tool_call",
    # Gemini's own; Zhipu "sensitive"; Anthropic "refusal"
    "content_filter": "safety recitation blocklist prohibited_content spii sensitive refusal",
}
_MEANS = {word: reason for reason, words in _WORDS.items() for word in words.split()} | {reason: reason for reason in _WORDS}

BROKEN: dict[str, ErrorKind] = {
    "error": "server",  # OpenRouter, Cohere
    "abort": "interrupted",  # vLLM, SGLang: the request was aborted on the server
    "aborted": "interrupted",
    "cancelled": "interrupted",
    "insufficient_system_resource": "interrupted",  # DeepSeek: "the request is interrupted due to insufficient resource"
    "network_error": "interrupted",  # Zhipu
}
"""Reasons that are failures: nobody may take such an answer for a whole one."""


def finish_reason(word: str) -> str:
    """Return what a server's word means: stop, length, tool_calls, content_filter, a key of BROKEN, or the word itself.

    Case does not matter, nor what follows a colon ("content_filter: PROHIBITED_CONTENT").
    """
    known = word.partition(":")[0].strip().lower()
    return known if known in BROKEN else _MEANS.get(known, word)


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
