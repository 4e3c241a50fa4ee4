"""A function that gives keys: called before each request, bounded, one call at a time, and never seen through."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.events import ProviderEvent, Retry
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers import key_function
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.keys import Keys
from nbchat.providers.making import make_provider
from nbchat.providers.registry import ProviderRegistry
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
from tests.providers.raw_server import HELLO, Connection, RawServer, Script, framed, serving

CANARY = "sk-CANARY-77"
REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
MODELS = framed([b'{"data": [{"id": "a"}]}'], "length", kind="application/json")
REFUSED = framed([b'{"error": {"message": "token expired"}}'], "length", head="401 Unauthorized", kind="application/json")


def run(script: Script, function: Callable[[], Any], test: Callable[[RawServer, ProviderRegistry], Awaitable[None]]) -> None:
    """Run `test` with a server and a registry whose provider "lab" has this function."""

    async def main() -> None:
        async with serving(script) as server:
            store = open_store("memory:", clock=SystemClock())
            registry = ProviderRegistry(store, SystemClock(), keys=Keys({}))
            await registry.save(*make_provider("lab", base_url=server.base_url, api_key=KeyFunction(function)))
            await test(server, registry)
            await registry.aclose()
            await store.aclose()

    asyncio.run(asyncio.wait_for(main(), 60))


async def answer(connection: Connection) -> None:
    await connection.request()
    await connection.send(MODELS if "GET" in connection.head else framed(HELLO, "length"))


def tokens() -> Callable[[], str]:
    count = iter(range(1, 99))
    return lambda: f"token-{next(count)}"


def sent(server: RawServer) -> list[str]:
    return [connection.headers["authorization"] for connection in server.connections]


def test_each_request_has_a_key_of_its_own() -> None:
    """Nothing is cached here: what a function wants to keep it keeps itself. Its listing holds all the same."""

    async def test(server: RawServer, registry: ProviderRegistry) -> None:
        for _ in range(2):
            assert [batch async for batch in registry.get("lab").stream(REQUEST)]
        await registry.models("lab")
        await registry.models("lab")
        assert sent(server) == ["Bearer token-1", "Bearer token-2", "Bearer token-3"]

    run(answer, tokens(), test)


def test_a_token_that_has_run_out_is_asked_for_once_more() -> None:
    """A 401 may mean that the token ran out on its way: with another one the request is sent again, and the retry is seen."""

    async def script(connection: Connection) -> None:
        await connection.request()
        good = "token-2" in connection.headers["authorization"] or "token-4" in connection.headers["authorization"]
        await connection.send((MODELS if "GET" in connection.head else framed(HELLO, "length")) if good else REFUSED)

    async def test(server: RawServer, registry: ProviderRegistry) -> None:
        events = [event async for batch in registry.get("lab").stream(REQUEST) for event in batch]
        assert [event.type for event in events].count("finish") == 1
        retries = [event for event in events if isinstance(event, Retry)]
        assert [(each.attempt, each.delay) for each in retries] == [(2, 0.0)]
        assert [model.id for model in await registry.models("lab")] == ["a"]
        assert sent(server) == [f"Bearer token-{n}" for n in (1, 2, 3, 4)]

    run(script, tokens(), test)


@pytest.mark.parametrize("function", [lambda: "always-the-same", tokens()])
def test_a_refusal_that_stays_is_told(function: Callable[[], str]) -> None:
    """The same token again would be refused again, and is not sent; of two others the second one is the last."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(REFUSED)

    async def test(server: RawServer, registry: ProviderRegistry) -> None:
        with pytest.raises(ProviderError) as caught:
            [batch async for batch in registry.get("lab").stream(REQUEST)]
        assert (caught.value.kind, caught.value.status) == ("auth", 401)
        assert len(server.connections) == len(set(sent(server))) <= 2

    run(script, function, test)


