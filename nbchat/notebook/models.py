"""Finding models: of one provider or of all, by words, or those asked last. On the loop; each provider is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.core.model_names import friendly_name
from nbchat.core.models import Model, Provider, matching, split_model

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["every_model", "find_models"]

EVERY = "*"
"""Stands for all providers; no id is spelled like that."""


async def find_models(
    services: Services, provider: str | None = None, *, search: str = "", recent: bool = False, refresh: bool = False
) -> Sequence[Model]:
    """Return the models of a provider (default: of the active one; "*": of all that answer) that have all words of `search`;
    with `recent` those asked last, newest first, of this provider or of any. Raises ChatError where nobody answers."""
    if recent:
        return matching(await _recent(services, provider, refresh), search)
    if provider != EVERY:
        wanted = provider or split_model(services.manager.default_model)[0]
        return matching(await _offered(services, wanted, refresh), search)
    models, errors = await every_model(services, refresh=refresh)
    if errors and not models:
        raise ChatError(errors[0].text, kind=errors[0].kind, hint=errors[0].hint)
    return matching(models, search)


async def every_model(services: Services, *, refresh: bool = False) -> tuple[list[Model], list[ErrorInfo]]:
    """Return the models of all providers that are switched on, and what went wrong at those that did not answer."""
    providers = [provider for provider in services.registry.list() if provider.enabled]
    found = await asyncio.gather(*(_models_of(services, provider, refresh) for provider in providers))
    models = [model for each in found if not isinstance(each, ErrorInfo) for model in each]
    return models, [each for each in found if isinstance(each, ErrorInfo)]


async def _models_of(services: Services, provider: Provider, refresh: bool) -> tuple[Model, ...] | ErrorInfo:
    try:
        return await _offered(services, provider.id, refresh)
    except ChatError as error:
        return ErrorInfo(error.kind, f"{provider.name or provider.id}: {error.text}", error.hint)


async def _offered(services: Services, provider: str, refresh: bool) -> tuple[Model, ...]:
    """A provider's models, with the prices that people set: those hold, whatever its listing says. Raises ChatError."""
    models = await services.registry.models(provider, refresh=refresh)
    own = services.own_prices

    def priced() -> tuple[Model, ...]:
        if not len(own):
            return models
        return tuple(replace(model, price=own.price(model.label, model.id) or model.price) for model in models)

    return await asyncio.get_running_loop().run_in_executor(None, priced)  # they are in a file


async def _recent(services: Services, provider: str | None, refresh: bool) -> list[Model]:
    """Those asked last with all that is known of them; one whose provider does not answer, or is gone, by its name alone."""
    labels = [split_model(label) for label in services.manager.recent_models]
    wanted = [(name, model) for name, model in labels if provider in (None, EVERY, name)]
    configured = {each.id: each for each in services.registry.list() if each.enabled}
    asked = [configured[name] for name in {name for name, _ in wanted} if name in configured]
    answers = await asyncio.gather(*(_models_of(services, each, refresh) for each in asked))
    known = {(model.provider, model.id): model for found in answers if not isinstance(found, ErrorInfo) for model in found}
    return [known.get((name, model), Model(model, name, friendly_name(model))) for name, model in wanted]
