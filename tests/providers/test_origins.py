"""A key belongs to its base URL's origin: no redirect, no edit and no odd spelling takes it elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.http import HttpClient
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.keys import KEYRING_SERVICE, Keys
from nbchat.providers.making import make_provider
from nbchat.providers.presets import PRESETS
from nbchat.providers.registry import ProviderRegistry
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
from tests.providers.raw_server import HELLO, KEY, RawServer, endpoint, framed, serving

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("the question"),)),))


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(status: int) -> None:
    """The other server gets no connection at all, so neither header nor body; the target is named, without its query."""

    async def main() -> None:
        async with serving(framed(HELLO, "length")) as other:
            extra = f"Location: {other.base_url}/elsewhere?key=1\r\n"
            async with serving(framed([], "length", head=f"{status} Moved", extra=extra)) as server:
                provider = endpoint(server.base_url)
                with pytest.raises(ProviderError) as caught:
                    [batch async for batch in provider.stream(REQUEST)]
                assert caught.value.kind == "protocol"
                assert other.base_url in caught.value.text
                assert "key=1" not in caught.value.text
                with pytest.raises(ProviderError):
                    await provider.list_models()
                await provider.aclose()
                assert len(server.connections) == 2
            assert other.connections == []

    asyncio.run(main())


@pytest.mark.usefixtures("transport")
def test_a_redirect_to_the_same_origin_is_not_followed_either() -> None:
    """Following one would send the question, and buy its answer, twice over."""

    async def main() -> None:
        async with serving(framed([], "length", head="307 Moved", extra="Location: /v2/chat/completions\r\n")) as server:
            provider = endpoint(server.base_url)
            with pytest.raises(ProviderError, match="redirects"):
                [batch async for batch in provider.stream(REQUEST)]
            await provider.aclose()
            assert len(server.connections) == 1

    asyncio.run(main())


Test = Callable[[RawServer, RawServer, ProviderRegistry], Awaitable[None]]


def between(test: Test, env: dict[str, str] | None = None, ask: Callable[[str], str] = lambda _: KEY) -> RawServer:
    """Run `test` with two servers and a registry; returns the second server, of another origin."""

    async def main() -> RawServer:
        async with serving(framed(HELLO, "length")) as first, serving(framed(HELLO, "length")) as second:
            store = open_store("memory:", clock=SystemClock())
            registry = ProviderRegistry(store, SystemClock(), keys=Keys(env or {}, ask))
            await test(first, second, registry)
            await registry.aclose()
            await store.aclose()
            return second

    return asyncio.run(asyncio.wait_for(main(), 60))


async def ask(registry: ProviderRegistry, id: str = "lab") -> None:
    [batch async for batch in registry.get(id).stream(REQUEST)]


@pytest.mark.parametrize("place", ["env", "keyring", "process", "function", "prompt"])
def test_another_base_url_has_no_key_unless_it_is_named_again(place: str, keyring: dict[tuple[str, str], str]) -> None:
    """Whatever the key's place: the first server was sent the key, the second one, under the same id, is not."""
    keyring[KEYRING_SERVICE, "lab"] = KEY

    async def test(first: RawServer, second: RawServer, registry: ProviderRegistry) -> None:
        if place == "prompt":
            await registry.save(Provider("lab", first.base_url, key=KeyPlace("prompt")))
        else:
            provider, key = make_provider(
                "lab",
                base_url=first.base_url,
                api_key_env="LAB_KEY" if place == "env" else None,
                keyring=place == "keyring",
                api_key=Secret(KEY) if place == "process" else KeyFunction(lambda: KEY) if place == "function" else None,
            )
            await registry.save(provider, key)
        await ask(registry)
        assert first.connections[0].headers["authorization"] == f"Bearer {KEY}"
        moved, nothing = make_provider("lab", base_url=second.base_url)
        assert nothing is None
        await registry.save(moved, nothing)
        await ask(registry)

    second = between(test, {"LAB_KEY": KEY})
    assert "authorization" not in second.connections[0].headers
    assert KEY not in second.connections[0].head + second.connections[0].body.decode()


