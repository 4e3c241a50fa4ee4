"""The scripted server as the official openai client meets it: scripts, keys, records, its life."""

from __future__ import annotations

import gc
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable

import httpx
import openai
import pytest

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.demo.openai_reader import QUESTION, chunks, client, text_of


def test_without_a_script_the_question_is_echoed_streamed_or_whole() -> None:
    """The default answer depends on the question alone, and both ways of asking give the same text, usage and reason."""
    with ScriptedServer() as server, client(server) as reader:
        streamed = chunks(reader)
        whole = reader.chat.completions.create(model="tiny", messages=QUESTION)
    assert text_of(streamed) == whole.choices[0].message.content == "You said: Grüße 👩‍🔬?"
    assert streamed[-1].usage == whole.usage
    assert whole.choices[0].finish_reason == streamed[-2].choices[0].finish_reason == "stop"
    assert {chunk.model for chunk in streamed} == {whole.model} == {"tiny"}


def test_a_request_is_recorded_as_it_came() -> None:
    """Method, path, headers, body bytes and JSON of every request are there for the test."""
    with ScriptedServer() as server, client(server) as reader:
        chunks(reader)
        [request] = server.wait_for(1)
    assert (request.method, request.path, request.number) == ("POST", "/v1/chat/completions", 1)
    assert request.headers["authorization"] == f"Bearer {server.api_key}"
    assert json.loads(request.body) == request.json
    assert request.messages == QUESTION
    assert (request.question, request.model, request.streamed) == ("Grüße 👩‍🔬?", "tiny", True)


def test_replies_are_used_in_order_and_then_the_server_says_that_none_is_left() -> None:
    """A script that is too short fails loudly instead of repeating itself; `then` makes it longer."""
    with (
        ScriptedServer([Reply.text("one"), lambda request: Reply.text(f"two {request.number}")]) as server,
        client(server) as reader,
    ):
        assert [text_of(chunks(reader)) for _ in range(2)] == ["one", "two 2"]
        with pytest.raises(openai.BadRequestError, match="none is left"):
            chunks(reader)
        server.then(Reply.text("three"))
        assert (server.left, text_of(chunks(reader)), server.left) == (1, "three", 0)


def test_one_reply_or_one_function_answers_every_request() -> None:
    """A script need not be a list."""
    for script in (Reply.text("same"), lambda _: Reply.text("same")):
        with ScriptedServer(script) as server, client(server) as reader:
            assert [text_of(chunks(reader)) for _ in range(2)] == ["same", "same"]


def test_a_script_that_raises_is_a_500_and_not_a_hang() -> None:
    """A mistake in a test's own script shows as what it is."""

    def script(request: Request) -> Reply:
        raise LookupError(request.model)

    with (
        ScriptedServer(script) as server,
        client(server) as reader,
        pytest.raises(openai.InternalServerError, match="LookupError: tiny"),
    ):
        chunks(reader)


def test_a_wrong_key_is_refused_and_uses_up_no_reply() -> None:
    """Nobody who does not know the key gets an answer; a refusal is recorded and never repeats the key."""
    with ScriptedServer([Reply.text("right")]) as server, client(server) as right:
        with openai.OpenAI(base_url=server.base_url, api_key="sk-CANARY-1", max_retries=0) as wrong:
            with pytest.raises(openai.AuthenticationError) as refused:
                chunks(wrong)
            with pytest.raises(openai.AuthenticationError):
                wrong.models.list()
        assert "CANARY" not in str(refused.value)
        assert text_of(chunks(right)) == "right"
        assert len(server.requests) == 3


def test_a_keyless_server_takes_any_request() -> None:
    """`api_key=None` is a local server without keys."""
    with ScriptedServer(api_key=None) as server:
        asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        assert httpx.post(f"{server.base_url}/chat/completions", json=asked).status_code == 200
    assert server.api_key is None


