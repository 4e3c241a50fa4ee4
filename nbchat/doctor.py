"""doctor: what works here and what does not, on one screen; each finding that is not well says what to do.

Reads facts of the kernel, the front end and the store, and asks the active model's provider (the demo too): name, connection,
TLS, clock, key, models, and one small answer, which may cost a fraction of a cent and says so. Other providers are sent nothing,
and `offline` sends nothing at all. Shows no secret, and raises nothing but an interrupt.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import ChatError
from nbchat.core.findings import Finding
from nbchat.core.models import DEMO, Provider, split_model
from nbchat.core.secrets import Secret
from nbchat.export.report import Report
from nbchat.notebook import facts
from nbchat.notebook.comms import kernel_of
from nbchat.providers.lag import Lag

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["examine"]

_MOST_OTHERS = 6
_GRACE = 10.0
"""Seconds beyond the probe's own bound after which it is given up: it has settled by then."""


def examine(services: Services, shell: Any, *, name: str = "", offline: bool = False) -> Report:
    """Return the report. `name` is a provider, or provider/model, to ask instead of the active one. Blocks for the whole of it
    (about 20 s at most): any thread but nbchat's own. An interrupt ends it, and what it asked."""
    kernel = kernel_of(shell)
    active = services.manager.default_model
    asked, model = _wanted(name, active)
    doctor = _Doctor(services)
    doctor.add("versions", facts.versions)
    doctor.add("kernel", lambda: facts.kernel_facts(kernel))
    doctor.add("front end", lambda: facts.front_end(kernel))
    doctor.add("page", lambda: facts.pages(services, kernel, getattr(shell, "user_ns", {})))
    doctor.add("store", lambda: facts.store(services))
    doctor.add("streams", lambda: facts.streams(services))
    doctor.add("model", lambda: _active(active))
    if not offline:
        doctor.add("provider", lambda: doctor.ask(asked, model))
    doctor.add("thread", doctor.thread)
    doctor.add("providers", lambda: _others(services, "" if offline else asked))
    doctor.add("prices", lambda: _own_prices(services))
    doctor.add("offers", lambda: _offers(services))
    return Report.of(doctor.findings, doctor.secrets)


class _Doctor:
    """Gathers findings, and the secrets that must be in none."""

    def __init__(self, services: Services) -> None:
        self.findings: list[Finding] = []
        self.secrets: list[Secret] = [*_environment()]
        self._services = services
        self._lag: float | None = None

    def add(self, about: str, look: Callable[[], Iterable[Finding] | None]) -> None:
        """Add what `look` finds; that it fails is a finding too."""
        try:
            self.findings += look() or ()
        except ChatError as error:
            self.findings.append(Finding("wrong", about, error.text, error.hint))
        except Exception as error:  # the command that says what is wrong must not be what goes wrong
            text = f"this could not be looked at ({type(error).__name__}: {error})"
            self.findings.append(Finding("wrong", about, text[:500], "This is nbchat's own mistake: please report it."))

    def thread(self) -> Iterator[Finding]:
        """How late nbchat's own thread is: while it was asked, else for a moment."""
        if self._lag is None:
            self._lag = self._services.background.wait(_measured(), 5)
        return facts.loop_fact(self._lag)

    def ask(self, id: str, model: str) -> list[Finding]:
        """Ask one provider, on the loop."""
        from nbchat.providers.probe import PROBE_SECONDS, Probe

        services = self._services
        tools = services.background.call(lambda: any(session.tools.specs for session in services.manager.active))
        probe = Probe(services.registry, services.ports, services.manager.budgets, id, model, tools=tools)
        try:
            services.background.wait(probe.run(), PROBE_SECONDS + _GRACE)
        except TimeoutError:
            hint = "What it had found stands above."
            return [*probe.findings, Finding("wrong", "provider", f"{id} does not answer the whole of it in time", hint)]
        finally:
            self.secrets += probe.secrets
            self._lag = probe.lag
        return probe.findings


async def _measured() -> float:
    """Return how late the loop is in a tenth of a second."""
    async with Lag() as lag:
        await asyncio.sleep(0.1)
    return lag.worst


def _wanted(name: str, active: str) -> tuple[str, str]:
    """The provider and the model to ask; model "" where only the provider was named and another one is active."""
    if "/" in name:
        return split_model(name)
    provider, model = split_model(active)
    return (name, "") if name and name != provider else (provider, model)


def _environment() -> Iterator[Secret]:
    """The keys in the environment, also those of providers that nobody configured."""
    from nbchat.providers.presets import PRESETS

    for preset in PRESETS.values():
        if preset.env and (value := os.environ.get(preset.env, "").strip()):
            yield Secret(value)


# ---------------------------------------------------------------- models and providers, without asking


def _active(active: str) -> Iterator[Finding]:
    if split_model(active)[0] == DEMO:
        hint = 'Choose one in a view, or: nbchat.add_provider(...); nbchat.settings.model = "provider/model".'
        yield Finding("note", "model", "the demo answers: no model was chosen", hint)
    else:
        yield Finding("ok", "model", active)


def _others(services: Services, asked: str) -> Iterator[Finding]:
    others = [each for each in services.registry.list() if each.id not in (DEMO, asked) and each.enabled]
    for provider in others[:_MOST_OTHERS]:
        yield _provider(services, provider)
    if len(others) > _MOST_OTHERS:
        yield Finding("ok", "provider", f"and {len(others) - _MOST_OTHERS} more: %nbchat providers")


def _own_prices(services: Services) -> Iterator[Finding]:
    prices = services.own_prices
    for problem in prices.problems:
        hint = "Correct it there, or write it anew with nbchat.set_price(...); until then it has no effect."
        yield Finding("wrong", "prices", f"{prices.path}: {problem}", hint)
    if len(prices):
        yield Finding("ok", "prices", f"{len(prices)} of your own in {prices.path}")


def _provider(services: Services, provider: Provider) -> Finding:
    from nbchat.providers.shown import place_of_key, shown_url
    from nbchat.providers.urls import check_base_url

    about = f"{provider.id} at {shown_url(provider.base_url)}"
    try:
        check_base_url(provider.base_url, insecure=provider.insecure)
        if provider.key.kind in ("env", "process"):  # the others may ask a person or unlock a keyring
            services.registry.keys.key(provider)
    except ChatError as error:
        return Finding("wrong", "provider", f"{about}: {error.text}", error.hint)
    return Finding("ok", "provider", f"{about}, key: {place_of_key(provider.key, provider.id)}")


def _offers(services: Services) -> Iterator[Finding]:
    for offer in [*services.offers()][:_MOST_OTHERS]:
        yield Finding("note", "found", f"{offer.text}: {offer.detail}", "Nothing is sent to it until you choose it.")
