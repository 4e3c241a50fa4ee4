"""A listing and what is asked beside it: within one limit, on one origin, and never at the listing's cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from nbchat.core.errors import ProviderError
from nbchat.core.models import Model, Provider
from nbchat.core.secrets import Secret
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.urls import root_url
from tests.providers.raw_server import KEY, Connection, RawServer, Script, framed, serving
from tests.support.clock import ManualClock

LISTING = {"object": "list", "data": [{"id": "llama3.2:latest", "object": "model", "owned_by": "library"}]}
TAGS = {"models": [{"name": "llama3.2:latest", "size": 2019393189}]}
Answer = Any
"""JSON, bytes of a whole response, or None for an answer that never comes."""


def server(answers: dict[str, Answer], asked: list[str]) -> Script:
    async def script(connection: Connection) -> None:
        await connection.request()
        path = connection.head.split(" ")[1]
        asked.append(path)
        answer = answers.get(path, framed([b"{}"], "length", head="404 No"))
        if answer is None:
            await connection.gone()
        else:
            whole = (
                answer if isinstance(answer, bytes) else framed([json.dumps(answer).encode()], "length", kind="application/json")
            )
            await connection.send(whole)

    return script


def run(
    answers: dict[str, Answer],
    test: Callable[[RawServer, Endpoint, ManualClock], Awaitable[None]],
    *,
    preset: str = "ollama",
) -> list[str]:
    """Run the test with an endpoint of this server; returns the addresses that were asked, sorted."""
    asked: list[str] = []

    async def main() -> None:
        async with serving(server(answers, asked)) as running:
            clock = ManualClock()
            provider = Provider("lab", running.base_url, preset)
            endpoint = Endpoint(lambda: provider, lambda: (provider, Secret(KEY)), clock)
            try:
                await asyncio.wait_for(test(running, endpoint, clock), 60)
            finally:
                await endpoint.aclose()

    asyncio.run(main())
    return sorted(asked)


def test_all_is_asked_at_once_and_models_one_by_one_behind_it() -> None:
    """Of Ollama the listing, the tags and the running models; then each model, for what it can do."""

    async def test(_: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        (model,) = await endpoint.list_models()
        assert (model.size, model.loaded, model.downloaded) == (2019393189, False, True)

    assert run({"/v1/models": LISTING, "/api/tags": TAGS}, test) == ["/api/ps", "/api/show", "/api/tags", "/v1/models"]


def test_a_listing_beyond_the_limit_is_named() -> None:
    """It is not said to be nonsense; its models can be asked all the same."""
    long = {"data": [{"id": f"m{n}", "description": "x" * 10_000} for n in range(900)]}

    async def test(_: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        with pytest.raises(ProviderError, match="longer than 8 MB, so it was not read") as caught:
            await endpoint.list_models()
        assert "by name" in caught.value.hint

    run({"/v1/models": long}, test, preset="custom")


@pytest.mark.parametrize(
    "answer",
    [
        framed([b'{"error":"no"}'], "length", head="500 Oops"),
        framed([b"<html>"], "length", kind="text/html"),
        framed([b'{"models":'], "length"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",
        b"nonsense\r\n\r\n",
        b"",
        {"models": "none"},
        {"models": [None, 5, {"name": 7}, {"name": "llama3.2:latest", "size": "big", "details": []}]},
        [],
    ],
    ids=["500", "html", "half", "cut", "junk", "nothing", "no list", "odd entries", "empty"],
)
def test_what_fails_beside_the_listing_costs_nothing(answer: Answer) -> None:
    """Whatever it says, the listing stands."""

    async def test(_: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        assert [model.id for model in await endpoint.list_models()] == ["llama3.2:latest"]

    run({"/v1/models": LISTING, "/api/tags": answer, "/api/ps": answer, "/api/show": answer}, test)


def test_an_answer_that_hangs_beside_the_listing_is_waited_for_three_seconds() -> None:
    """Then the listing is given without it, and its connection is closed."""

    async def test(running: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        task = asyncio.create_task(endpoint.list_models())
        while len(running.connections) < 3:  # noqa: ASYNC110 - the state is this loop's own
            await asyncio.sleep(0)
        await clock.advance(2.9)
        assert not task.done()
        await clock.advance(0.2)
        assert [model.id for model in await task] == ["llama3.2:latest"]
        await running.drained()

    run({"/v1/models": LISTING, "/api/tags": None, "/api/ps": None}, test)


def test_a_listing_that_hangs_takes_all_with_it() -> None:
    """Ten seconds in all; nothing of it stays open."""

    async def test(running: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        task = asyncio.create_task(endpoint.list_models())
        while len(running.connections) < 3:  # noqa: ASYNC110 - the state is this loop's own
            await asyncio.sleep(0)
        await clock.advance(9.9)
        assert not task.done()
        await clock.advance(0.2)
        with pytest.raises(Exception, match="did not come in time"):
            await task
        await running.drained()

    run({"/v1/models": None, "/api/tags": TAGS}, test)


@pytest.mark.parametrize("preset", ["openai", "openrouter", "groq", "custom", "vllm", "no such preset"])
def test_other_providers_are_asked_for_their_listing_alone(preset: str) -> None:
    """A hosted provider has none of a local server's addresses."""

    async def test(_: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        await endpoint.list_models()

    entry = {"id": "m", "object": "model", "owned_by": "somebody"}
    assert run({"/v1/models": {"data": [entry]}}, test, preset=preset) == ["/v1/models"]


def test_ollama_is_asked_about_a_dozen_models_one_by_one() -> None:
    """It opens a file for each: the loaded ones first, then in the listing's order."""
    ids = [f"m{number}:latest" for number in range(30)]
    listing = {"data": [{"id": each, "owned_by": "library"} for each in ids]}
    running = {"models": [{"name": "m29:latest", "size": 5, "size_vram": 0}]}
    shown = {"capabilities": ["completion", "vision"], "model_info": {}}

    async def test(_: RawServer, endpoint: Endpoint, clock: ManualClock) -> None:
        models: tuple[Model, ...] = await endpoint.list_models()
        assert [model.id for model in models] == ids
        assert [model.id for model in models if "vision" in model.capabilities] == [*ids[:11], "m29:latest"]
        assert (models[29].loaded, models[29].memory) == (True, 5)

    asked = run({"/v1/models": listing, "/api/ps": running, "/api/show": shown}, test)
    assert asked.count("/api/show") == 12


@pytest.mark.parametrize(
    ("base", "root"),
    [
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("https://x.example/ollama/v1", "https://x.example/ollama"),
        ("https://x.example/api", "https://x.example/api"),
        ("https://x.example", "https://x.example"),
    ],
)
def test_the_root_of_a_server(base: str, root: str) -> None:
    """What lies beside "/v1": the same origin, and the same folder of it."""
    assert root_url(base) == root