def test_a_provider_that_is_edited_between_two_tries() -> None:
    """The connections that were chosen for a try are there when it is made, whatever another request found out meanwhile."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(REFUSED if "token-1" in connection.headers["authorization"] else framed(HELLO, "length"))

    async def test(server: RawServer, registry: ProviderRegistry) -> None:
        stream = registry.get("lab").stream(REQUEST)
        events = [event.type async for event in first(stream, "retry")]
        assert events[-1] == "retry"
        registry.add(Provider("lab", server.base_url, headers=(("X-New", "1"),)), KeyFunction(lambda: "token-9"))
        registry._providers["lab"] = replace(registry._providers["lab"], key=KeyPlace("function"))
        assert [batch async for batch in registry.get("lab").stream(REQUEST)]
        rest = [event.type async for batch in stream for event in batch]
        assert rest.count("finish") == 1

    run(script, tokens(), test)


async def first(stream: AsyncIterator[Sequence[ProviderEvent]], last: str) -> AsyncIterator[ProviderEvent]:
    """The events of a stream up to the first of that type."""
    async for batch in stream:
        for event in batch:
            yield event
            if event.type == last:
                return


def test_other_keys_are_not_tried_twice() -> None:
    """A key that was refused is refused: only a function can have another one a moment later."""

    async def main() -> int:
        async with serving(REFUSED) as server:
            registry = ProviderRegistry(open_store("memory:", clock=SystemClock()), SystemClock(), keys=Keys({"K": "sk-1"}))
            registry.add(Provider("lab", server.base_url, key=KeyPlace("env", "K")))
            with pytest.raises(ProviderError):
                [batch async for batch in registry.get("lab").stream(REQUEST)]
            await registry.aclose()
            return len(server.connections)

    assert asyncio.run(main()) == 1


async def later() -> str:
    return CANARY


def fails() -> str:
    raise RuntimeError(CANARY)


def leaves() -> str:
    raise SystemExit(CANARY)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (fails, "raised RuntimeError"),
        (leaves, "raised SystemExit"),
        (partial(int, CANARY), "raised ValueError"),
        (later, "coroutine function; a plain function"),
        (lambda: None, "returned NoneType"),
        (lambda: CANARY.encode(), "returned bytes"),
        (lambda: " \n", "returned an empty key"),
        (lambda: Secret(""), "returned an empty key"),
    ],
)
def test_what_goes_wrong_is_said_and_shows_nothing(function: Callable[[], Any], says: str) -> None:
    """A set-up error without the function's own words, arguments or frames."""
    source = KeyFunction(function)
    with pytest.raises(ConfigError, match=says) as caught:
        source.key("lab")
    assert "“lab”" in caught.value.text
    assert "Call it yourself" in caught.value.hint
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert frames.__cause__ is frames.__context__ is None
    assert [frame.name for frame in frames.stack[1:]] == ["key"]
    assert "CANARY" not in f"{frames.stack[1].locals} {caught.value} {source!r}"


def test_a_call_takes_its_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs is given up, and whoever comes while it hangs waits no longer; then it is asked again."""
    monkeypatch.setattr(key_function, "SECONDS", 0.05)
    go, entered, calls = threading.Event(), threading.Event(), list[int]()

    def slow() -> str:
        calls.append(1)
        entered.set()
        go.wait(60)
        return CANARY

    source = KeyFunction(slow)
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"within 0\.05 s"):
            source.key("lab")
    assert entered.wait(30)
    assert calls == [1], "one call at a time"
    go.set()
    monkeypatch.setattr(key_function, "SECONDS", 60)
    assert source.key("lab") == Secret(CANARY)
    assert calls == [1, 1]


def test_one_call_at_a_time_and_on_a_thread() -> None:
    """Requests that leave together do not make the function run beside itself, and never on the loop's thread."""
    inside, most, threads = [0], [0], set[int]()

    def function() -> str:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threads.add(threading.get_ident())
        threading.Event().wait(0.005)
        inside[0] -= 1
        return CANARY

    async def test(server: RawServer, registry: ProviderRegistry) -> None:
        async def one() -> None:
            assert [batch async for batch in registry.get("lab").stream(REQUEST)]

        await asyncio.gather(*(one() for _ in range(8)))
        assert len(server.connections) == 8

    run(answer, function, test)
    assert most == [1]
    assert threading.get_ident() not in threads


def test_after_a_restart_it_is_to_be_given_again() -> None:
    """What is saved is that there was a function."""

    async def test(server: RawServer, registry: ProviderRegistry) -> None:
        (saved,) = await registry._settings.providers()
        assert saved.key == KeyPlace("function")
        with pytest.raises(ConfigError, match="function that was given to an earlier process") as caught:
            Keys({}).key(saved)
        assert "api_key=" in caught.value.hint

    run(answer, lambda: CANARY, test)


def test_a_function_is_not_put_into_the_keyring() -> None:
    """It is one place or the other."""
    with pytest.raises(ConfigError, match="keyring"):
        make_provider("lab", base_url="https://x/v1", api_key=KeyFunction(lambda: CANARY), keyring=True)
    with pytest.raises(ConfigError, match="one place only"):
        make_provider("lab", base_url="https://x/v1", api_key=KeyFunction(lambda: CANARY), api_key_env="K")
