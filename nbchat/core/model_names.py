"""Names of models: how people would write an id, for listings that give ids alone; and whether an answer's name is the asked one.

Conservative: `friendly_name` splits words, writes families and sizes as usual, and changes nothing that it does not know. An id
that is no plain name (a fine-tune's "ft:...", odd characters) stays as it is.
"""

from __future__ import annotations

import re

__all__ = ["friendly_name", "is_model"]

_PLAIN = re.compile(r"[A-Za-z0-9 ._:/@+-]{1,120}")
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_CLAUDE_VERSION = re.compile(r"(?<=-)(\d)-(\d)(?=-|$)")
_FIREWORKS_VERSION = re.compile(r"(?<=\d)p(?=\d)")
_FIREWORKS_LLAMA = re.compile(r"(?<=llama)-v(?=\d)")
_GPT = re.compile(r"\bGPT (?=\d)")
_SIZE = re.compile(r"(?:\d+(?:\.\d+)?[bmk]|\d+x\d+b|[ae]\d+(?:\.\d+)?b)", re.IGNORECASE)
_QUANTIZATION = re.compile(r"(?:i?q\d+(?:_[a-z0-9]+)*|(?:bf|fp|f|int|mxfp|nvfp)\d+|awq|gptq|exl2|mlx|ud)", re.IGNORECASE)
_WORDS = re.compile(r"i?q\d+(?:_[a-z0-9]+)+(?=[-. ]|$)|[^-_ ]+", re.IGNORECASE)
_VERSION = re.compile(r"[-@:.](\d{4}-\d{2}-\d{2}|\d{3,8})")
_JOINED = "\N{NON-BREAKING HYPHEN}"
"""Stands for a hyphen that stays, while words are split at the others."""
_DROPPED = frozenset({"gguf"})
_SPELLINGS = (
    "AI", "ChatGPT", "CodeLlama", "DeepSeek", "GLM", "GPT", "IT", "LLaVA", "MoE", "OLMo", "OSS", "QwQ", "SmolLM", "SmolLM2",
    "SmolLM3", "StarCoder", "StarCoder2", "TinyLlama", "VL", "WizardLM", "o1", "o3", "o4",
)  # fmt: skip
_KNOWN = {word.lower(): word for word in _SPELLINGS}


def friendly_name(id: str) -> str:
    """Return "Llama 3.3 70B Instruct" for "meta-llama/llama-3.3-70b-instruct"; what it cannot improve comes back as it is."""
    if not _PLAIN.fullmatch(id) or id.count(":") > 1 or not any(char.isalpha() for char in id):
        return id
    name = id.rstrip("/").rpartition("/")[2]
    if name.lower().endswith(".gguf"):
        name = _SHARD.sub("", name[:-5])
    if id.startswith("accounts/"):  # Fireworks: names have no dots (llama-v3p1-8b-instruct)
        name = _FIREWORKS_VERSION.sub(".", _FIREWORKS_LLAMA.sub("-", name))
    elif name.startswith("claude-"):
        name = _CLAUDE_VERSION.sub(r"\1.\2", name)
    name = name.removesuffix(":latest")  # Ollama's tag where none was given
    name = _DATE.sub(_JOINED.join((r"\1", r"\2", r"\3")), name)
    words = [_word(word) for part in name.split(":") for word in _WORDS.findall(part) if word.lower() not in _DROPPED]
    return _GPT.sub("GPT-", " ".join(words)).replace(_JOINED, "-") or id


def is_model(asked: str, named: str) -> bool:
    """Whether an answer that calls its model `named` is one of the model that was `asked`: under the same name, or that of a
    version (OpenAI answers "gpt-4o-2024-08-06" for "gpt-4o", Mistral "mistral-small-2503" for "mistral-small-latest", Gemini
    "gemini-2.0-flash-001" for "gemini-2.0-flash"). Ids or labels, both of one kind."""
    if asked == named:
        return True
    family = asked.removesuffix("-latest")
    return named.startswith(family) and _VERSION.fullmatch(named, len(family)) is not None


def _word(word: str) -> str:
    known = _KNOWN.get(word.lower())
    if known is not None:
        return known
    if _SIZE.fullmatch(word) or _QUANTIZATION.fullmatch(word):
        return word.upper().replace("X", "x") if _SIZE.fullmatch(word) else word.upper()
    return word[0].upper() + word[1:] if word.islower() and word[0].isalpha() else word
