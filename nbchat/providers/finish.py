"""Finish reasons: the words of every server for the few ends that an answer can have.

Owns that vocabulary. A word that is not in it goes on as it is, so that a new kind of end is at least shown.
"""

from __future__ import annotations

from nbchat.core.errors import ErrorKind

__all__ = ["BROKEN", "finish_reason"]

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
