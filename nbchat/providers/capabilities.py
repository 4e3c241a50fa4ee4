"""What a model can do, in the words of `Model.capabilities`, from every spelling that listings have for it.

Pure. A capability that is not named is not known; that a model takes no tools is said where its listing says it (`takes_tools`).
Sources: OpenRouter (`supported_parameters`, `architecture`), Mistral (`capabilities`), Anthropic (`capabilities`), Fireworks
and LiteLLM (`supports_...`), xAI (`input_modalities`), Ollama (`capabilities` of /api/show), LM Studio (/api/v0 and /api/v1),
llama.cpp (`architecture`, `modalities` and `chat_template_caps` of /props).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nbchat.core.models import Model

__all__ = ["capabilities_of", "takes_images", "takes_tools"]

_WORDS: Mapping[str, str] = {
    name: word
    for word, names in {
        "tools": "tools tool_use function_calling trained_for_tool_use supports_tools supports_tool_calls "
        "supports_function_calling",
        "vision": "vision image image_input multimodal vlm supports_vision supports_image_input",
        "reasoning": "reasoning include_reasoning thinking supports_reasoning",
        "structured output": "structured_outputs structured_output supports_response_schema",
        "audio": "audio audio_input supports_audio_input",
        "video": "video video_input supports_video_input",
        "files": "file pdf_input supports_pdf_input",
    }.items()
    for name in names.split()
}
"""What each name stands for, wherever it occurs; all others say nothing here."""


def capabilities_of(entry: Mapping[str, Any]) -> frozenset[str]:
    """Return what an entry of a listing says that its model can do; an entry may hold anything."""
    said = [*_said(entry.get("capabilities")), *_said(entry.get("supported_parameters")), *_said(entry.get("input_modalities"))]
    architecture = entry.get("architecture")
    if isinstance(architecture, dict):
        said += _said(architecture.get("input_modalities"))
    said += _said(entry.get("modalities"))
    said += _said(entry.get("chat_template_caps"))
    said += [name for name, value in entry.items() if name.startswith("supports_") and value is True]
    if isinstance(entry.get("type"), str):
        said.append(entry["type"])
    return frozenset(_WORDS[name] for name in said if name in _WORDS)


def takes_tools(model: Model) -> bool | None:
    """Return whether its listing says that a model takes tools; None where it does not say.

    A whole list of what a model can do (OpenRouter, Ollama) that has no tools says no, and so does a plain false (Mistral,
    Fireworks, LiteLLM). Not "trained for" them (LM Studio), or a template without (llama.cpp), does not: both have other ways.
    """
    if "tools" in model.capabilities:
        return True
    abilities = model.raw.get("capabilities")
    flags = [model.raw.get("supports_tools"), model.raw.get("supports_function_calling")]
    flags += [abilities.get("function_calling")] if isinstance(abilities, dict) else []
    listed = isinstance(model.raw.get("supported_parameters"), list) or (isinstance(abilities, list) and bool(abilities))
    return False if listed or False in flags else None


def takes_images(model: Model) -> bool | None:
    """Return whether its listing says that a model takes images; None where it does not say.

    A list of what goes in (OpenRouter, xAI) or of what it can do (Ollama) without them says no, and so does a plain false.
    """
    if "vision" in model.capabilities:
        return True
    raw, abilities = model.raw, model.raw.get("capabilities")
    architecture = raw.get("architecture")
    listed = [raw.get("input_modalities"), abilities]
    listed += [architecture.get("input_modalities")] if isinstance(architecture, dict) else []
    flags = [raw.get("supports_vision"), raw.get("supports_image_input")]
    flags += [abilities.get("vision")] if isinstance(abilities, dict) else []
    return False if any(isinstance(each, list) and each for each in listed) or False in flags else None


def _said(found: Any) -> Iterable[str]:
    """Names in a list, or those in an object that are not false; Anthropic says {"supported": true}, LM Studio lists options."""
    if isinstance(found, list):
        return [name for name in found if isinstance(name, str)]
    if isinstance(found, dict):
        return [name for name, value in found.items() if isinstance(name, str) and _is_true(value)]
    return ()


def _is_true(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("supported", bool(value)) is True
    return value is True
