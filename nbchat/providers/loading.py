"""A server that says that it is still loading the model: which refusals mean that, and how long it is asked again.

llama.cpp answers 503 {"error": {"message": "Loading model", "type": "unavailable_error"}} until the model is there
(tools/server/README.md); Hugging Face's endpoints 503 {"error": "Model ... is currently loading", "estimated_time": 20.0};
proxies in front of vLLM, TGI and their like use a code or words of their own. Owns nothing but this reading and its patience.
"""

from __future__ import annotations

import json
import re
from typing import Any

from nbchat.core.errors import ProviderError
from nbchat.core.events import Loading
from nbchat.providers.errors import HINTS

__all__ = ["LOADING", "LoadingWait", "read_loading"]

LOADING = "Loading the model"
POLL_SECONDS = 1.0
"""How long a server that does not say is left alone before it is asked again."""
_CODES = frozenset({"loading", "model_loading", "model_is_loading", "loading_model", "model_not_ready", "model_not_loaded_yet"})
_WORDS = re.compile(
    r"\bloading (?:the )?model\b|\bmodel\b[^.]{0,120}?\b(?:is|being) (?:\w+ )?(?:loading|loaded)\b", re.IGNORECASE
)


def read_loading(status: int, body: bytes) -> Loading | None:
    """Return what a refusal says of a model that is being loaded; None for every other refusal.

    Only a 503 does, and only one with a code, an estimate or words for it: an overloaded server is none that loads.
    """
    if status != 503:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    content = found if isinstance(found, dict) else {}
    error = content.get("error", content.get("detail"))
    inner = error if isinstance(error, dict) else {}
    said = [content, inner]
    words = next((text for text in (error, inner.get("message"), content.get("message")) if isinstance(text, str)), "")
    codes = {str(each.get(name)).lower() for each in said for name in ("code", "type", "status")}
    estimate = next((value for each in said if (value := _number(each.get("estimated_time"))) is not None), None)
    if not codes & _CODES and estimate is None and not _WORDS.search(words[:1000]):
        return None
    progress = next((value for each in said if (value := _progress(each.get("progress"))) is not None), None)
    return Loading(LOADING if estimate is None else f"{LOADING}, about {max(estimate, 1):.0f} s", progress)


def _number(found: Any) -> float | None:
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found < 1e6 else None


def _progress(found: Any) -> float | None:
    """A share from 0 to 1, also where it is given as a percentage above 1."""
    value = _number(found.get("value") if isinstance(found, dict) else found)
    return None if value is None or value > 100 else value / 100 if value > 1 else value


class LoadingWait:
    """How long one answer waits for a model to be loaded: `limit` seconds, from when the request was first sent (`began`)."""

    def __init__(self, limit: float, began: float) -> None:
        self.told = False
        """Whether the server said that it is loading."""
        self.again = POLL_SECONDS
        """Seconds until the request is sent again."""
        self._limit = limit
        self._began = began

    def left(self, now: float) -> float:
        """Seconds in which the first token may still come: loading takes its time from them."""
        return max(self._limit - (now - self._began), 0.0) if self.told else self._limit

    def next(self, loading: Loading, asked: float | None, now: float) -> Loading:
        """Return what is told: also how long it is until the request is sent again (the server's own wish, at least a second).
        Raises ProviderError where that would be beyond the limit."""
        self.told = True
        seconds, self.again = now - self._began, max(asked or 0.0, POLL_SECONDS)
        if seconds + self.again > self._limit:
            more = "" if asked is None else f", and the server asks to wait {asked:.0f} s more"
            text = f"The model was still loading after {seconds:.0f} s{more}."
            raise ProviderError(text, kind="timeout", hint=HINTS["timeout"], status=503, code="loading")
        return Loading(loading.text, loading.progress, seconds, self.again)
