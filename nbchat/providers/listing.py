"""A provider's model listing (`GET /models`) made into `Model` values.

Owns every spelling of context length and price, and which entries are chat models. Pure.
Sources: the API references of the presets; tests/vectors/listings has an example of each.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nbchat.core.model_names import friendly_name
from nbchat.core.models import Model
from nbchat.core.price import Price, parse_amount
from nbchat.providers.capabilities import capabilities_of

__all__ = ["entries_of", "is_count", "model_of", "parse_models", "shown"]

_MILLION = Decimal(1_000_000)
_ABSURD = Decimal(10) ** 12
"""No price: what is beyond it may be beyond all arithmetic."""
_ID, _NAME, _DESCRIPTION = 300, 200, 4000
"""Characters of a model's words that are taken. An id that is longer, or holds what cannot be shown, is no model's."""
_NOT_CHAT = (
    "embed", "whisper", "tts-", "-tts", "dall-e", "gpt-image", "moderation", "rerank", "davinci-00", "babbage-00", "transcribe",
    "realtime", "imagen", "veo-", "sora-", "stable-diffusion", "speech", "computer-use-preview", "clip-vit", "/aqa",
    "grok-2-image", "grok-imagine",
)  # fmt: skip
_CHAT_TYPES = frozenset({"chat", "language", "llm", "vlm", "model", "text", "code", "base"})
_PER_TOKEN = {"input": "prompt", "output": "completion", "cached": "input_cache_read", "cache_write": "input_cache_write"}
"""OpenRouter's and PPQ's members; dollars per token as text."""
_PER_TOKEN_RARE = {
    "reasoning": "internal_reasoning",
    "input_audio": "audio",
    "input_image": "image_token",
    "output_audio": "audio_output",
}
"""More of OpenRouter's, where "0" says that there is no such price (reasoning is then output). Its `image` is per image."""
_PER_MILLION = {"input": "input", "output": "output", "cached": "cached_input"}
"""Together's members; dollars per million tokens as numbers."""
_PER_MILLION_NAMED = {"input": "input_per_1M_tokens", "output": "output_per_1M_tokens", "cached": "cached_per_1M_tokens"}
_LITELLM = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
"""Dollars per token."""
_XAI = {
    "input": "prompt_text_token_price",
    "output": "completion_text_token_price",
    "cached": "cached_prompt_text_token_price",
}
"""Whole US cents per 100 million tokens."""
_CONTEXT = (
    "loaded_context_length", "context_length", "context_window", "max_context_length", "max_model_len", "context_size",
    "inputTokenLimit", "max_input_tokens", "max_prompt_length",
)  # fmt: skip
"""The names of the context length; what a model is loaded with comes before what it could be."""


def parse_models(provider: str, body: bytes) -> tuple[Model, ...] | None:
    """Return the chat models of a listing, in its order, without doubles; None when the body is no listing.

    Prices come in US dollars per token as text (OpenRouter) or per million as numbers (Together); both become per million.
    """
    entries = entries_of(body)
    if entries is None:
        return None
    models: dict[str, Model] = {}
    for entry in entries:
        model = model_of(provider, entry)
        if model is not None:
            models.setdefault(model.id, model)
    return tuple(models.values())


