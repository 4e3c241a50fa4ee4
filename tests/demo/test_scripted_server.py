"""The scripted server as the official openai client reads it: scripts, keys, shapes, records."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from typing import Any, get_args

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from nbchat.testing import Gate, Reply, Request, Script, ScriptedServer, UsageShape, lorem

QUESTION: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüße 👩‍🔬?"}]


def client(server: ScriptedServer, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key=server.api_key or "none", max_retries=0, **options)


def chunks(reader: openai.OpenAI, **options: Any) -> list[ChatCompletionChunk]:
    with reader.chat.completions.create(model="tiny", messages=QUESTION, stream=True, **options) as stream:
        return list(stream)


def text_of(found: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in found for choice in chunk.choices)


def ask(script: Script) -> list[ChatCompletionChunk]:
    with ScriptedServer(script) as server, client(server) as reader:
        return chunks(reader)


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


@pytest.mark.parametrize("shape", get_args(UsageShape))
def test_usage_comes_in_five_shapes(shape: UsageShape) -> None:
    """Each shape is the one that it is named after, and the text is the same in all of them."""
    found = ask(Reply.text(tokens=["a", "b", "c"], usage_shape=shape))
    assert text_of(found) == "abc"
    spoken = [(bool(chunk.choices), chunk.usage and chunk.usage.completion_tokens) for chunk in found]
    assert (
        spoken
        == {
            "extra": [(True, None)] * 5 + [(False, 3)],
            "extra-delta": [(True, None)] * 5 + [(True, 3)],
            "finish": [(True, None)] * 4 + [(True, 3)],
            "every": [(True, None), (True, 0), (True, 2), (True, 3), (True, 3)],
            "never": [(True, None)] * 5,
        }[shape]
    )


def test_usage_of_the_scripts_own_is_sent_literally() -> None:
    """What a provider says is the test's to say: cached tokens, a cost, anything."""
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 1,
        "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 8},
        "cost": 0.5,
    }
    said = ask(Reply.text("x", usage=usage))[-1].usage
    assert said is not None
    assert said.model_dump(exclude_unset=True) == usage


def test_reasoning_and_tool_calls_stream_as_other_servers_stream_them() -> None:
    """Reasoning comes first, in the field asked for; a call's arguments come in pieces under its index."""
    reply = Reply.text("ok", reasoning="well then", reasoning_field="reasoning", tool_calls=[("f", {"x": [1, 2]}), ("g", "{}")])
    deltas = [choice.delta for chunk in ask(reply) for choice in chunk.choices]
    thought = [delta.model_dump().get("reasoning") for delta in deltas]
    assert [piece for piece in thought if piece] == ["well", " then"]
    calls: dict[int, list[str]] = {}
    for call in (call for delta in deltas for call in delta.tool_calls or ()):
        assert call.function is not None
        calls.setdefault(call.index, []).append((call.function.name or "") + (call.function.arguments or ""))
    assert {index: "".join(pieces) for index, pieces in calls.items()} == {0: 'f{"x": [1, 2]}', 1: "g{}"}
    assert len(calls[0]) > 2


def test_a_whole_completion_has_the_reasoning_and_the_calls_too() -> None:
    """Asked without a stream, the same reply is one JSON object."""
    reply = Reply.text("ok", reasoning="well", tool_calls=[("f", {"x": 1})], usage_shape="never")
    with ScriptedServer(reply) as server, client(server) as reader:
        found = reader.chat.completions.create(model="m", messages=QUESTION)
    message = found.choices[0].message
    assert message.model_dump()["reasoning_content"] == "well"
    assert [call.to_dict()["function"] for call in message.tool_calls or ()] == [{"name": "f", "arguments": '{"x": 1}'}]
    assert (found.choices[0].finish_reason, found.usage) == ("tool_calls", None)


def test_ids_of_calls_are_the_tests_to_choose() -> None:
    """By default they begin anew in each answer, as many providers' do; two calls may even share one."""
    for calls, expected in (
        ([("f", {}), ("g", {})], ["call_1", "call_2"]),
        ([("f", {}, "x"), ("g", {}, "x"), ("h", {}, "")], ["x", "x", ""]),
    ):
        reply = Reply.text("ok", tool_calls=calls)
        found = [call.id for chunk in ask(reply) for choice in chunk.choices for call in choice.delta.tool_calls or ()]
        assert [each for each in found if each is not None] == expected


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


@pytest.mark.parametrize("status", [400, 401, 402, 404, 429, 500, 503])
def test_errors_have_their_status_headers_and_words(status: int) -> None:
    """An error reaches the client as OpenAI's own would."""
    reply = Reply.error(status, "sorry", code="why", headers={"retry-after": "7"})
    with pytest.raises(openai.APIStatusError, match="sorry") as raised:
        ask(reply)
    assert (raised.value.status_code, raised.value.code) == (status, "why")
    assert raised.value.response.headers["retry-after"] == "7"


def test_an_error_in_mid_stream_takes_the_place_of_the_ending() -> None:
    """Half an answer, then an error object: neither finish reason nor [DONE] follow."""
    reply = Reply.text("half an", error={"message": "overloaded", "code": 529})
    assert b"[DONE]" not in reply.body()
    assert b'"finish_reason":"' not in reply.body()
    with pytest.raises(openai.APIError, match="overloaded"):
        ask(reply)


