"""How many tokens a model can read: as its provider's listing says where that is at hand, else as genai-prices has it.

Asks no server: a gauge is not worth a request. The data of genai-prices ship with the package and are loaded on a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from nbchat.core.errors import ConfigError
from nbchat.core.models import Provider
from nbchat.providers.catalogue import Catalogue
from nbchat.providers.urls import is_loopback
from nbchat.sessions.ports import ModelProvider

__all__ = ["ContextLengths"]


class ContextLengths:
    """Looks context lengths up; lives on the background loop."""

    def __init__(self, catalogue: Catalogue, find: Callable[[str], ModelProvider]) -> None:
        self._catalogue = catalogue
        self._find = find
        self._known: dict[tuple[str, str], int | None] = {}

    async def length(self, provider_id: str, model: str) -> int | None:
        """Return the model's context length in tokens, or None; never raises."""
        try:
            provider = self._find(provider_id).provider
        except ConfigError:
            return None
        listed = self._catalogue.model(provider, model)
        if listed is not None and listed.context_length is not None:
            return listed.context_length
        if is_loopback(urlsplit(provider.base_url).hostname or "localhost"):  # what runs here has its own limits
            return None
        key = (provider.base_url, model)
        if key not in self._known:
            self._known[key] = await asyncio.get_running_loop().run_in_executor(None, _published, provider, model)
        return self._known[key]


def _published(provider: Provider, model: str) -> int | None:
    """What genai-prices knows of the model at the provider with this URL."""
    try:
        import genai_prices

        usage = genai_prices.Usage(input_tokens=1, output_tokens=1)
        found = genai_prices.calc_price(usage, model, provider_api_url=provider.base_url).model.context_window
    except Exception:  # data that are missing, older or broken must not cost an answer
        return None
    return found if isinstance(found, int) and found > 0 else None
