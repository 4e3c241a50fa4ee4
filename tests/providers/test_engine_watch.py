"""A local server that keeps a request while it loads the model: asked beside it, it tells loading from thinking."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nbchat.core.events import Loading, RequestSent, Waiting
from tests.providers.loading_server import CHAT, Answer, Server, js, run
from tests.providers.raw_server import RawServer
from tests.support.clock import ManualClock


def loaded(*states: str) -> list[bytes | None]:
    """LM Studio's answers about the model, one after the other."""
    return [js({"data": [{"id": "tiny", "object": "model", "type": "llm", "state": state}]}) for state in states]


def test_lm_studio_says_that_it_loads_when_it_is_asked() -> None:
    """After a second without a token, then every two; when it is loaded the request only waits, and it is asked no more."""

    async def test(server: Server, answer: Answer, clock: ManualClock, running: RawServer) -> None:
        path = "/api/v0/models"
        await answer.until(RequestSent)
        await clock.advance(0.9)
        assert path not in server.asked
        await clock.advance(0.1)
        assert await answer.until(Loading) == Loading("Loading the model", None, 1.0)
        await clock.advance(1.9)
        assert server.asked.count(path) == 1
        await clock.advance(0.1)
        assert await answer.until(Loading, 2) == Loading("Loading the model", None, 3.0)
        await clock.advance(2.0)
        assert await answer.until(Waiting) == Waiting(5.0)
        for _ in range(60):
            await clock.advance(1.0)
        assert server.asked.count(path) == 3
        server.go.set()
        await answer.task
        assert (answer.error, answer.text) == (None, "Hello")
        assert server.asked.count(CHAT) == 1

    run(
        lambda: Server(v1__chat__completions=[None], api__v0__models=loaded("not-loaded", "loading", "loaded", "loaded")),
        test,
        "lmstudio",
    )


def test_ollama_is_asked_before_it_loads_and_told_of_after_a_second() -> None:
    """It names a model that is being loaded among the running ones: only a look at once can tell."""

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        await server.until("/api/ps", 1)
        await clock.advance(0.9)
        assert not any(isinstance(event, Loading) for event in answer.events)
        await clock.advance(0.1)
        assert await answer.until(Loading) == Loading("Loading the model", None, 1.0)
        for _second in range(20):
            await clock.advance(1.0)
        server.go.set()
        await answer.task
        assert answer.text == "Hello"
        assert [event.type for event in answer.events[:3]] == ["request-sent", "loading", "model"]
        assert server.asked.count("/api/ps") == 1

    run(lambda: Server(v1__chat__completions=[None], api__ps=[js({"models": []})]), test, "ollama")


@pytest.mark.parametrize(
    ("preset", "path", "body"),
    [
        ("ollama", "api__ps", {"models": [{"name": "tiny:latest", "size": 5}]}),
        ("ollama", "api__ps", "junk"),
        ("lmstudio", "api__v1__models", {"models": [{"key": "tiny", "loaded_instances": [{"id": "tiny"}]}]}),
        ("lmstudio", "api__v1__models", {"models": [{"key": "another", "loaded_instances": []}]}),
        ("llamacpp", "models", {"data": [{"id": "tiny", "status": {"value": "loaded"}}]}),
        ("llamacpp", "models", {"data": [{"id": "tiny", "owned_by": "llamacpp", "meta": {"n_ctx": 5}}]}),
    ],
)
def test_a_model_that_is_loaded_or_unknown_is_not_said_to_be_loading(preset: str, path: str, body: Any) -> None:
    """It thinks; nothing is told, and nothing asked again."""

    async def test(server: Server, answer: Answer, clock: ManualClock, running: RawServer) -> None:
        await answer.until(RequestSent)
        await clock.advance(1.0)
        await server.until("/" + path.replace("__", "/"), 1)
        while running.open > 1:  # noqa: ASYNC110 - until it has its answer
            await asyncio.sleep(0)
        for _ in range(30):
            await clock.advance(1.0)
        server.go.set()
        await answer.task
        assert answer.text == "Hello"
        assert not any(isinstance(event, Loading | Waiting) for event in answer.events)
        assert server.asked.count("/" + path.replace("__", "/")) == 1

    answers: dict[str, list[bytes | None]] = {"v1__chat__completions": [None], path: [js(body)]}
    run(lambda: Server(**answers), test, preset)


def test_the_router_of_llama_cpp_tells_how_far_it_is() -> None:
    """Downloading by the bytes of all files, loading by its own figure."""
    files = {"a": {"done": 10, "total": 40}, "b": {"done": 20, "total": 20}}
    told = [{"value": "downloading", "progress": files}, {"value": "loading", "progress": {"value": 0.5}}, {"value": "loaded"}]

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        await answer.until(RequestSent)
        await clock.advance(1.0)
        assert await answer.until(Loading) == Loading("Downloading the model", 0.5, 1.0)
        await clock.advance(2.0)
        assert await answer.until(Loading, 2) == Loading("Loading the model", 0.5, 3.0)
        await clock.advance(2.0)
        assert await answer.until(Waiting) == Waiting(5.0)
        server.go.set()
        await answer.task
        assert answer.text == "Hello"

    states: list[bytes | None] = [js({"data": [{"id": "tiny", "status": status}]}) for status in told]
    run(lambda: Server(v1__chat__completions=[None], models=states), test, "llamacpp")


def test_a_look_that_hangs_holds_nothing_up() -> None:
    """It ends after two seconds by itself, and at once when the answer comes."""

    async def test(server: Server, answer: Answer, clock: ManualClock, running: RawServer) -> None:
        await answer.until(RequestSent)
        await clock.advance(1.0)
        await server.until("/api/v0/models", 1)
        server.go.set()
        await answer.task
        assert answer.text == "Hello"
        await running.drained()

    run(lambda: Server(v1__chat__completions=[None], api__v0__models=[None]), test, "lmstudio")


@pytest.mark.parametrize("preset", ["custom", "openai", "vllm"])
def test_only_local_servers_with_an_address_for_it_are_asked(preset: str) -> None:
    """However long a hosted model thinks."""

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        await answer.until(RequestSent)
        await clock.advance(100.0)
        server.go.set()
        await answer.task
        assert server.asked == [CHAT]

    run(lambda: Server(v1__chat__completions=[None]), test, preset)


def test_who_stops_while_a_model_is_loaded_leaves_no_connection() -> None:
    """The request and the question about it are both closed before the stop returns."""

    async def test(server: Server, answer: Answer, clock: ManualClock, running: RawServer) -> None:
        await answer.until(RequestSent)
        await clock.advance(1.0)
        await answer.until(Loading)
        await clock.advance(2.0)
        await server.until("/api/v0/models", 2)
        answer.task.cancel()
        await asyncio.wait({answer.task})
        await running.drained()

    run(lambda: Server(v1__chat__completions=[None], api__v0__models=[*loaded("loading"), None]), test, "lmstudio")
