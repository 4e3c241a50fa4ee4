"""The registry, its listings and the price book, over real sockets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from nbchat.core.cost import Price
from nbchat.core.errors import ChatError, ConfigError
from nbchat.core.events import RequestSent
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.endpoint import Timeouts
from nbchat.providers.keys import Keys
from nbchat.providers.making import make_provider
from nbchat.providers.prices import Prices
from nbchat.providers.registry import ProviderRegistry
from tests.providers.raw_server import HELLO, KEY, Connection, RawServer, framed, serving
from tests.support.clock import ManualClock

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))


class Settings:
    """The providers' part of a settings store, in memory."""

    def __init__(self, *providers: Provider) -> None:
        self.saved = {provider.id: provider for provider in providers}

    async def settings(self) -> dict[str, Any]:
        return {}

    async def set(self, name: str, value: Any) -> None:
        raise AssertionError("providers save no settings")

    async def providers(self) -> list[Provider]:
        return [*self.saved.values()]

    async def save_provider(self, provider: Provider) -> None:
        self.saved[provider.id] = provider

    async def update_provider(self, provider_id: str, **changes: Any) -> None:
        self.saved[provider_id] = replace(self.saved[provider_id], **changes)

    async def delete_provider(self, provider_id: str) -> None:
        self.saved.pop(provider_id, None)


def listing(*entries: dict[str, Any]) -> bytes:
    return framed([json.dumps({"data": entries}).encode()], "length", kind="application/json")


class Listings:
    """A server that lists models; what it says, and whether it works, can change."""

    def __init__(self) -> None:
        self.response = listing({"id": "a", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}, {"id": "b"})
        self.heads: list[str] = []
        self.asked = asyncio.Event()
        self.keys: list[str | None] = []

    async def __call__(self, connection: Connection) -> None:
        await connection.request()
        self.heads.append(connection.head.split("\r\n")[0])
        self.keys.append(connection.headers.get("authorization"))
        self.asked.set()
        if self.response:
            await connection.send(self.response)
        else:
            await connection.gone()


def run(test: Callable[[RawServer, Listings, ManualClock, ProviderRegistry], Awaitable[None]], preset: str = "custom") -> None:
    async def main() -> None:
        server_script, clock = Listings(), ManualClock()
        async with serving(server_script) as server:
            registry = ProviderRegistry(Settings(), clock, keys=Keys({"LAB_KEY": KEY}))
            registry.add(Provider("lab", server.base_url, preset=preset, key=KeyPlace("env", "LAB_KEY")))
            await asyncio.wait_for(test(server, server_script, clock, registry), 60)
            await registry.aclose()

    asyncio.run(main())


def test_models_are_cached() -> None:
    """A listing is asked for once in 5 minutes, with the key; refresh asks again."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        assert [model.label for model in await registry.models("lab")] == ["lab/a", "lab/b"]
        await clock.advance(299)
        await registry.models("lab")
        assert listings.heads == ["GET /v1/models HTTP/1.1"]
        assert listings.keys == [f"Bearer {KEY}"]
        await clock.advance(1)
        await registry.models("lab")
        await registry.models("lab", refresh=True)
        assert len(listings.heads) == 3

    run(test)


def test_callers_share_one_request() -> None:
    """Views that ask together cause one request."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        await asyncio.gather(*(registry.models("lab") for _ in range(5)))
        assert len(listings.heads) == 1

    run(test)


def test_stale_listing_is_served() -> None:
    """When asking again fails, the older listing is given together with the error."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        first = await registry.listing("lab")
        listings.response = framed([b"{}"], "length", head="500 Oops")
        await clock.advance(300)
        stale = await registry.listing("lab")
        assert stale.models == first.models
        assert stale.fetched == first.fetched
        assert stale.error is not None
        assert stale.error.kind == "server"

    run(test)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (framed([b'{"error":{"message":"bad","code":"invalid_api_key"}}'], "length", head="401 No"), "auth"),
        (framed([b"<html>"], "length", kind="text/html"), "protocol"),
        (framed([b'{"data"'], "length", kind="application/json"), "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}", "protocol"),
        (framed([], "length", head="302 Found", extra="Location: https://example.com/\r\n"), "protocol"),
    ],
)
def test_failing_listing_is_named(response: bytes, kind: str) -> None:
    """Without anything older the failure is raised, with its kind; nothing is cached."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        listings.response = response
        with pytest.raises(ChatError) as caught:
            await registry.models("lab")
        assert caught.value.kind == kind
        listings.response = listing({"id": "z"})
        assert [model.id for model in await registry.models("lab")] == ["z"]

    run(test)


