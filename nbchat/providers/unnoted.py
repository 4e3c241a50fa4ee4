"""Unnoted: an endpoint as private sessions use it: that it was asked, and for which model, is remembered nowhere.

Owns nothing: connections, keys and what was learned of the server are the endpoint's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from nbchat.core.events import ProviderEvent
from nbchat.core.models import Model, Provider
from nbchat.core.requests import ModelRequest
from nbchat.providers.endpoint import Endpoint

__all__ = ["Unnoted"]


class Unnoted:
    """The endpoint (ports.ModelProvider) without the note of its use."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def provider(self) -> Provider:
        """Its description."""
        return self._endpoint.provider

    @property
    def continues(self) -> bool:
        """Whether it goes on with an assistant message that comes last."""
        return self._endpoint.continues

    def stream(self, request: ModelRequest) -> AsyncIterator[Sequence[ProviderEvent]]:
        """Send and yield what comes, as the endpoint does."""
        return self._endpoint.stream(request, noted=False)

    async def list_models(self) -> tuple[Model, ...]:
        """Return what it offers."""
        return await self._endpoint.list_models()

    async def aclose(self) -> None:
        """Nothing: the endpoint is in use elsewhere."""
