"""Scripted replies as the official openai client reads them: usage, reasoning, calls, errors, whatever else a body can be."""

from __future__ import annotations

from typing import Any, get_args

import httpx
import openai
import pytest

from nbchat.testing import Reply, ScriptedServer, UsageShape, lorem
from tests.demo.openai_reader import QUESTION, ask, client, text_of


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


def test_filler_text_is_always_the_same() -> None:
    """`lorem` gives as many tokens as asked for, in sentences and paragraphs."""
    assert lorem(500)[:300] == [*lorem(300)[:299], lorem(500)[299]]
    assert len(lorem(500)) == 500
    assert "".join(lorem(97)).count("\n\n") == 1
    assert "".join(lorem(12)).endswith(".")