def test_listing_takes_ten_seconds_at_most() -> None:
    """A server that does not answer the listing is given up after 10 s, and its connection closed."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        listings.response = b""
        task = asyncio.create_task(registry.models("lab"))
        await listings.asked.wait()
        await clock.advance(9.5)
        assert not task.done()
        await clock.advance(0.5)
        with pytest.raises(ChatError) as caught:
            await task
        assert caught.value.kind == "timeout"
        await server.drained()

    run(test)


def test_new_key_or_url_drops_the_listing() -> None:
    """A provider that is added again is asked again, with its new key."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        await registry.models("lab")
        registry.add(Provider("lab", server.base_url, key=KeyPlace("process")), Secret("sk-other"))
        await registry.models("lab")
        assert listings.keys == [f"Bearer {KEY}", "Bearer sk-other"]
        registry.add(Provider("lab", server.base_url + "/two"))
        await registry.models("lab")
        assert listings.heads[-1] == "GET /v1/two/models HTTP/1.1"
        assert listings.keys[-1] is None

    run(test)


def test_saving_and_loading() -> None:
    """A saved provider is there in the next process, its key is not."""

    async def main() -> None:
        settings = Settings()
        first = ProviderRegistry(settings, ManualClock(start=5.0))
        provider, key = make_provider("lab", base_url="https://x/v1", api_key="sk-CANARY-1")
        await first.save(provider, key)
        assert first.keys.key(provider) == key
        assert "CANARY" not in repr(settings.saved)
        second = ProviderRegistry(settings, ManualClock())
        await second.load()
        assert [each.id for each in second.list()] == ["lab"]
        assert second.list()[0].created == 5.0
        with pytest.raises(ConfigError, match="earlier process"):
            second.keys.key(second.list()[0])
        await second.remove("lab")
        assert settings.saved == {}
        with pytest.raises(ConfigError, match="There is no provider"):
            second.get("lab")

    asyncio.run(main())


def test_unknown_and_disabled() -> None:
    """An unknown id names the known ones; a disabled one is not used."""
    registry = ProviderRegistry(Settings(), ManualClock())
    registry.add(Provider("lab", "https://x/v1"))
    registry.add(Provider("off", "https://x/v1", enabled=False))
    with pytest.raises(ConfigError) as caught:
        registry.get("nope")
    assert "lab" in caught.value.hint
    with pytest.raises(ConfigError, match="switched off"):
        registry.get("off")
    assert registry.get("lab") is registry.get("lab")


def test_builtin_starts_on_first_use() -> None:
    """A built-in provider is started by its first request, on another thread, and stays last in the list."""

    async def main() -> None:
        started: list[int] = []
        async with serving(framed(HELLO, "length")) as server:

            def factory() -> tuple[Provider, Secret | None]:
                started.append(threading.get_ident())
                return Provider("demo", server.base_url, key=KeyPlace("process")), Secret("k")

            registry = ProviderRegistry(Settings(), ManualClock())
            registry.add_builtin("demo", factory, name="Demo")
            registry.add(Provider("lab", "https://x/v1"))
            assert [provider.id for provider in registry.list()] == ["lab", "demo"]
            assert registry.get("demo").provider.name == "Demo"
            assert started == []
            batches = [batch async for batch in registry.get("demo").stream(REQUEST)]
            assert batches[0] == [RequestSent()]
            assert threading.get_ident() not in started
            assert server.connections[0].headers["authorization"] == "Bearer k"
            with pytest.raises(ConfigError, match="built in"):
                registry.add(Provider("demo", "https://x/v1"))
            with pytest.raises(ConfigError, match="built in"):
                await registry.remove("demo")
            await registry.aclose()

    asyncio.run(main())


def test_keys_are_looked_up_off_the_loop() -> None:
    """A prompt or a keyring may block: the lookup runs on another thread, and its error is the request's."""

    async def main() -> None:
        threads: list[int] = []

        def ask(prompt: str) -> str:
            threads.append(threading.get_ident())
            return ""

        registry = ProviderRegistry(Settings(), ManualClock(), keys=Keys({}, ask))
        registry.add(Provider("lab", "http://127.0.0.1:1/v1", key=KeyPlace("prompt")))
        with pytest.raises(ConfigError, match="No key was typed"):
            [batch async for batch in registry.get("lab").stream(REQUEST)]
        assert threads
        assert threading.get_ident() not in threads
        await registry.aclose()

    asyncio.run(main())


