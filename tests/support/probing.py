"""Probed: what the probe of a provider finds at a scripted server, in a house of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nbchat.core.cost import Price
from nbchat.core.findings import Finding
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import RequestRecord
from nbchat.core.secrets import Secret
from nbchat.providers.probe import Probe
from nbchat.testing import Reply, ScriptedServer
from tests.support.house import House, house

__all__ = ["TOKENS", "Seen", "against", "counting", "probed"]

TOKENS = [f"{n // 2 + 1}" if n % 2 == 0 else "\n" for n in range(80)]
PACE = 1 / 60


class Seen:
    """What a probe found: findings by what they are about, and the ledger."""

    def __init__(self, probe: Probe, rows: list[RequestRecord]) -> None:
        self.found: dict[str, Finding] = {each.about: each for each in probe.findings}
        self.wrong = {each.about for each in probe.findings if each.state == "wrong"}
        self.all = probe.findings
        self.rows = rows

    def text(self, about: str) -> str:
        return self.found[about].text


def probed(
    server: ScriptedServer,
    *,
    base_url: str = "",
    model: str = "tiny",
    change: Callable[[House], None] | None = None,
    price: Price | None = None,
    **wired: Any,
) -> Seen:
    """Probe the model of a server, perhaps by another address; `wired` are ports of the test's own."""

    async def main() -> Seen:
        async with house(server, price=price, **wired) as built:
            if base_url:
                built.registry.add(Provider("lab", base_url, key=KeyPlace("process")), Secret(server.api_key or "x"))
            if change is not None:
                change(built)
            probe = Probe(built.registry, built.ports, built.manager.budgets, "lab", model)
            await probe.run()
            return Seen(probe, await built.ports.ledger.records())

    return asyncio.run(main())


def against(*replies: Any, **options: Any) -> Seen:
    """Probe a server that answers like this."""
    models = options.pop("models", ("tiny", "tinier"))
    with ScriptedServer(replies[0] if len(replies) == 1 else replies, models=models) as server:
        return probed(server, **options)


def counting(delay: float = PACE) -> Reply:
    """What a model says that counts, at an everyday pace."""
    return Reply.text(tokens=TOKENS, delay=delay)
