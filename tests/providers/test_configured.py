"""What is kept of a provider: whether it is on, when it was used last, and nothing that another kernel wrote is undone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from nbchat.core.errors import ConfigError, ProviderError, StorageError
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import Provider
from nbchat.core.requests import ModelRequest
from nbchat.providers.registry import ProviderRegistry
from nbchat.providers.retry import RetryPolicy
from nbchat.storage import open_store
from nbchat.storage.fallback import FallbackStore
from nbchat.storage.store import SqliteStore
from tests.providers.raw_server import HELLO, RawServer, framed, serving
from tests.support.clock import ManualClock

Store = SqliteStore | FallbackStore


def asking(model: str, question: str) -> ModelRequest:
    return ModelRequest(f"r-{model}-{question}", model, (Message(question, "user", (TextPart("hi"),)),))


def run(test: Callable[[RawServer, ProviderRegistry, Store, ManualClock], Awaitable[None]]) -> None:
    """Run `test` with a server that answers, a registry with the provider "lab", and its store."""

    async def main() -> None:
        clock = ManualClock(start=1000.0)
        async with serving(framed(HELLO, "length")) as server:
            store = open_store("memory:", clock=clock)
            registry = ProviderRegistry(store, clock, retry=RetryPolicy(retries=0))
            await registry.save(Provider("lab", server.base_url))
            await test(server, registry, store, clock)
            await registry.aclose()
            await store.aclose()

    asyncio.run(asyncio.wait_for(main(), 60))


async def ask(registry: ProviderRegistry, model: str, question: str) -> None:
    assert [batch async for batch in registry.get("lab").stream(asking(model, question))]


def facts(provider: Provider) -> tuple[float, str]:
    return provider.last_used, provider.last_model


def counted(registry: ProviderRegistry, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Note what is written of providers from now on."""
    writes: list[dict[str, Any]] = []
    write = registry._settings.update_provider

    async def noted(provider_id: str, **changes: Any) -> None:
        writes.append(changes)
        await write(provider_id, **changes)

    monkeypatch.setattr(registry._settings, "update_provider", noted)
    return writes


def test_what_was_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known at once, saved beside the answer: once for a question, however many requests its tools take."""

    async def test(server: RawServer, registry: ProviderRegistry, store: Store, clock: ManualClock) -> None:
        writes = counted(registry, monkeypatch)
        assert facts(registry.list()[0]) == (0.0, "")
        await ask(registry, "tiny", "q1")
        assert facts(registry.list()[0]) == (1000.0, "tiny")
        clock.jump(10)
        await ask(registry, "tiny", "q1")
        await ask(registry, "large", "q2")
        assert facts(registry.list()[0]) == (1010.0, "large")
        await registry.aclose()
        assert writes == [{"last_used": 1000.0, "last_model": "tiny"}, {"last_used": 1010.0, "last_model": "large"}]
        assert [facts(each) for each in await store.providers()] == [(1010.0, "large")]
        assert len(server.connections) == 3

    run(test)


def test_what_did_not_leave_was_not_used() -> None:
    """A server that cannot be reached was not asked; a listing is no answer."""

    async def test(server: RawServer, registry: ProviderRegistry, store: Store, clock: ManualClock) -> None:
        await registry.save(Provider("lab", "http://127.0.0.1:9/v1"))
        with pytest.raises(ProviderError):
            await registry.models("lab")
        with pytest.raises(ProviderError):
            await ask(registry, "tiny", "q1")
        assert facts(registry.list()[0]) == (0.0, "")

    run(test)


def test_the_answer_does_not_wait_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes for ever, or fails, costs no token."""
    go = asyncio.Event()

    async def test(server: RawServer, registry: ProviderRegistry, store: Store, clock: ManualClock) -> None:
        async def stuck(provider_id: str, **changes: Any) -> None:
            await go.wait()
            raise StorageError("the disk is full")

        monkeypatch.setattr(registry._settings, "update_provider", stuck)
        await ask(registry, "tiny", "q1")
        assert facts(registry.list()[0]) == (1000.0, "tiny")
        go.set()

    run(test)


def test_another_kernels_edits_stay() -> None:
    """What happened to a provider is written alone: an address that another kernel changed meanwhile is not changed back."""

    async def test(server: RawServer, registry: ProviderRegistry, store: Store, clock: ManualClock) -> None:
        await store.save_provider(Provider("lab", "https://elsewhere.example/v1", name="Edited"))
        await ask(registry, "tiny", "q1")
        await registry.aclose()
        (saved,) = await store.providers()
        assert (saved.base_url, saved.name, saved.last_model) == ("https://elsewhere.example/v1", "Edited", "tiny")

    run(test)


def test_on_and_off() -> None:
    """Off, it stays configured and is not asked, in later kernels too; on again, it is as it was."""

    async def test(server: RawServer, registry: ProviderRegistry, store: Store, clock: ManualClock) -> None:
        await registry.enable("lab", False)
        with pytest.raises(ConfigError, match="switched off") as caught:
            await ask(registry, "tiny", "q1")
        assert 'nbchat.enable_provider("lab")' in caught.value.hint
        later = ProviderRegistry(store, clock)
        await later.load()
        assert [each.enabled for each in later.list()] == [False]
        await registry.enable("lab")
        await ask(registry, "tiny", "q1")
        assert [each.enabled for each in await store.providers()] == [True]
        registry.add_builtin("demo", lambda: (Provider("demo", ""), None))
        for name in ("demo", "nope"):
            with pytest.raises(ConfigError):
                await registry.enable(name, False)

    run(test)


def test_saving_again_keeps_what_is_known_of_the_same_server() -> None:
    """When it was made and what was asked of it stay with its address; another address is another story."""

    async def test(server: RawServer, registry: ProviderRegistry, store: Store, clock: ManualClock) -> None:
        await ask(registry, "tiny", "q1")
        clock.jump(60)
        await registry.save(Provider("lab", server.base_url, name="Lab"))
        (saved,) = await store.providers()
        assert (saved.name, saved.created, facts(saved)) == ("Lab", 1000.0, (1000.0, "tiny"))
        await registry.save(Provider("lab", server.base_url + "/two"))
        (saved,) = await store.providers()
        assert (saved.created, facts(saved)) == (1060.0, (0.0, ""))

    run(test)