def entries_of(body: bytes) -> list[dict[str, Any]] | None:
    """Return the entries of a listing, numbers as Decimal; None when the body is no listing."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    entries = found
    if isinstance(found, dict):
        entries = found.get("data", found.get("models"))
        if entries is None and ("data" in found or "models" in found):
            entries = []  # an empty server says null
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else None


def model_of(provider: str, entry: Mapping[str, Any]) -> Model | None:
    """Return the model of one entry of a listing, None where it is no chat model."""
    found = entry.get("id") or entry.get("name")
    if not isinstance(found, str) or found != shown(found, _ID) or not _is_chat(found, entry):
        return None
    name = shown(entry.get("display_name") or entry.get("name"), _NAME)
    return Model(
        id=found.removeprefix("models/") if found.startswith("models/gemini") else found,  # Gemini lists paths, and takes both
        provider=provider,
        name=name if name and name != found else friendly_name(found),
        description=shown(entry.get("description"), _DESCRIPTION),
        context_length=_context(entry),
        price=_price(entry),
        capabilities=capabilities_of(entry),
        raw=dict(entry),
    )


def shown(found: Any, limit: int) -> str:
    """Return a server's words as they may be shown: one line without control characters, which can rearrange what is seen, at
    most `limit` characters; "" for what is no text."""
    if not isinstance(found, str):
        return ""
    kept = (char for char in " ".join(found[: 4 * limit].split()) if unicodedata.category(char)[0] != "C")
    return "".join(kept)[:limit].strip()


def _is_chat(id: str, entry: Mapping[str, Any]) -> bool:
    """Believe the listing where it says what a model does, else its name; what is unclear stays in."""
    said, abilities = entry.get("supports_chat"), entry.get("capabilities")  # Fireworks
    if isinstance(abilities, dict) and isinstance(abilities.get("completion_chat"), bool):  # Mistral
        said = abilities["completion_chat"]
    elif isinstance(abilities, list) and "embedding" in abilities:  # Ollama
        said = "completion" in abilities
    elif entry.get("active") is False:  # Groq
        said = False
    if isinstance(said, bool):
        return said
    kind, architecture = entry.get("type") or entry.get("mode"), entry.get("architecture")
    if isinstance(kind, str) and kind and entry.get("object") != kind:
        return kind.lower() in _CHAT_TYPES
    outputs = architecture.get("output_modalities") if isinstance(architecture, dict) else entry.get("output_modalities")
    if isinstance(outputs, list):
        return "text" in outputs
    lowered = id.lower()
    return not any(word in lowered for word in _NOT_CHAT)


def _context(entry: Mapping[str, Any]) -> int | None:
    meta = entry.get("meta")
    # llama.cpp: what it was started with, and what the model could do
    served = (meta.get("n_ctx"), meta.get("n_ctx_train")) if isinstance(meta, dict) else ()
    return next((found for found in (*(entry.get(name) for name in _CONTEXT), *served) if is_count(found)), None)


def is_count(found: Any) -> bool:
    """Whether this is a number of tokens or bytes, as far as any can be."""
    return isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**63


def _price(entry: Mapping[str, Any]) -> Price | None:
    """Return the price, or None where the listing has none; the day it holds for is set by whoever fetched it."""
    found = entry.get("pricing")
    if "prompt_text_token_price" in entry:
        price = Price(**_rates(entry, _XAI, Decimal("0.0001")))
    elif "input_cost_per_token" in entry:
        price = Price(**_rates(entry, _LITELLM, _MILLION), request=_amount(entry.get("input_cost_per_request")))
    elif not isinstance(found, dict):
        return None
    elif "prompt" in found or "completion" in found:
        rare: dict[str, Any] = {name: each or None for name, each in _rates(found, _PER_TOKEN_RARE, _MILLION).items()}
        price = Price(**_rates(found, _PER_TOKEN, _MILLION), **rare, request=_amount(found.get("request")))
    elif "input_per_1M_tokens" in found:
        price = Price(**_rates(found, _PER_MILLION_NAMED, Decimal(1)))
    else:  # as text it might be a price per token (as other gateways have it), and so says nothing
        numbers = {name: value for name, value in found.items() if not isinstance(value, str)}
        price = Price(**_rates(numbers, _PER_MILLION, Decimal(1)))
    return None if price.input is None and price.output is None else price


def _rates(found: Mapping[str, Any], names: Mapping[str, str], scale: Decimal) -> dict[str, Any]:
    """Return the members of a Price, in dollars per million tokens, by the names that they have here."""
    amounts = {name: _amount(found.get(theirs)) for name, theirs in names.items()}
    return {name: None if amount is None else amount * scale for name, amount in amounts.items()}


def _amount(value: Any) -> Decimal | None:
    amount = parse_amount(value)
    return None if amount is None or amount > _ABSURD else amount
