"""A server that refuses a request while it loads the model: it is asked again, visibly, within the first token's limit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.events import Loading, RequestSent, Retry, Waiting
from nbchat.providers.loading import read_loading
from tests.providers.loading_server import CHAT, LLAMA, Answer, Server, refusal, run
from tests.providers.raw_server import HELLO, RawServer, framed
from tests.support.clock import ManualClock


def test_a_server_that_loads_is_asked_again_each_second() -> None:
    """As often as it takes: these are no retries. Each time it is told, with how far it is where the server says."""
    progress = [refusal({"error": {**LLAMA["error"], "progress": share}}) for share in (0.1, 0.4, 0.9)]

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        for number, share in enumerate((None, None, 0.1, 0.4, 0.9)):
            loading = await answer.until(Loading, number + 1)
            assert loading == Loading("Loading the model", share, float(number), 1.0)
            await clock.advance(0.9)
            assert server.asked.count(CHAT) == number + 1
            await clock.advance(0.1)
        await answer.task
        assert (answer.error, answer.text) == (None, "Hello")
        assert not any(isinstance(event, Retry) for event in answer.events)
        assert sum(isinstance(event, RequestSent) for event in answer.events) == 6

    run(lambda: Server(v1__chat__completions=[refusal(LLAMA), refusal(LLAMA), *progress, framed(HELLO, "length")]), test)


def test_the_wait_that_a_loading_server_asks_for_is_kept_to() -> None:
    """Retry-After, as anywhere."""

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        assert (await answer.until(Loading)).again == 7.0
        await clock.advance(6.9)
        assert server.asked == [CHAT]
        await clock.advance(0.2)
        await answer.task
        assert answer.text == "Hello"

    run(lambda: Server(v1__chat__completions=[refusal(LLAMA, "Retry-After: 7\r\n"), framed(HELLO, "length")]), test)


def test_loading_takes_its_time_from_the_first_token() -> None:
    """After 300 s in all it is given up, with what was the matter; a wait that would end later is not begun."""

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        for number in range(1, 11):
            await answer.until(Loading, number)
            await clock.advance(29.0)
        await answer.task
        assert answer.error is not None
        assert (answer.error.kind, answer.error.status) == ("timeout", 503)
        assert answer.error.text == "The model was still loading after 290 s, and the server asks to wait 29 s more."

    run(lambda: Server(v1__chat__completions=[refusal(LLAMA, "Retry-After: 29\r\n")]), test)


def test_once_it_is_loaded_the_rest_of_the_time_is_left_for_the_first_token() -> None:
    """Whoever waited for 200 s waits no more than 100 s for the token; and is told that it is no longer loading."""

    async def test(server: Server, answer: Answer, clock: ManualClock, running: RawServer) -> None:
        await answer.until(Loading)
        await clock.advance(200.0)
        await server.until(CHAT, 2)
        await answer.until(RequestSent, 2)
        await clock.advance(1.0)
        assert await answer.until(Waiting) == Waiting(1.0)
        await clock.advance(98.0)
        assert not answer.task.done()
        await clock.advance(1.1)
        await answer.task
        assert answer.error is not None
        assert answer.error.kind == "timeout"
        await running.drained()

    run(lambda: Server(v1__chat__completions=[refusal(LLAMA, "Retry-After: 200\r\n"), None]), test)


def test_other_failures_while_it_loads_are_retried_as_ever() -> None:
    """An overloaded server is none that loads: its refusals count."""
    busy = refusal({"error": {"message": "overloaded"}})

    async def test(server: Server, answer: Answer, clock: ManualClock, _: RawServer) -> None:
        await answer.until(Loading)
        await clock.advance(1.0)
        await answer.until(Retry)
        await clock.advance(1.0)
        await answer.until(Loading, 2)
        await clock.advance(1.0)
        await answer.task
        assert answer.error is not None
        assert answer.error.kind == "server"

    run(lambda: Server(v1__chat__completions=[refusal(LLAMA), busy, refusal(LLAMA), busy]), test)


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (503, LLAMA, Loading("Loading the model")),
        (503, {"error": {"message": "Loading model", "code": 503}}, Loading("Loading the model")),
        (
            503,
            {"error": "Model t5-large is currently loading", "estimated_time": 118.02},
            Loading("Loading the model, about 118 s"),
        ),
        (503, {"error": "starting", "estimated_time": 0.2}, Loading("Loading the model, about 1 s")),
        (503, {"error": {"message": "wait", "code": "model_loading", "progress": 40}}, Loading("Loading the model", 0.4)),
        (
            503,
            {"message": "The model is still loading. Please wait.", "progress": {"value": 0.25}},
            Loading("Loading the model", 0.25),
        ),
        (503, {"detail": "Model is being loaded"}, Loading("Loading the model")),
        (503, {"error": {"message": "The server is overloaded", "type": "unavailable_error"}}, None),
        (503, {"error": {"message": "no slot available", "type": "unavailable_error"}}, None),
        (503, {"error": {"message": "Failed loading of a page"}}, None),
        (503, {"error": {"message": "The model is overloaded"}}, None),
        (503, {}, None),
        (503, [], None),
        (500, LLAMA, None),
        (429, {"error": "Model x is currently loading", "estimated_time": 3}, None),
    ],
)
def test_which_refusals_mean_that_the_model_is_being_loaded(status: int, body: Any, found: Loading | None) -> None:
    """A 503 with a code, an estimate or words for it, and no other."""
    assert read_loading(status, json.dumps(body).encode()) == found


@given(st.binary() | st.recursive(st.none() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_no_refusal_crashes(body: Any) -> None:
    """Whatever a 503 holds."""
    read_loading(503, body if isinstance(body, bytes) else json.dumps({"error": body, "progress": body}).encode())
