"""list_over_http: a provider's models, asked for within one limit: `GET /models`, and what its server says beside it.

Owns the asking; how the answers are read is `listing`'s and `local_servers`' matter. What is asked beside the listing lies on
the same origin, is asked at the same time where the preset says what kind of server it is, and never costs the listing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from nbchat.core.errors import ProviderError
from nbchat.core.models import Model
from nbchat.core.secrets import Secret
from nbchat.providers.attempt import ERROR_BODY, JSON_BODY, redirect_error
from nbchat.providers.errors import HINTS, error_of_body, excerpt
from nbchat.providers.listing import parse_models
from nbchat.providers.local_servers import SERVERS, enriched, show_body, shown_model, told_kind
from nbchat.providers.presets import Preset
from nbchat.providers.watchdog import Watchdog
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.providers.http import HttpClient

__all__ = ["Asker"]

_BESIDE = 3.0
"""Seconds for each answer beside the listing: it waits for them no longer."""
_SHOWN = 12
"""Models that Ollama is asked about one by one (it opens a file for each): the loaded ones first."""


class Asker:
    """Asks one server within `seconds`, counted from now: `models` for its listing, `answers` for what else it says."""

    def __init__(self, clock: Clock, seconds: float, client: HttpClient, key: Secret | None) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + seconds
        self._client = client
        self._key = key
        self._secrets = () if key is None else (key,)

    async def models(
        self, provider: str, preset: Preset, reached: Callable[[], None] = lambda: None
    ) -> tuple[Model, ...] | ProviderError:
        """Return the models of the listing with all that the server says of them, or the error that the listing ended with;
        `reached` is called when the request for it has left. Raises ConfigError for a key that no header can carry."""
        server = SERVERS.get(preset.id)
        beside = None if server is None else asyncio.ensure_future(self.answers(server.paths, root=server.root))
        try:
            models = await self._listing(provider, preset, reached)
            if isinstance(models, ProviderError):
                return models
            kind = preset.id if server is not None else told_kind(models)
            if beside is None and kind is not None:
                server = SERVERS[kind]
                beside = asyncio.ensure_future(self.answers(server.paths, root=server.root))
            models = enriched(models, {} if beside is None else await beside)
            return await self._shown(models) if kind == "ollama" else models
        finally:
            if beside is not None:
                beside.cancel()
                await asyncio.wait({beside})
                if not beside.cancelled():
                    beside.exception()  # the listing raised the same: a key that no header can carry

    async def answers(self, paths: Iterable[str], *, root: bool) -> dict[str, bytes]:
        """Return the bodies of those that answer with a 200 in time, by path."""
        asked = list(paths)
        found = await asyncio.gather(*(self._ask("GET", path, root=root, most=_BESIDE) for path in asked))
        return {path: body for path, body in zip(asked, found, strict=True) if isinstance(body, bytes)}

    async def _listing(self, provider: str, preset: Preset, reached: Callable[[], None]) -> tuple[Model, ...] | ProviderError:
        body = await self._ask("GET", preset.models, key_header=preset.models_key, reached=reached)
        if isinstance(body, ProviderError):
            return body
        models = parse_models(provider, body)
        return self._unreadable(body) if models is None else models

    async def _shown(self, models: Sequence[Model]) -> tuple[Model, ...]:
        """Ask Ollama about single models: which of them chat, see and call tools stands nowhere else."""
        first = sorted(models, key=lambda model: not model.loaded)[:_SHOWN]
        asking = (self._ask("POST", "/api/show", body=show_body(model), root=True, most=_BESIDE) for model in first)
        bodies = await asyncio.gather(*asking)
        shown = {model.id: shown_model(model, body) for model, body in zip(first, bodies, strict=True) if isinstance(body, bytes)}
        found = (shown.get(model.id, model) for model in models)
        return tuple(model for model in found if model is not None)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        root: bool = False,
        key_header: str = "",
        most: float = float("inf"),
        reached: Callable[[], None] = lambda: None,
    ) -> bytes | ProviderError:
        late = ProviderError("The list of models did not come in time.", kind="timeout", hint=HINTS["network"])
        exchange = self._client.send(
            method, path, body=body, accept="application/json", key=self._key, key_header=key_header, root=root
        )
        watchdog = Watchdog(self._clock, lambda: exchange.fail(late))
        watchdog.feed(min(max(self._ends - self._clock.monotonic(), 0.0), most))
        try:
            await exchange.until_sent()
            reached()
            await exchange.head()
            content, whole = await exchange.read_all(JSON_BODY if exchange.status == 200 else ERROR_BODY)
        except ProviderError as failure:
            return failure
        finally:
            watchdog.stop()
            await exchange.aclose()
        if 300 <= exchange.status < 400:
            return redirect_error(exchange, self._secrets)
        if exchange.status != 200:
            return error_of_body(exchange.status, exchange.headers.get("content-type", ""), content, secrets=self._secrets)
        if not whole and len(content) >= JSON_BODY:
            text = f"The list of models is longer than {JSON_BODY // 1024**2} MB, so it was not read."
            return ProviderError(text, kind="protocol", hint="Models can be used all the same, by name: “provider/model”.")
        return content if whole else self._unreadable(content)

    def _unreadable(self, body: bytes) -> ProviderError:
        text = excerpt(f"The list of models cannot be read: {body[:2000].decode('utf-8', 'replace')}", self._secrets)
        return ProviderError(text, kind="protocol", hint=HINTS["protocol"])