def test_events_are_literal_and_may_be_endless() -> None:
    """A generator is drawn from as the stream goes on; comments, strings and JSON go through as they are."""

    def items() -> Any:
        yield b": keep-alive\n\n"
        while True:
            yield {
                "id": "c",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": [{"index": 0, "delta": {"content": "x"}}],
            }

    with ScriptedServer([Reply.events(items())]) as server, client(server) as reader:
        with reader.chat.completions.create(model="m", messages=QUESTION, stream=True) as stream:
            assert [next(stream).choices[0].delta.content for _ in range(2000)] == ["x"] * 2000
        server.wait_closed()


def test_a_web_page_and_plain_json_can_stand_where_a_stream_should() -> None:
    """What is not a stream is sent with its own content type."""
    with ScriptedServer([Reply.html("<h1>no</h1>", status=203), Reply.json({"a": 1})], api_key=None) as server:
        asked = {"model": "m", "messages": QUESTION, "stream": True}
        page, data = (httpx.post(f"{server.base_url}/chat/completions", json=asked) for _ in range(2))
    assert (page.status_code, page.text, page.headers["content-type"]) == (203, "<h1>no</h1>", "text/html; charset=utf-8")
    assert data.json() == {"a": 1}


def test_headers_can_be_added_to_any_reply() -> None:
    """Request ids, rate limits and redirects are headers."""
    reply = Reply.text("x").with_headers({"x-request-id": "r1"})
    with ScriptedServer(reply) as server, client(server) as reader:
        raw = reader.chat.completions.with_raw_response.create(model="m", messages=QUESTION)
        assert raw.headers["x-request-id"] == "r1"


def test_a_gate_lets_out_exactly_the_tokens_it_is_told_to() -> None:
    """After release(n) n tokens have left and the answer runs; one more permit ends it. No time passes by itself."""
    gate = Gate()
    with ScriptedServer(Reply.text("one two three", gate=gate)) as server, client(server) as reader:
        with reader.chat.completions.create(model="m", messages=QUESTION, stream=True) as stream:
            assert next(stream).choices[0].delta.role == "assistant"
            for number, token in enumerate(["one", " two", " three"], 1):
                gate.wait_reached(number)
                gate.release()
                assert next(stream).choices[0].delta.content == token
            gate.wait_reached(4)
            assert server.open_streams == 1
            gate.release()
            assert [chunk.choices[0].finish_reason for chunk in stream if chunk.choices] == ["stop"]
        server.wait_idle()
        assert server.closed == ()


def test_a_whole_completion_comes_when_its_last_token_would_have() -> None:
    """Without a stream the gate holds the one object back: one permit for each token, and one for the ending."""
    gate = Gate()
    with ScriptedServer(Reply.text("one two", gate=gate)) as server, client(server) as reader:
        found: list[str | None] = []

        def ask_whole() -> None:
            answer = reader.chat.completions.create(model="m", messages=QUESTION)
            found.append(answer.choices[0].message.content)

        thread = threading.Thread(target=ask_whole)
        thread.start()
        gate.release(2)
        gate.wait_reached(3)
        assert found == []
        gate.release()
        thread.join(10)
        assert found == ["one two"]


def test_a_delay_is_a_pause_before_each_token() -> None:
    """And before nothing else."""
    request = Request(1, "POST", "/v1/chat/completions", {}, b'{"model": "m", "stream": true}')
    steps = list(Reply.text("one two", delay=0.5).make(request).wire())
    assert [isinstance(step, float) for step in steps] == [False, True, False, True, False, False, False, False, False]
    assert steps[1] == 0.5


def test_a_client_that_leaves_is_noticed_at_once_and_by_name() -> None:
    """Closing the socket in mid-answer is an event with its request and its time; an answer read to its end is none."""
    gate = Gate()
    with ScriptedServer([Reply.text("x"), Reply.text("y z", gate=gate)]) as server, client(server) as reader:
        chunks(reader)
        stream = reader.chat.completions.create(model="m", messages=QUESTION, stream=True)
        gate.wait_reached(1)
        stream.close()
        [closed] = server.wait_closed()
        assert closed.request is server.chats[1]
        assert closed.time >= closed.request.time
        server.wait_idle()


def test_a_reply_can_be_held_back_header_and_all() -> None:
    """`after` is a provider that takes its time before the first byte."""
    gate = Gate()
    with ScriptedServer(Reply.text("late").after(gate), api_key=None) as server, client(server) as reader:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(text_of(chunks(reader))))
        thread.start()
        gate.wait_reached(1)
        assert found == []
        gate.open()
        thread.join(10)
        assert found == ["late"]


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


def test_filler_text_is_always_the_same() -> None:
    """`lorem` gives as many tokens as asked for, in sentences and paragraphs."""
    assert lorem(500)[:300] == [*lorem(300)[:299], lorem(500)[299]]
    assert len(lorem(500)) == 500
    assert "".join(lorem(97)).count("\n\n") == 1
    assert "".join(lorem(12)).endswith(".")


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
