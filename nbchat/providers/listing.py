"""A provider's model listing (`GET /models`) made into `Model` values.

Owns every spelling of context length and price, and which entries are chat models. Pure.
Sources: OpenAI, OpenRouter, Together, Groq, Mistral, LiteLLM and vLLM API references.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nbchat.core.models import Model
from nbchat.core.price import Price, parse_amount

__all__ = ["parse_models"]

_MILLION = Decimal(1_000_000)
_NOT_CHAT = (
    "embed", "whisper", "tts-", "-tts", "dall-e", "gpt-image", "moderation", "rerank", "davinci-00", "babbage-00", "transcribe",
    "realtime", "imagen", "veo-", "sora-", "stable-diffusion", "speech", "computer-use-preview", "clip-vit",
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
_CONTEXT = ("context_length", "context_window", "max_context_length", "max_model_len", "context_size", "inputTokenLimit")


def parse_models(provider: str, body: bytes) -> tuple[Model, ...] | None:
    """Return the chat models of a listing, in its order, without doubles; None when the body is no listing.

    Prices come in US dollars per token as text (OpenRouter) or per million as numbers (Together); both become per million.
    """
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    entries = found
    if isinstance(found, dict):
        entries = found.get("data", found.get("models"))
        if entries is None and "data" in found:
            entries = []  # an empty server says null
    if not isinstance(entries, list):
        return None
    models: dict[str, Model] = {}
    for entry in entries:
        if isinstance(entry, dict):
            model = _model(provider, entry)
            if model is not None:
                models.setdefault(model.id, model)
    return tuple(models.values())


def _model(provider: str, entry: Mapping[str, Any]) -> Model | None:
    found = entry.get("id") or entry.get("name")
    if not isinstance(found, str) or not _is_chat(found, entry):
        return None
    name, description = entry.get("name") or entry.get("display_name"), entry.get("description")
    return Model(
        id=found.removeprefix("models/") if found.startswith("models/gemini") else found,  # Gemini lists paths, and takes both
        provider=provider,
        name=name if isinstance(name, str) else "",
        description=description if isinstance(description, str) else "",
        context_length=_context(entry),
        price=_price(entry),
        raw=dict(entry),
    )


def _is_chat(id: str, entry: Mapping[str, Any]) -> bool:
    """Believe the listing where it says what a model does, else its name; what is unclear stays in."""
    kind, architecture, abilities = entry.get("type"), entry.get("architecture"), entry.get("capabilities")
    if isinstance(kind, str) and kind and entry.get("object") != kind:
        return kind.lower() in _CHAT_TYPES
    if isinstance(architecture, dict) and isinstance(architecture.get("output_modalities"), list):
        return "text" in architecture["output_modalities"]
    if isinstance(abilities, dict) and isinstance(abilities.get("completion_chat"), bool):
        return abilities["completion_chat"] is True
    lowered = id.lower()
    return not any(word in lowered for word in _NOT_CHAT)


def _context(entry: Mapping[str, Any]) -> int | None:
    for name in _CONTEXT:
        found = entry.get(name)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
    meta = entry.get("meta")
    trained = meta.get("n_ctx_train") if isinstance(meta, dict) else None  # llama.cpp
    return trained if isinstance(trained, int) and trained > 0 else None


def _price(entry: Mapping[str, Any]) -> Price | None:
    """Return the price, or None where the listing has none; the day it holds for is set by whoever fetched it."""
    found = entry.get("pricing")
    if not isinstance(found, dict):
        return None
    if "prompt" in found or "completion" in found:
        amounts = {name: parse_amount(found.get(theirs)) for name, theirs in _PER_TOKEN.items()}
        rare = {name: parse_amount(found.get(theirs)) or None for name, theirs in _PER_TOKEN_RARE.items()}
        rates = {name: None if each is None else each * _MILLION for name, each in {**amounts, **rare}.items()}
        price = Price(**rates, request=parse_amount(found.get("request")))  # type: ignore[arg-type]  # all of them are rates
    else:
        names, number = (_PER_MILLION_NAMED, parse_amount) if "input_per_1M_tokens" in found else (_PER_MILLION, _number)
        price = Price(**{name: number(found.get(theirs)) for name, theirs in names.items()})  # type: ignore[arg-type]  # as above
    return None if price.input is None and price.output is None else price


def _number(value: Any) -> Decimal | None:
    """A price per million; as text it might be one per token (as other gateways have it), and so says nothing."""
    return None if isinstance(value, str) else parse_amount(value)
