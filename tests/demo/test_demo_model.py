"""What the demo model says, read with the official openai client."""

from __future__ import annotations

import json
import re
from typing import Any

import openai
import pytest

import nbchat
from nbchat._server.answers import long_answer
from nbchat.demo import DemoServer
from nbchat.testing import Request


def ask(question: str, *, model: str = "demo", before: Any = (), server: DemoServer | None = None) -> dict[str, Any]:
    """The text, reasoning, tool names, usage and finish reason of one streamed answer."""
    if server is None:
        with DemoServer(pace=0) as own:
            return ask(question, model=model, before=before, server=own)
    found: dict[str, Any] = {"text": "", "reasoning": "", "tools": "", "usage": None, "finish": None}
    messages: Any = [*before, {"role": "user", "content": question}]
    client = openai.OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0)
    with client, client.chat.completions.create(model=model, messages=messages, stream=True) as stream:
        for chunk in stream:
            found["usage"] = chunk.usage or found["usage"]
            for choice in chunk.choices:
                found["text"] += choice.delta.content or ""
                found["reasoning"] += choice.delta.model_dump().get("reasoning_content") or ""
                for call in choice.delta.tool_calls or ():
                    found["tools"] += (call.function and call.function.name) or ""
                found["finish"] = choice.finish_reason or found["finish"]
    return found


def test_it_says_plainly_that_it_is_no_language_model_and_quotes_the_question() -> None:
    """A newcomer is never led to take it for one."""
    text = ask("How are you?\nReally?")["text"]
    assert "*not* a language model" in text
    assert "> How are you?\n> Really?\n" in text


def test_the_same_question_gets_the_same_answer() -> None:
    """It is deterministic across servers, for the answer and for what it counts."""
    assert ask("hello") == ask("hello")
    assert ask("hello")["text"] != ask("goodbye")["text"]


