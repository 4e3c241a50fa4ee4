"""Sentences: what a refused request is about, where the provider has no code for it and says one fixed sentence instead.

Codes and statuses come first (`errors`). A sentence counts only from the first character of the message on, with its numbers, so
that prose which speaks of limits is no limit; and none of them stands for a kind that is sent again. Must not know HTTP.
Sources: what the providers' references and their servers' sources say, each beside its sentence; vectors/errors has them whole.
"""

from __future__ import annotations

import re

from nbchat.core.errors import ErrorKind

__all__ = ["TOO_LONG_PARAMETERS", "kind_of_sentence"]

TOO_LONG_PARAMETERS = frozenset({"input_tokens", "input_text"})
"""What vLLM names as the `param` of a request that is too long (its VLLMValidationError; older ones name none)."""

_SENTENCES: dict[ErrorKind, tuple[str, ...]] = {
    "context_length": (
        r"This (?:model|endpoint)'s maximum (?:context|prompt) length is \d+ ",  # vLLM, DeepSeek, OpenRouter, xAI
        r"The prompt is \d+ tokens, which exceeds the model's maximum context length of \d+ ",  # vLLM
        r"The decoder prompt \(length \d+\) is longer than the maximum model length of \d+",  # vLLM
        r"The input \(\d+ tokens\) is longer than the model's context length \(\d+ tokens\)",  # SGLang, Together
        r"The prompt is too long: \d+, model maximum context length: \d+",  # Fireworks
        r"prompt is too long: \d+ tokens > \d+ maximum",  # Anthropic
        r"The input token count (?:\(\d+\) )?exceeds the maximum number of tokens allowed \(?\d+",  # Gemini
        r"Prompt contains \d+ tokens(?: and \d+ draft tokens)?, too large for model with \d+ maximum context length",  # Mistral
        r"Trying to keep the first \d+ tokens when context the overflows\.",  # LM Studio
        r"The number of tokens to keep from the initial prompt is greater than the context length",  # LM Studio
        r"prompt too long; exceeded (?:max )?context length by \d+ tokens",  # Ollama
        r"litellm\.ContextWindowExceededError: ",  # LiteLLM: the class of its error
    ),
    "auth": (r"Incorrect API key provided: ",),  # xAI, with status 400 and gRPC's words for a bad argument
    "billing": (
        r"Your credit balance is too low to access the (?:Anthropic|Claude) API\.",  # Anthropic, as an invalid_request_error
        r"Your newly created team doesn't have any credits yet\.",  # xAI, with status 403
    ),
}
_BEGINS: tuple[tuple[ErrorKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile("|".join(sentences))) for kind, sentences in _SENTENCES.items()
)


def kind_of_sentence(message: str) -> ErrorKind | None:
    """Return what a message that is (or begins with) one of the sentences is about, None for any other."""
    return next((kind for kind, begins in _BEGINS if begins.match(message)), None)
