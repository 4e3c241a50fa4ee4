"""What went wrong upstream, row G16, the providers' half: keyless servers refused, listings that outlive their key or URL, a
model that is switched for everybody. (The sessions' half stands in test_g14_to_g18.py.)"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.notebook.hub import Hub
from nbchat.providers.keys import KEYRING_SERVICE, Keys
from nbchat.providers.making import make_provider
from nbchat.providers.presets import PRESETS
from nbchat.providers.registry import ProviderRegistry
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
from nbchat.testing import Reply, ScriptedServer
from tests.providers.raw_server import Connection, framed, serving
from tests.support.house import House, answer, live
from tests.support.screens import Screen

REQUEST = ModelRequest("r1", "one", (Message("m1", "user", (TextPart("hi"),)),))


def with_registry(test: Callable[[ProviderRegistry], Awaitable[None]], env: dict[str, str] | None = None) -> None:
    """Run `test` with a registry of its own."""

    async def main() -> None:
        store = open_store("memory:", clock=SystemClock())
        registry = ProviderRegistry(store, SystemClock(), keys=Keys(env or {}))
        await asyncio.wait_for(test(registry), 20)
        await registry.aclose()
        await store.aclose()

    asyncio.run(main())


def bearers(server: ScriptedServer) -> list[str | None]:
    return [request.headers.get("authorization") for request in server.requests]


@pytest.mark.parametrize("preset", ["custom", *(each.id for each in PRESETS.values() if each.local)])
def test_g16_a_server_without_keys_is_asked_without_one(preset: str) -> None:
    """No made-up key, no refusal: its models are listed and its answers come, for each kind of local server."""
    with ScriptedServer(Reply.text("fine"), api_key=None, models=("one",)) as server:

        async def test(registry: ProviderRegistry) -> None:
            provider, key = make_provider("mine", preset=preset, base_url=server.base_url)
            assert (provider.key, key) == (KeyPlace("none"), None)
            await registry.save(provider, key)
            assert [model.id for model in await registry.models("mine")] == ["one"]
            events = [event.type async for batch in registry.get("mine").stream(REQUEST) for event in batch]
            assert "finish" in events
            found = await registry.check("mine")
            assert (found.ok, found.key, found.models) == (True, "none", 1)

        with_registry(test)
        assert len(server.requests) >= 3  # and what this kind of server tells of its models beside the listing
        assert {*bearers(server)} == {None}


def test_g16_a_listing_goes_with_its_url() -> None:
    """An edited base URL is asked anew, at once; the old server is not asked again."""
    with ScriptedServer(models=("one",), api_key=None) as old, ScriptedServer(models=("two",), api_key=None) as new:

        async def test(registry: ProviderRegistry) -> None:
            for server, model in ((old, "one"), (new, "two"), (old, "one")):
                await registry.save(*make_provider("lab", base_url=server.base_url))
                for _ in range(2):
                    assert [each.id for each in await registry.models("lab")] == [model]

        with_registry(test)
        assert (len(old.requests), len(new.requests)) == (2, 1)


class Accounts(ScriptedServer):
    """A server where each key sees models of its own."""

    def __init__(self) -> None:
        super().__init__(Reply.text("fine"), api_key=None, models=("any",))


def test_g16_a_listing_goes_with_its_key() -> None:
    """An edited variable, another key for this process, another variable: what one account may use is not shown to another."""
    env = {"LAB_KEY": "sk-first", "OTHER_KEY": "sk-other"}
    with Accounts() as server:

        async def test(registry: ProviderRegistry) -> None:
            await registry.save(*make_provider("lab", base_url=server.base_url, api_key_env="LAB_KEY"))
            await registry.models("lab")
            await registry.models("lab")
            env["LAB_KEY"] = "sk-second"
            await registry.models("lab")
            await registry.models("lab")
            await registry.save(*make_provider("lab", base_url=server.base_url, api_key=Secret("sk-third")))
            await registry.models("lab")
            await registry.save(*make_provider("lab", base_url=server.base_url, api_key_env="OTHER_KEY"))
            await registry.models("lab")
            del env["OTHER_KEY"]
            with pytest.raises(ConfigError, match="not set"):  # rather than the models of a key that is gone
                await registry.models("lab")

        with_registry(test, env)
        assert bearers(server) == [f"Bearer sk-{name}" for name in ("first", "second", "third", "other")]


def test_g16_a_key_of_the_keyring_that_changes(keyring: dict[tuple[str, str], str]) -> None:
    """It is noticed with the next request, which looks it up; a listing alone does not ask the keyring."""
    keyring[KEYRING_SERVICE, "lab"] = "sk-first"
    with Accounts() as server:

        async def test(registry: ProviderRegistry) -> None:
            await registry.save(*make_provider("lab", base_url=server.base_url, keyring=True))
            await registry.models("lab")
            await registry.models("lab")
            keyring[KEYRING_SERVICE, "lab"] = "sk-second"
            [batch async for batch in registry.get("lab").stream(REQUEST)]
            await registry.models("lab")
            await registry.models("lab")

        with_registry(test)
        assert bearers(server) == ["Bearer sk-first", "Bearer sk-second", "Bearer sk-second"]


def test_g16_a_key_that_changes_while_the_listing_is_made() -> None:
    """Nobody knows for which key it was made: it is given to whoever asked, and not kept."""
    env, came, go, keys = {"LAB_KEY": "sk-first"}, asyncio.Event(), asyncio.Event(), list[str]()

    async def script(connection: Connection) -> None:
        await connection.request()
        keys.append(connection.headers["authorization"])
        came.set()
        await go.wait()
        await connection.send(framed([b'{"data": [{"id": "one"}]}'], "length", kind="application/json"))

    async def test(registry: ProviderRegistry) -> None:
        async with serving(script) as server:
            registry.add(Provider("lab", server.base_url, key=KeyPlace("env", "LAB_KEY")))
            asking = asyncio.ensure_future(registry.models("lab"))
            await came.wait()
            env["LAB_KEY"] = "sk-second"
            go.set()
            assert [model.id for model in await asking] == ["one"]
            await registry.models("lab")
            await registry.models("lab")
            assert keys == ["Bearer sk-first", "Bearer sk-second"]

    with_registry(test, env)


def test_g16_a_model_is_switched_where_it_was_switched() -> None:
    """Another model of one conversation is in all of its views, and in no other conversation's."""

    async def test(house: House) -> None:
        hub = Hub(house.manager, house.ports.clock)
        mine, other = await house.session("mine"), await house.session("other")
        screens = [Screen(hub, mine), Screen(hub, mine), Screen(hub, other)]
        await mine.set_model("lab/large")
        assert [each.model for each in (mine, other)] == ["lab/large", "lab/tiny"]
        assert (await answer(other.submit("hi"))).model == "lab/tiny"
        assert (await answer(mine.submit("hi"))).model == "lab/large"
        assert (await answer(other.submit("hi"))).model == "lab/tiny"
        shown = [[state["model"] for state in screen.states if "model" in state][-1:] for screen in screens]
        assert shown[:2] == [["lab/large"]] * 2
        assert shown[2] in ([], ["lab/tiny"])

    server = live(test, Reply.text("a"), Reply.text("b"), Reply.text("c"))
    assert [chat.model for chat in server.chats] == ["tiny", "large", "tiny"]