def test_replacing_a_provider_leaves_its_running_request() -> None:
    """A provider that is edited in mid-answer finishes that answer; the next request uses the new description."""

    async def main() -> None:
        go = asyncio.Event()

        async def script(connection: Connection) -> None:
            await connection.request()
            whole = framed(HELLO, "length")
            await connection.send(whole[:-30])
            await go.wait()
            await connection.send(whole[-30:])

        async with serving(script) as old, serving(framed(HELLO, "length")) as new:
            registry = ProviderRegistry(Settings(), ManualClock(), timeouts=Timeouts())
            registry.add(Provider("lab", old.base_url))
            stream = registry.get("lab").stream(REQUEST)
            first = await anext(aiter(stream))
            assert first == [RequestSent()]
            registry.add(Provider("lab", new.base_url))
            assert [batch async for batch in registry.get("lab").stream(REQUEST)]
            go.set()
            rest = [event.type async for batch in stream for event in batch]
            assert rest.count("finish") == 1
            assert len(new.connections) == 1
            await registry.aclose()

    asyncio.run(main())


# ------------------------------------------------------------ prices


def test_price_of_the_listing_first() -> None:
    """Where the provider lists prices, its listing is asked once, and the price says where and when it is from."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        prices, provider = Prices(registry.catalogue), registry.get("lab").provider
        price = await prices.price(provider, "a")
        assert price == Price(Decimal(1), Decimal(2), source="lab listing", dated="2025-10-09")
        assert await prices.price(provider, "b") is None
        assert len(listings.heads) == 1

    run(test, preset="openrouter")


def test_no_listing_is_fetched_for_prices_that_it_lacks() -> None:
    """A provider that is not known to list prices is not asked, but a listing at hand is used."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        prices, provider = Prices(registry.catalogue), registry.get("lab").provider
        assert await prices.price(provider, "a") is None
        assert listings.heads == []
        await registry.models("lab")
        price = await prices.price(provider, "a")
        assert price is not None
        assert price.input == 1

    run(test, preset="openai")


@pytest.mark.parametrize("preset", ["custom", "vllm"])
def test_a_server_that_may_say_more_is_asked_once_in_five_minutes(preset: str) -> None:
    """What a server of one's own costs, and how much its model can read, stands in its listing alone. One that fails, or does
    not have the model, is not asked with every answer; once it has said it, it is asked no more."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        prices, provider, good = Prices(registry.catalogue), registry.get("lab").provider, listings.response
        listings.response = framed([b"no"], "length", head="500 Oops")
        for _ in range(3):
            assert await prices.price(provider, "a") is None
        assert len(listings.heads) == 1
        assert await prices.price(provider, "a", ask=False) is None
        listings.response = good
        for _ in range(2):
            await clock.advance(301)
            assert await prices.price(provider, "a") is not None
        assert len(listings.heads) == 2

    run(test, preset=preset)


def test_failing_listing_gives_no_price() -> None:
    """The price book never raises: what cannot be known is None."""

    async def test(server: RawServer, listings: Listings, clock: ManualClock, registry: ProviderRegistry) -> None:
        listings.response = framed([b"no"], "length", head="500 Oops")
        assert await Prices(registry.catalogue).price(registry.get("lab").provider, "a") is None

    run(test, preset="openrouter")


def test_prices_that_come_with_the_package() -> None:
    """A known provider's model is priced offline, dated; an unknown model, provider or place is not guessed at."""

    async def main() -> None:
        registry = ProviderRegistry(Settings(), ManualClock())
        prices = Prices(registry.catalogue)
        known, _ = make_provider("openai")
        price = await prices.price(known, "gpt-4o-mini")
        assert price is not None
        assert (price.input, price.output, price.cached) == (Decimal("0.15"), Decimal("0.6"), Decimal("0.075"))
        assert price.source.startswith("genai-prices ")
        assert price.dated == "2025-10-09"
        assert await prices.price(known, "no-such-model") is None
        assert await prices.price(Provider("x", "https://proxy.example/v1"), "gpt-4o-mini") is None
        assert await prices.price(Provider("x", "http://127.0.0.1:1/v1"), "gpt-4o-mini") is None
        free = await prices.price(Provider("demo", ""), "demo")
        assert free is not None
        assert (free.input, free.output) == (Decimal(0), Decimal(0))

    asyncio.run(main())
