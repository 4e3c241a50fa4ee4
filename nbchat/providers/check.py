"""check: is a provider there, is its certificate good, does it take the key, what chat models has it?

Asks for the list of models and for nothing else, so it costs nothing. Owns what the answer means; must not know HTTP.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nbchat.core.errors import ChatError, ErrorInfo, ProviderError
from nbchat.core.models import Model, Provider
from nbchat.core.secrets import Secret
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.presets import preset_of
from nbchat.sessions.ports import Clock

__all__ = ["Check", "check"]

SECONDS = 5.0
"""How long a check may take. A person who types a key or unlocks a keyring is waited for besides."""

KeyState: TypeAlias = Literal["accepted", "not refused", "refused", "none", "unknown"]
_UNLISTED = (404, 405, 501)
"""Statuses by which a server says that it lists no models; chat may work all the same."""
_MARKS = {"ok": "✓", "note": "·", "wrong": "✗"}
_KEYS: dict[KeyState, tuple[str, str]] = {
    "accepted": ("ok", "accepted"),
    "not refused": ("note", "not refused (this list of models may be open to all)"),
    "refused": ("wrong", "refused"),
    "none": ("note", "none: a server without keys"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """What asking the `provider` at `base_url` for its models showed.

    `reached` is the seconds until the request had left, connecting included; None when it did not. `tls`: the connection is
    encrypted and the certificate good. `key` is "accepted", "not refused" (where the list is open to all, or may be), "refused",
    "none" (keyless) or "unknown". `models` is the number of chat models, None where the server does not list any. `error` is
    what is wrong, if anything is.
    """

    provider: str
    base_url: str
    reached: float | None = None
    tls: bool = False
    key: KeyState = "unknown"
    models: int | None = None
    error: ErrorInfo | None = None

    @property
    def ok(self) -> bool:
        """Whether the provider can be used, as far as this shows."""
        return self.error is None

    def findings(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield (state, about, text, hint) of each step: state is "ok", "note" or "wrong", hint says what to do."""
        if self.reached is not None:
            yield "ok", "reached", f"{self.base_url} in {self.reached * 1000:.0f} ms".strip(), ""
            if self.tls:
                yield "ok", "TLS", "the certificate is good", ""
            if self.key in _KEYS:
                state, text = _KEYS[self.key]
                yield state, "key", text, ""
        if self.error is not None:
            yield "wrong", "provider", self.error.text, self.error.hint
        elif self.models is None:
            yield "note", "models", "it lists none; name one yourself: “provider/model”", ""
        else:
            yield ("ok" if self.models else "note"), "models", f"{self.models} chat model{'s' * (self.models != 1)}", ""

    def __repr__(self) -> str:
        lines = [f"{self.provider}: {'works' if self.ok else 'does not work'}"]
        for state, about, text, hint in self.findings():
            lines.append(f"{_MARKS[state]} {about:<10} {text}")
            lines.extend(textwrap.wrap(hint, 110, initial_indent=" " * 13 + "→ ", subsequent_indent=" " * 15))
        return "\n".join(lines)


async def check(endpoint: Endpoint, clock: Clock) -> Check:
    """Ask the endpoint for its models, within `SECONDS` in all; raises nothing that is about the provider."""
    provider, began = endpoint.provider, clock.monotonic()
    asks_a_person = provider.key.kind in ("prompt", "keyring")
    reached: list[float] = []
    key: Secret | None = None
    found: tuple[Model, ...] | ProviderError
    try:
        resolving = endpoint.resolved()
        resolved = await (resolving if asks_a_person else asyncio.wait_for(resolving, SECONDS))
        provider, key = resolved.provider, resolved.key  # a built-in one has an address once it was started
        if asks_a_person:
            began = clock.monotonic()
        left = max(began + SECONDS - clock.monotonic(), 0.0)
        found = await endpoint.listing(resolved, left, lambda: reached.append(clock.monotonic() - began))
    except asyncio.TimeoutError:
        found = ProviderError("Its key did not come in time.", kind="config", hint="See what gives the key.")
    except ChatError as error:
        return Check(provider.id, provider.base_url, error=error.info)
    failed = found if isinstance(found, ProviderError) else None
    return Check(
        provider.id,
        provider.base_url,
        reached=reached[0] if reached else None,
        tls=bool(reached) and provider.base_url.startswith("https://"),
        key=_key_state(provider, key, failed),
        models=None if isinstance(found, ProviderError) else len(found),
        error=None if failed is None or failed.status in _UNLISTED else failed.info,
    )


def _key_state(provider: Provider, key: Secret | None, failed: ProviderError | None) -> KeyState:
    if failed is not None and failed.status in (401, 403):
        return "refused"
    if key is None:
        return "none" if provider.key.kind == "none" else "unknown"
    if failed is not None:
        return "unknown"
    known = preset_of(provider)
    return "accepted" if known.env and not known.lists_to_all else "not refused"
