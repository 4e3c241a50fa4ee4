"""Tools, history and wire together, over real HTTP: what a round of calls looks like to the server."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.messages import Message, TextPart, ToolCallPart
from nbchat.core.models import Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.demo import DemoServer
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.presets import PRESETS
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.history import history_for
from nbchat.sessions.toolbox import ToolBox
from nbchat.testing import Reply, ScriptedServer


def add(a: int, b: int = 40) -> int:
    """Add two numbers."""
    return a + b


def shout(text: str) -> str:
    """Make it loud."""
    return text.upper()


async def converse(server: ScriptedServer | DemoServer, *functions: Callable[..., Any], question: str = "use a tool") -> Message:
    """Ask, run what is called for, and ask again, until no call comes."""
    box = ToolBox(lambda: None, lambda _: None, lambda: False)
    box.set(functions)
    box.allow(*[spec.name for spec in box.specs])
    provider = Provider("lab", server.base_url)
    secret = Secret(server.api_key or "")
    endpoint = Endpoint(lambda: provider, lambda: (provider, secret), SystemClock())
    asked = Message("q", "user", (TextPart(question),))
    answer = Message("a", "assistant")
    for _ in range(5):
        content = TurnAccumulator()
        request = ModelRequest("r", server.models[0], history_for([asked, answer], "be brief"), tools=box.specs)
        async for batch in endpoint.stream(request):
            for event in batch:
                content.apply(event)
        calls = [part for part in content.parts if isinstance(part, ToolCallPart)]
        await box.run(calls, content.apply)
        answer = answer.with_parts(answer.parts + content.parts)
        if not calls:
            break
    await endpoint.aclose()
    return answer


def test_rounds_of_calls_and_their_results() -> None:
    """Each round's request brings the results of the one before; ids that begin anew are told apart."""
    script = [
        Reply.text("Let me see.", tool_calls=[("add", {"a": 2}), ("shout", '{"text": "hi"}')]),
        Reply.text("", tool_calls=[("add", '{"a": "x"}'), ("nothing", "{")]),
        Reply.text("42 and HI."),
    ]
    with ScriptedServer(script) as server:
        answer = asyncio.run(converse(server, add, shout))
    assert answer.text == "Let me see.42 and HI."
    first, second, third = server.chats
    assert [tool["name"] for tool in first.tools] == ["add", "shout"]
    assert first.results == {}
    assert second.results == {"call_1": "42", "call_2": "HI"}
    assert third.results == {
        "call_1-2": "not run: a must be an integer, not the string 'x'",
        "call_2-2": "not run: there is no tool 'nothing'; the tools are add, shout",
    }
    assert [call["function"]["arguments"] for call in third.messages[-3]["tool_calls"]] == ['{"a": "x"}', "{}"]


def test_each_round_begins_as_the_one_before() -> None:
    """L25: what a provider has cached of a conversation it finds again, tools and system prompt and all."""
    script = [Reply.text("", tool_calls=[("add", {"a": n})]) for n in range(3)]
    with ScriptedServer([*script, Reply.text("done")]) as server:
        asyncio.run(converse(server, add))
    bodies = [(chat.json["tools"], json.dumps(chat.messages)[:-1]) for chat in server.chats]
    assert len(bodies) == 4
    for (tools, before), (later_tools, after) in itertools.pairwise(bodies):
        assert tools == later_tools
        assert after.startswith(before)


def test_the_demo_calls_a_tool_of_the_person() -> None:
    """A first notebook sees a call, its run and its result without any key."""
    with DemoServer(pace=0) as server:
        answer = asyncio.run(converse(server, add))
    assert [part.type for part in answer.parts] == ["text", "tool-call", "tool-result", "text"]
    assert "```text\n42\n```" in answer.text


@pytest.mark.parametrize("preset", PRESETS)
def test_an_endpoint_says_whether_its_server_goes_on_with_an_answer(preset: str) -> None:
    """Only where every model of that server does."""
    provider = Provider("lab", "http://127.0.0.1:1/v1", preset=preset)
    endpoint = Endpoint(lambda: provider, lambda: (provider, None), SystemClock())
    assert endpoint.continues == (preset in ("mistral", "ollama", "llamacpp", "vllm"))
