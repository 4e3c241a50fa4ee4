"""The ports towards model providers: asking, keys and prices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from nbchat.core.cost import Price
from nbchat.core.events import ProviderEvent
from nbchat.core.models import Model, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret

__all__ = ["KeySource", "ModelProvider", "PriceBook", "TokenCounter"]


class ModelProvider(Protocol):
    """One configured endpoint."""

    @property
    def provider(self) -> Provider:
        """Its description."""
        ...

    @property
    def continues(self) -> bool:
        """Whether the endpoint goes on with an assistant message that comes last (a prefill)."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[Sequence[ProviderEvent]]:
        """Send `request` and yield what comes, one batch per wake-up.

        Ends normally only after a `Finish` was yielded; every other end raises `ProviderError` (kind "interrupted" when
        the answer was cut after it began). Cancelling, or closing the iterator, closes the HTTP request before it returns.
        """
        ...

    async def list_models(self) -> tuple[Model, ...]:
        """Return the chat models that the endpoint offers; raises ProviderError."""
        ...

    async def aclose(self) -> None:
        """Release connections; idempotent."""
        ...


class KeySource(Protocol):
    """Finds the key of a provider."""

    def key(self, provider: Provider) -> Secret | None:
        """Return the key, or None for a keyless provider; raises ConfigError, with what to do, when it is missing.

        May block (a keyring, a prompt): never called on the background loop.
        """
        ...


class TokenCounter(Protocol):
    """Counts tokens as models do. Optional: without one, estimates rest on ratios."""

    def prepare(self, model: str) -> None:
        """Begin to load what counts this model's tokens, if anything does; returns at once."""
        ...

    async def count(self, model: str, texts: Sequence[str]) -> list[int] | None:
        """Return how many tokens each text comes to, of a long one by its beginning; None where no tokenizer that is really this
        model's is loaded. Never raises, works on a thread."""
        ...


class PriceBook(Protocol):
    """Knows prices."""

    async def price(self, provider: Provider, model: str, *, ask: bool = True) -> Price | None:
        """Return what the model costs now, or None; never raises. The first call may load data (on a thread), and ask the
        provider for its list unless `ask` is False."""
        ...
