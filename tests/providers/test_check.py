"""The connection test: what it finds out, that it asks for the models alone, and that it takes 5 s at most."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
import trustme

from nbchat.core.errors import ConfigError
from nbchat.core.models import KeyPlace, Provider
from nbchat.providers import check as check_module
from nbchat.providers.check import Check
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.keys import Keys
from nbchat.providers.registry import ProviderRegistry
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import Clock
from nbchat.storage import open_store
from tests.providers.raw_server import KEY, Connection, framed, serving
from tests.providers.secure_server import bundle, secure
from tests.support.clock import ManualClock

ENV = {"LAB_KEY": KEY}
KEYED = KeyPlace("env", "LAB_KEY")
MODELS = framed([json.dumps({"data": [{"id": "a"}, {"id": "b"}, {"id": "embed-1"}]}).encode()], "length", kind="application/json")


def refusal(status: str, code: str = "") -> bytes:
    return framed([json.dumps({"error": {"message": f"no {KEY}", "code": code}}).encode()], "length", head=status)


async def checked(provider: Provider, clock: Clock | None = None, keys: Keys | None = None) -> Check:
    time = clock or SystemClock()
    store = open_store("memory:", clock=SystemClock())
    registry = ProviderRegistry(store, time, keys=keys or Keys(ENV))
    registry.add(provider)
    found = await registry.check(provider.id)
    await registry.aclose()
    await store.aclose()
    return found


def check_of(response: bytes, *, preset: str = "custom", key: KeyPlace = KEYED) -> tuple[Check, list[str]]:
    """Check a server that answers so; returns what was found and the first lines of the requests."""

    async def main() -> tuple[Check, list[str]]:
        async with serving(response) as server:
            found = await checked(Provider("lab", server.base_url, preset, key=key))
            return found, [connection.head.split("\r\n")[0] for connection in server.connections]

    return asyncio.run(main())


def test_all_is_well() -> None:
    """Reached, how fast, and the number of chat models; one GET and nothing else."""
    found, asked = check_of(MODELS, preset="mistral")
    assert asked == ["GET /v1/models HTTP/1.1"]
    assert (found.ok, found.key, found.models, found.tls, found.error) == (True, "accepted", 2, False, None)
    assert found.reached is not None
    assert 0 <= found.reached < 5
    shown = repr(found)
    assert shown.startswith("lab: works\n✓ reached    http://127.0.0.1:")
    assert shown.endswith(" ms\n✓ key        accepted\n✓ models     2 chat models")


@pytest.mark.parametrize(
    ("preset", "key", "state"),
    [
        ("custom", KEYED, "not refused"),
        ("openrouter", KEYED, "not refused"),
        ("litellm", KEYED, "not refused"),
        ("openai", KEYED, "accepted"),
        ("ollama", KeyPlace("none"), "none"),
    ],
)
def test_a_list_that_is_open_to_all_says_nothing_of_the_key(preset: str, key: KeyPlace, state: str) -> None:
    """The key is called accepted only where a wrong one would have been refused."""
    found, _ = check_of(MODELS, preset=preset, key=key)
    assert (found.ok, found.key) == (True, state)


def test_the_listing_of_anthropic() -> None:
    """Its key is in the header that its listing wants, with the version; for chat it is a bearer."""
    heads: list[dict[str, str]] = []

    async def script(connection: Connection) -> None:
        await connection.request()
        heads.append(connection.headers)
        assert connection.head.startswith("GET /v1/models?limit=1000 ")
        await connection.send(MODELS)

    async def main() -> Check:
        from nbchat.providers.making import make_provider

        async with serving(script) as server:
            provider, _ = make_provider("anthropic", preset="anthropic", base_url=server.base_url, api_key_env="LAB_KEY")
            return await checked(provider)

    assert asyncio.run(main()).key == "accepted"
    assert heads[0]["x-api-key"] == KEY
    assert heads[0]["anthropic-version"] == "2023-06-01"
    assert "authorization" not in heads[0]


def test_the_listing_of_colab() -> None:
    """It stands beside the endpoint, not below it."""

    async def main() -> str:
        async with serving(MODELS) as server:
            base_url = server.base_url.removesuffix("/v1") + "/models/openapi"
            assert (await checked(Provider("colab", base_url, "colab", key=KEYED))).models == 2
            return server.connections[0].head

    assert asyncio.run(main()).startswith("GET /models HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("response", "key", "kind", "says"),
    [
        (refusal("401 Unauthorized", "invalid_api_key"), "refused", "auth", "✗ key        refused"),
        (refusal("403 Forbidden"), "refused", "auth", "✗ key        refused"),
        (refusal("402 Payment Required"), "unknown", "billing", "402"),
        (refusal("500 Oops"), "unknown", "server", "500"),
        (framed([b"<html>hello</html>"], "length", kind="text/html"), "unknown", "protocol", "cannot be read"),
        (
            framed([], "length", head="302 Found", extra="Location: https://example.com/\r\n"),
            "unknown",
            "protocol",
            "example.com",
        ),
    ],
)
def test_what_is_wrong_is_named(response: bytes, key: str, kind: str, says: str) -> None:
    """The typed error, with what to do, and without the key."""
    found, asked = check_of(response, preset="openai")
    assert found.error is not None
    assert (found.ok, found.key, found.error.kind) == (False, key, kind)
    assert found.reached is not None
    assert len(asked) == 1
    shown = repr(found)
    assert shown.startswith("lab: does not work\n✓ reached")
    assert says in shown
    assert "→" in shown
    assert "CANARY" not in shown


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"])
def test_a_server_that_lists_no_models(status: str) -> None:
    """It is there, and chat may work: that is said, and what to do."""
    found, _ = check_of(refusal(status))
    assert (found.ok, found.models, found.key) == (True, None, "unknown")
    assert "it lists none; name one yourself" in repr(found)


def test_nobody_there() -> None:
    """Not reached: the error says where, and nothing is said of the key."""
    found = asyncio.run(checked(Provider("lab", "http://127.0.0.1:9/v1", key=KEYED)))
    assert found.error is not None
    assert (found.ok, found.reached, found.key, found.error.kind) == (False, None, "unknown", "network")
    assert "127.0.0.1:9" in repr(found)


def test_a_missing_key_is_found_before_anything_is_sent() -> None:
    """The error says which variable."""
    found = asyncio.run(checked(Provider("lab", "http://127.0.0.1:9/v1", key=KeyPlace("env", "NO_SUCH_KEY"))))
    assert found.error is not None
    assert (found.error.kind, found.reached) == ("config", None)
    assert "NO_SUCH_KEY" in repr(found)


def test_certificates(tmp_path: Path) -> None:
    """A good one is said to be; a bad one is the error."""

    async def main(certificate: str) -> Check:
        authority = trustme.CA()
        async with secure(certificate, MODELS, authority) as server:
            return await checked(Provider("lab", server.base_url, ca_bundle=bundle(authority, tmp_path)))

    good = asyncio.run(main("good"))
    assert (good.ok, good.tls) == (True, True)
    assert "✓ TLS        the certificate is good" in repr(good)
    bad = asyncio.run(main("expired"))
    assert (bad.ok, bad.tls, bad.reached) == (False, False, None)
    assert "has expired" in repr(bad)


def test_it_takes_five_seconds_at_most() -> None:
    """A server that says nothing is given up, and its connection closed; it was reached all the same."""
    asked = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        asked.set()
        await connection.gone()

    async def main() -> None:
        clock = ManualClock()
        async with serving(script) as server:
            task = asyncio.ensure_future(checked(Provider("lab", server.base_url), clock))
            await asked.wait()
            await clock.advance(4.9)
            assert not task.done()
            await clock.advance(0.1)
            found = await asyncio.wait_for(task, 60)
            assert found.error is not None
            assert (found.error.kind, found.reached) == ("timeout", 0.0)
            await server.drained()

    asyncio.run(main())


def test_a_function_that_does_not_answer_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for the key counts, unless it is a person's."""
    monkeypatch.setattr(check_module, "SECONDS", 0.05)
    go = threading.Event()

    def slow() -> str:
        go.wait(20)
        return KEY

    async def main() -> Check:
        provider, keys = Provider("lab", "http://127.0.0.1:9/v1", key=KeyPlace("function")), Keys({})
        keys.hold(provider, KeyFunction(slow))
        registry = ProviderRegistry(open_store("memory:", clock=SystemClock()), SystemClock(), keys=keys)
        registry._providers["lab"] = provider
        found = await registry.check("lab")
        go.set()
        await registry.aclose()
        return found

    found = asyncio.run(main())
    assert found.error is not None
    assert "key did not come in time" in found.error.text


def test_unknown_and_switched_off() -> None:
    """That is the caller's mistake, not a finding."""

    async def main() -> None:
        registry = ProviderRegistry(open_store("memory:", clock=SystemClock()), SystemClock())
        registry.add(Provider("off", "https://x/v1", enabled=False))
        for name in ("off", "nope"):
            with pytest.raises(ConfigError):
                await registry.check(name)

    asyncio.run(main())