@pytest.mark.parametrize("place", ["process", "function", "prompt"])
def test_what_is_held_is_not_found_for_another_origin(place: str) -> None:
    """Also where only the address was changed, in the database or between two lines of the registry: there is no key then."""
    keys = Keys({}, lambda _: "typed for the other one")
    here = Provider("lab", "https://api.example.com/v1", key=KeyPlace(place))
    keys.hold(here, KeyFunction(lambda: KEY) if place == "function" else Secret(KEY))
    assert keys.key(here) == Secret(KEY)
    assert keys.key(Provider("lab", "https://API.example.com:443/v2", key=KeyPlace(place))) == Secret(KEY)
    for url in (
        "https://api.example.com:444/v1",
        "http://api.example.com/v1",
        "https://evil.com/v1",
        "https://api.example.com./v1",
    ):
        there = Provider("lab", url, key=KeyPlace(place))
        if place == "prompt":
            assert keys.key(there) == Secret("typed for the other one")
            keys.hold(here, Secret(KEY))
        else:
            with pytest.raises(ConfigError, match="earlier process"):
                keys.key(there)


@pytest.mark.parametrize("name", [preset.id for preset in PRESETS.values() if preset.env and preset.id != "colab"])
def test_a_presets_variable_belongs_to_its_server(name: str) -> None:
    """A preset that is pointed elsewhere takes no key along: another host or port or scheme, a name that looks alike."""
    usual = PRESETS[name].base_url
    host = usual.split("/")[2]
    assert make_provider(name)[0].key == KeyPlace("env", PRESETS[name].env)
    assert make_provider(name, preset=name, base_url=usual + "/other")[0].key == KeyPlace("env", PRESETS[name].env)
    for url in (f"https://{host}.evil.com/v1", f"https://{host}:444/v1", f"https://x-{host}/v1", f"http://{host}/v1"):
        assert make_provider(name, preset=name, base_url=url, insecure=True)[0].key == KeyPlace("none")
        assert make_provider("mine", preset=name, base_url=url, insecure=True)[0].key == KeyPlace("none")


def test_two_of_one_preset_have_their_own_keys() -> None:
    """Each id has the key that was named for it."""

    async def test(first: RawServer, second: RawServer, registry: ProviderRegistry) -> None:
        for name, server, variable in (("openai", first, "OPENAI_API_KEY"), ("openai-work", second, "WORK_KEY")):
            provider, key = make_provider(name, preset="openai", base_url=server.base_url, api_key_env=variable)
            await registry.save(provider, key)
            await ask(registry, name)
        assert first.connections[0].headers["authorization"] == "Bearer sk-home"
        assert [each.name for each in registry.list()] == ["OpenAI", "OpenAI"]

    second = between(test, {"OPENAI_API_KEY": "sk-home", "WORK_KEY": "sk-work"})
    assert second.connections[0].headers["authorization"] == "Bearer sk-work"


def test_a_provider_in_the_database_is_checked_again() -> None:
    """http:// to another machine is refused when it is used, however it got there; nothing is looked up or sent."""

    async def test(first: RawServer, second: RawServer, registry: ProviderRegistry) -> None:
        registry.add(Provider("lab", "http://lab.example/v1", key=KeyPlace("env", "LAB_KEY")))
        with pytest.raises(ConfigError, match="unencrypted"):
            await ask(registry)
        with pytest.raises(ConfigError, match="unencrypted"):
            await registry.models("lab")

    assert between(test, {"LAB_KEY": KEY}).connections == []


@pytest.mark.parametrize(
    "url", ["https://exa%6Dple.com/v1", "https://\u24dbocalhost/v1", "https://api\u2024openai.com/v1", "https://a>b/v1"]
)
def test_hosts_are_plain(url: str) -> None:
    """What two parsers could read as two hosts is refused."""
    with pytest.raises(ConfigError, match="no base URL"):
        make_provider("lab", base_url=url)


@pytest.mark.parametrize("url", ["https://xn--/v1", "https://a^b.example/v1"])
def test_what_was_checked_is_what_is_connected_to(url: str) -> None:
    """The client reads the address once more, in the way of whoever connects; no agreement, no connection."""

    async def main() -> None:
        with pytest.raises(ConfigError, match="two ways"):
            HttpClient(url, {}, connect=1)

    asyncio.run(main())
