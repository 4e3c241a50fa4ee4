"""Provider and model as values: an endpoint's description (never its key) and what it can run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nbchat.core.cost import Price
from nbchat.core.errors import UsageError
from nbchat.core.texts import text_of

__all__ = ["DEMO", "KeyPlace", "Model", "Provider", "matching", "model_named", "split_model"]

_NOTHING_LEARNED: Mapping[str, str] = MappingProxyType({})
DEMO = "demo"
"""Id of the embedded demo provider, which answers until a choice is made."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a key is to be found: kind "env" (name of a variable), "keyring" (user name in the service "nbchat"),
    "process" (given to this process only), "function" (a function, given to this process only, is asked before each request),
    "prompt" (asked with getpass when first needed) or "none" (keyless)."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured endpoint. `id` is what people write before the slash of "provider/model".

    `headers` are sent with each request and never hold a key. `insecure` allows http:// beyond loopback. `proxy` is the URL of a
    proxy ("" takes the environment's), `ca_bundle` the path of a PEM file with the certificate authorities to trust ("" the
    usual ones). `last_used` (seconds since the epoch, 0 for never) and `last_model` say what was asked of it last, `learned`
    which parameters its server refuses: each with the name that it takes instead, "" for none. What happened to a provider
    does not make it another one: these three are left out of comparisons.
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
    proxy: str = ""
    ca_bundle: str = ""
    last_used: float = field(default=0.0, compare=False)
    last_model: str = field(default="", compare=False)
    learned: Mapping[str, str] = field(default_factory=lambda: _NOTHING_LEARNED, compare=False)


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider, as far as the provider's listing says; None is unknown.

    `capabilities` are words: "tools", "vision", "reasoning", "structured output", "audio", "video", "files". Of models on local
    servers: `tags` (family, parameters, quantization, ...), `size` (bytes on disk), `memory` (bytes that it takes in memory
    now), and whether it is `downloaded` and `loaded`, as of when the listing was asked for.
    """

    id: str
    provider: str
    name: str = ""
    description: str = ""
    context_length: int | None = None
    price: Price | None = None
    capabilities: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    size: int | None = None
    memory: int | None = None
    downloaded: bool | None = None
    loaded: bool | None = None
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The model with its provider in front (provider/model), as people write it."""
        return f"{self.provider}/{self.id}"

    @property
    def words(self) -> str:
        """What a search looks at, in lower case."""
        return " ".join((self.label, self.name, self.description, *self.tags, *sorted(self.capabilities))).lower()


def matching(models: Iterable[Model], search: str) -> list[Model]:
    """Return the models in which all words of `search` occur, in any case and place, in their order; all for ""."""
    words = search.lower().split()
    return [model for model in models if all(word in model.words for word in words)]


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
