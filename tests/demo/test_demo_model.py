"""What the demo model says, read with the official openai client."""

from __future__ import annotations

import dataclasses
import enum
import json
import re
from typing import Any, Literal

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbchat
from nbchat._server.answers import long_answer
from nbchat._server.examples import example
from nbchat.core.hints import shape_of
from nbchat.core.tools import tool_of
from nbchat.demo import DemoServer
from nbchat.testing import Request


def ask(
    question: str, *, model: str = "demo", before: Any = (), after: Any = (), tools: Any = None, server: DemoServer | None = None
) -> dict[str, Any]:
    """The text, reasoning, tool names, their arguments, usage and finish reason of one streamed answer."""
    if server is None:
        with DemoServer(pace=0) as own:
            return ask(question, model=model, before=before, after=after, tools=tools, server=own)
    found: dict[str, Any] = {"text": "", "reasoning": "", "tools": "", "arguments": "", "usage": None, "finish": None}
    messages: Any = [*before, {"role": "user", "content": question}, *after]
    client = openai.OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0)
    more = {} if tools is None else {"tools": tools}
    with client, client.chat.completions.create(model=model, messages=messages, stream=True, **more) as stream:
        for chunk in stream:
            found["usage"] = chunk.usage or found["usage"]
            for choice in chunk.choices:
                found["text"] += choice.delta.content or ""
                found["reasoning"] += choice.delta.model_dump().get("reasoning_content") or ""
                for call in choice.delta.tool_calls or ():
                    found["tools"] += (call.function and call.function.name) or ""
                    found["arguments"] += (call.function and call.function.arguments) or ""
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


def test_of_a_long_question_the_end_is_quoted() -> None:
    """What goes along with it stands before; one of a single paragraph is quoted from its beginning."""
    assert "You wrote:\n\n> (402 characters, and then:)\n> \n> why?\n\nPut" in ask("x" * 400 + "\n\nwhy?")["text"]
    assert f"You wrote:\n\n> {'x' * 300} …\n" in ask("x" * 400)["text"]
    assert "> short\n> \n> why?" in ask("short\n\nwhy?")["text"]


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


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


def look_up(city: str, unit: Literal["celsius", "kelvin"]) -> str:
    """Look it up."""
    return f"{city} {unit}"


def offered(*functions: Any) -> list[dict[str, Any]]:
    specs = [tool_of(function).spec for function in functions]
    return [
        {"type": "function", "function": {"name": spec.name, "description": spec.description, "parameters": spec.parameters}}
        for spec in specs
    ]


def results(*texts: str) -> list[dict[str, Any]]:
    """The end of a tool round that gave these texts."""
    calls = [{"id": f"c{n}", "type": "function", "function": {"name": "add", "arguments": "{}"}} for n in range(len(texts))]
    given = [{"role": "tool", "tool_call_id": f"c{n}", "content": text} for n, text in enumerate(texts)]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *given]


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("use a tool", "add", '{"a": 2}'),
        ("Use the tool look_up, please", "look_up", '{"city": "Oslo", "unit": "celsius"}'),
    ],
)
def test_a_real_tool_is_really_called(question: str, name: str, arguments: str) -> None:
    """The first of those that came, or the one that is named, with arguments that fit its schema."""
    found = ask(question, tools=offered(add, look_up))
    assert (found["tools"], found["arguments"], found["finish"]) == (name, arguments, "tool_calls")
    assert f"`{name}`" in found["text"]


def test_what_a_tool_gave_is_the_answer() -> None:
    """No further call follows, whether tools come along or not; text that has fences of its own is fenced by longer ones."""
    for tools in (None, offered(add)):
        found = ask("use a tool and a table", after=results("5", "```\nx"), tools=tools)
        assert "```text\n5\n```\n" in found["text"]
        assert "````text\n```\nx\n````\n" in found["text"]
        assert "|:--|--:|" in found["text"]
        assert "Nothing is run" not in found["text"]
        assert (found["tools"], found["finish"]) == ("", "stop")


def test_tools_are_not_called_unasked() -> None:
    """And a question after a tool round begins anew."""
    assert ask("hi", tools=offered(add))["tools"] == ""
    before = [{"role": "user", "content": "use a tool"}, *results("5"), {"role": "assistant", "content": "5"}]
    assert "You wrote:" in ask("hi", before=before, tools=offered(add))["text"]
    assert ask("the tool again", before=before, tools=offered(add))["tools"] == "add"


class Unit(enum.Enum):
    METRE = "m"


@dataclasses.dataclass
class Place:
    lat: float
    unit: Unit
    tags: list[str]


@pytest.mark.parametrize(
    "hint",
    [
        str, int, float, bool, None, Any, Unit, Place, int | None, int | str, Literal["b", "a"], list[int], set[str],
        dict[str, int], tuple[int, str], tuple[int, str, bool], tuple[Place, ...], list[Place | None], tuple[()], list[int | str],
    ],
)  # fmt: skip
def test_its_arguments_fit_every_schema_that_hints_make(hint: Any) -> None:
    """What the demo calls, the kernel can run."""
    made = shape_of(hint, "p")
    made.read(json.loads(json.dumps(example(made.schema, "p"))), "p")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "enum", "required", "minItems", "maximum", "const", "a"]),
            inner | st.lists(inner) | st.sampled_from(["object", "array", "integer"]) | st.just(["string", "null"]),
        ),
    )
)
def test_no_schema_breaks_it(schema: Any) -> None:
    """Other clients send what they like."""
    json.dumps(example(schema))


def test_long_answers_have_exactly_the_tokens_asked_for() -> None:
    """`long 5000` is for measuring as well as for watching; usage agrees."""
    for question, tokens in (("something long", 800), ("long 1", 1), ("please, LONG 5000", 5000)):
        found = ask(question)
        assert found["usage"].completion_tokens == tokens
        assert found["text"] == "".join(long_answer(tokens))


def test_an_answer_is_no_longer_than_wanted() -> None:
    """`max_tokens` cuts it, and the finish reason says so."""
    with DemoServer(pace=0) as server, openai.OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        done = client.chat.completions.create(model="demo", messages=[{"role": "user", "content": "long"}], max_tokens=7)
    assert (done.choices[0].finish_reason, done.usage and done.usage.completion_tokens) == ("length", 7)


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


def test_it_goes_on_with_an_answer_that_it_is_given() -> None:
    """The assistant's message comes last: what follows is what was not said yet, without another call or second thoughts."""
    whole = ask("long 30 and reasoning")
    for cut in (1, 7, len(whole["text"]) - 1):
        begun = [{"role": "assistant", "content": whole["text"][:cut]}]
        rest = ask("long 30 and reasoning", after=begun)
        assert (begun[0]["content"] + rest["text"], rest["reasoning"]) == (whole["text"], "")
    assert ask("table", after=[{"role": "assistant", "content": "Something else."}])["text"] == ask("table")["text"]