def test_every_word_that_it_offers_does_what_it_says() -> None:
    """The welcome's list and the answers are one thing: each word leads elsewhere than the welcome."""
    offered = re.findall(r"`([^`]+)`", ask("hi")["text"].partition("| word |")[2].partition("Several words")[0])
    assert set(offered) >= {"markdown", "code", "table", "math", "reasoning", "tool", "long", "long 5000", "error 429"}
    with DemoServer(pace=0) as server:
        for words in offered:
            try:
                assert "*not* a language model" not in ask(words, server=server)["text"]
            except openai.APIError:
                assert words.startswith("error")
            except AttributeError:  # the client takes a web page for an empty stream
                assert words == "error html"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Show me some code.", "```python\ndef "),
        ("Show me a table,\nplease.", "|:--|--:|"),
        ("MATH!", r"e^{i\pi} + 1 = 0"),
        ("markdown", "1. Numbered lists"),
        ("what about errors", "`error 401`"),
    ],
)
def test_words_choose_what_is_shown(question: str, expected: str) -> None:
    """Case and punctuation around a word do not matter."""
    assert expected in ask(question)["text"]


def test_words_inside_other_words_choose_nothing() -> None:
    """ "unstable" is no "table", "decode" no "code"."""
    assert "You wrote:" in ask("unstable decoders belong to aftermath")["text"]


def test_several_words_give_several_parts() -> None:
    """One question can ask for a whole page."""
    text = ask("code, table and math")["text"]
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Code", "## A table", "## Math"]


def test_reasoning_comes_apart_and_is_counted() -> None:
    """Reasoning tokens are a part of the completion's."""
    found = ask("reasoning")
    usage = found["usage"]
    assert found["reasoning"].startswith("The question has the word")
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens


def test_a_tool_call_is_only_made_when_asked_for() -> None:
    """Its finish reason says so."""
    assert (ask("tool")["tools"], ask("tool")["finish"]) == ("get_weather", "tool_calls")
    assert (ask("hi")["tools"], ask("hi")["finish"]) == ("", "stop")


def test_long_answers_have_exactly_the_tokens_asked_for() -> None:
    """`long 5000` is for measuring as well as for watching; usage agrees."""
    for question, tokens in (("something long", 800), ("long 1", 1), ("please, LONG 5000", 5000)):
        found = ask(question)
        assert found["usage"].completion_tokens == tokens
        assert found["text"] == "".join(long_answer(tokens))


def test_usage_is_reported_and_the_demo_is_free() -> None:
    """Prompt tokens grow with the conversation; the cost is the provider's own figure: nothing."""
    short = ask("hi")["usage"]
    talk = [{"role": "user", "content": "one two three"}, {"role": "assistant", "content": "four five"}]
    longer = ask("hi", before=talk)["usage"]
    assert short.total_tokens == short.prompt_tokens + short.completion_tokens
    assert longer.prompt_tokens == short.prompt_tokens + 5
    assert short.model_dump()["cost"] == 0


def test_it_shows_that_the_conversation_is_sent_along() -> None:
    """Earlier messages and a system prompt are mentioned, and nothing of the kind for a first question."""
    talk = [{"role": "system", "content": "Be nice."}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert "With it came 3 messages, your earlier ones included and a system prompt" in ask("hi", before=talk)["text"]
    assert "With it came" not in ask("hi")["text"]


def test_code_that_it_shows_uses_only_public_names() -> None:
    """What a newcomer copies from the welcome exists."""
    text = ask("hi")["text"]
    assert "nbchat.add_provider" in text
    for name in re.findall(r"\bnbchat\.(\w+)", text):
        assert name in nbchat.__all__


@pytest.mark.parametrize("status", [400, 401, 402, 404, 418, 429, 500, 503, 599])
def test_http_errors_come_when_asked_for(status: int) -> None:
    """`error <status>` is that status, in OpenAI's words; the one after it is answered."""
    with DemoServer(pace=0) as server:
        with pytest.raises(openai.APIStatusError, match=f"asked the demo for error {status}") as raised:
            ask(f"Give me an error {status}!", server=server)
        assert raised.value.status_code == status
        assert ("retry-after" in raised.value.response.headers) == (status in (429, 503))
        assert ask("hi", server=server)["finish"] == "stop"


@pytest.mark.parametrize(("question", "reason"), [("error cut", "Connection error"), ("error stream", "You asked for an error")])
def test_answers_break_when_asked_for(question: str, reason: str) -> None:
    """Part of the answer comes first."""
    with pytest.raises(openai.APIError, match=reason):
        ask(question)


def test_the_word_error_alone_is_answered() -> None:
    """Somebody who pastes a traceback is not given a failure."""
    assert "next question works" in ask("Why this error: KeyError 42?")["text"]


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    """A wrong model id is a 404 that helps."""
    with pytest.raises(openai.NotFoundError, match=r"`gpt-x` does not exist.*demo and demo-slow"):
        ask("hi", model="gpt-x")


def test_both_models_are_listed() -> None:
    """A model menu shows them."""
    with DemoServer() as server, openai.OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        assert [model.id for model in client.models.list()] == ["demo", "demo-slow"]


@pytest.mark.parametrize(("pace", "model", "pause"), [(50, "demo", 0.02), (50, "demo-slow", 0.1), (0, "demo", None)])
def test_a_pace_is_a_pause_before_each_token(pace: float, model: str, pause: float | None) -> None:
    """So many tokens a second; 0 is without pauses, and "demo-slow" is slow at any pace."""
    asked = {"model": model, "stream": True, "messages": [{"role": "user", "content": "long 4"}]}
    request = Request(1, "POST", "/v1/chat/completions", {}, json.dumps(asked).encode())
    made = DemoServer(pace=pace)._say(request).make(request)
    assert [step for step in made.wire() if isinstance(step, float)] == ([] if pause is None else [pause] * 4)


def test_each_server_has_a_key_and_a_port_of_its_own() -> None:
    """Whoever else is on this machine cannot use it."""
    with DemoServer() as one, DemoServer() as two:
        assert one.api_key != two.api_key
        assert one.port != two.port
        assert one.api_key is not None
        assert len(one.api_key) > 30
