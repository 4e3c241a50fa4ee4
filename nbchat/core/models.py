"""Provider and model as values: an endpoint's description (never its key) and what it can run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nbchat.core.cost import Price
from nbchat.core.errors import UsageError
from nbchat.core.texts import text_of

__all__ = ["DEMO", "KeyPlace", "Model", "Provider", "model_named", "split_model"]

DEMO = "demo"
"""Id of the embedded demo provider, which answers until a choice is made."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a key is to be found: kind "env" (name of a variable), "keyring" (user name in the service "nbchat"),
    "process" (given to this process only), "prompt" (asked with getpass when first needed) or "none" (keyless)."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured endpoint. `id` is what people write before the slash of "provider/model".

    `headers` are sent with each request and never hold a key. `insecure` allows http:// beyond loopback.
    """

    id: str
    base_url: str
    preset: str = "custom"
    name: str = ""
    key: KeyPlace = KeyPlace("none")
    headers: tuple[tuple[str, str], ...] = ()
    insecure: bool = False
    enabled: bool = True
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider, as far as the provider's listing says; None is unknown."""

    id: str
    provider: str
    name: str = ""
    description: str = ""
    context_length: int | None = None
    price: Price | None = None
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The model with its provider in front (provider/model), as people write it."""
        return f"{self.provider}/{self.id}"


def split_model(label: str) -> tuple[str, str]:
    """Split "provider/model" at its first slash; a label without one has provider "".

    Model ids contain slashes themselves ("openrouter/meta/llama" is model "meta/llama" of "openrouter").
    """
    provider, slash, model = label.partition("/")
    return (provider, model) if slash else ("", label)


def model_named(label: str) -> tuple[str, str]:
    """Split a label that must name both a provider and a model; raises UsageError for any other."""
    provider, model = split_model(text_of(label, "A model's name"))
    if not provider or not model:
        raise UsageError(f"{label!r} does not name a model.", hint='Write "provider/model"; `%nbchat models` lists them.')
    return provider, model
