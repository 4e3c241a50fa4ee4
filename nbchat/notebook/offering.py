"""Offering: what was found on this machine (keys, local servers), offered until a model was chosen, and never used unasked.

Owns when there are offers, and what a click on one does; where to look is `providers/offers.py`'s matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from nbchat.core.errors import ChatError, ConfigError, UsageError
from nbchat.core.models import DEMO, Model, split_model

if TYPE_CHECKING:
    from nbchat.providers.offers import Offer
    from nbchat.providers.registry import ProviderRegistry
    from nbchat.sessions.manager import SessionManager
    from nbchat.sessions.session import Session

__all__ = ["Offering"]


class Offering:
    """One per process. On the loop."""

    def __init__(self, manager: SessionManager, registry: ProviderRegistry) -> None:
        self.manager = manager
        self.registry = registry
        self._found: tuple[Offer, ...] = ()

    async def look(self) -> None:
        """Look around on this machine; nothing is sent anywhere."""
        from nbchat.providers.offers import find_offers

        self._found = tuple(await asyncio.get_running_loop().run_in_executor(None, find_offers))

    def open(self) -> Sequence[Offer]:
        """What was found on this machine and is not configured yet; nothing once a model was chosen."""
        known = {provider.id for provider in self.registry.list()}
        undecided = split_model(self.manager.default_model)[0] == DEMO
        return [offer for offer in self._found if offer.id not in known] if undecided else []

    async def choose(self, offer_id: str, session: Session) -> None:
        """A click on an offer: configure it, ask it for its models, and let one answer from now on. Where that fails, the
        offer stays as it was: its server may start later.

        The cheapest model whose price is known, else the first one listed; the view's model menu has the others.
        """
        offer = next((each for each in self.open() if each.id == offer_id), None)
        if offer is None:
            raise UsageError("That offer is gone.", hint="Add the provider with nbchat.add_provider(...).")
        await self.registry.save(offer.provider)
        try:
            models = await self.registry.models(offer.provider.id)
            if not models:
                raise ConfigError(f"{offer.provider.id} lists no chat model.", hint="Name one: nbchat.settings.model = ...")
        except ChatError:
            await self.registry.remove(offer.provider.id)
            raise
        await self.manager.set_default_model(min(models, key=_price_rank).label)
        if session.model != self.manager.default_model:
            await session.set_model(self.manager.default_model)


def _price_rank(model: Model) -> Decimal:
    price = model.price
    return Decimal("Infinity") if price is None or price.output is None else price.output