def test_two_servers_never_share_a_key() -> None:
    """Keys are random unless given."""
    keys = {ScriptedServer().api_key for _ in range(3)} | {ScriptedServer(api_key="mine").api_key}
    assert len(keys) == 4
    assert "mine" in keys


def test_the_models_are_listed() -> None:
    """`GET /v1/models` lists what the test says."""
    with ScriptedServer(models=("a", "b/c")) as server, client(server) as reader:
        assert [model.id for model in reader.models.list()] == ["a", "b/c"]
        assert server.chats == ()
        assert server.requests[0].path == "/v1/models"


def test_a_request_tells_its_tools_and_the_results_that_it_brings() -> None:
    """Only those of the last round, by the ids of their calls."""
    tool = {"name": "f", "description": "", "parameters": {"type": "object"}}
    talk = [
        {"role": "user", "content": "q"},
        {"role": "tool", "tool_call_id": "old", "content": "1"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "tool_call_id": "a", "content": "2"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "3"}]},
    ]
    body = {"model": "m", "messages": talk, "tools": [{"type": "function", "function": tool}, {"type": "other"}, 3]}
    request = Request(1, "POST", "/v1/chat/completions", {}, json.dumps(body).encode())
    assert request.tools == [tool]
    assert request.results == {"a": "2", "b": "3"}
    assert (Request(1, "GET", "/", {}).tools, Request(1, "GET", "/", {}).results) == ([], {})


def test_waiting_for_what_never_comes_says_what_came() -> None:
    """A timeout names the state, so that a failed test explains itself."""
    with ScriptedServer() as server, client(server) as reader:
        chunks(reader)
        for wait, words in (
            (lambda: server.wait_for(2, timeout=0.01), "no 2 chat requests .* 1 requests came"),
            (lambda: server.wait_closed(1, timeout=0.01), "no 1 closed connections"),
            (lambda: Gate().wait_reached(1, timeout=0.01), "0 of 1 steps"),
        ):
            with pytest.raises(TimeoutError, match=words):
                wait()


def test_the_port_is_free_after_the_end_and_stop_can_be_repeated() -> None:
    """Leaving the `with` closes the listener and open streams; nothing stays behind."""
    server = ScriptedServer(Reply.text("x", gate=Gate()))
    server.stop()
    with server, client(server) as reader:
        assert server.start() is server
        stream = reader.chat.completions.create(model="m", messages=QUESTION, stream=True)
        server.stop()
        with pytest.raises(openai.APIError):
            list(stream)
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=5).connect()


def test_a_server_that_is_stopped_at_once_ends_at_once() -> None:
    """However early the stop comes, its thread ends."""
    for _ in range(50):
        with ScriptedServer() as server:
            pass
        assert server._loop is not None
        assert server._loop.is_closed()


def test_a_stop_in_the_moment_of_a_connection_leaves_nothing_open() -> None:
    """Whether it was accepted, made or served by then: no socket stays behind, which would be told of in a later test."""
    for number in range(60):
        server = ScriptedServer().start()
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            if number % 3 == 0:
                client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n")
            if number % 2 == 0:
                time.sleep(0)
            server.stop()
        assert server._loop is not None
        assert server._loop.is_closed()
        assert not server._connections
    gc.collect()


def test_a_hundred_clients_at_once_are_answered_without_cross_talk() -> None:
    """One server is enough for many sessions."""
    with ScriptedServer(lambda request: Reply.text(f"for {request.question}")) as server:
        found: dict[int, str] = {}

        def one(n: int) -> None:
            with client(server) as reader:
                answer = reader.chat.completions.create(model="m", messages=[{"role": "user", "content": str(n)}])
                found[n] = answer.choices[0].message.content or ""

        many: list[Callable[[], None]] = [lambda n=n: one(n) for n in range(24)]  # type: ignore[misc]
        threads = [threading.Thread(target=each) for each in many]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert found == {n: f"for {n}" for n in range(24)}
