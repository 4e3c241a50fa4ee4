"""The same bytes read by the official openai client: text, reasoning, tool calls, finish reason and usage agree.

Where that client is known to be wrong, a vector says `"oracle": false` and why.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.errors import ProviderError
from nbchat.core.messages import Message, TextPart, ToolCallPart
from nbchat.core.requests import ModelRequest
from tests.providers.raw_server import KEY, Connection, endpoint, framed, serving

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "chat_completions"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(VECTORS.glob("*.json"))
    for case in json.loads(path.read_text())
    if case["oracle"]
]
REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))


@dataclass
class Reading:
    """What a client made of a stream."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    finish: str | None = None
    tokens: tuple[int | None, int | None, int | None, int | None] | None = None
    failed: bool = False


async def read_openai(base_url: str) -> Reading:
    """Read one answer with the official client."""
    reading, calls = Reading(), dict[int, list[str]]()
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        try:
            stream = await client.chat.completions.create(
                model="tiny", messages=[{"role": "user", "content": "hi"}], stream=True, stream_options={"include_usage": True}
            )
            async for chunk in stream:
                if chunk.usage is not None:
                    reading.tokens = tokens_of(chunk.usage)
                for choice in chunk.choices:
                    if choice.index == 0:
                        take(reading, calls, choice)
        except openai.APIError:
            reading.failed = True
        except json.JSONDecodeError:  # the client lets its parser's error through
            reading.failed = True
    reading.calls = [(call[0], call[1], call[2]) for _, call in sorted(calls.items())]
    return reading


def take(reading: Reading, calls: dict[int, list[str]], choice: Any) -> None:
    delta = choice.delta
    reading.text += delta.content or ""
    reading.reasoning += getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or ""
    for call in delta.tool_calls or ():
        held = calls.setdefault(call.index, ["", "", ""])
        held[0] = held[0] or call.id or ""
        held[1] = held[1] or (call.function.name or "")
        held[2] += call.function.arguments or ""
    reading.finish = choice.finish_reason or reading.finish


def tokens_of(usage: Any) -> tuple[int | None, int | None, int | None, int | None]:
    source, answer = usage.prompt_tokens_details, usage.completion_tokens_details
    return (
        usage.prompt_tokens,
        usage.completion_tokens,
        None if source is None else source.cached_tokens,
        None if answer is None else answer.reasoning_tokens,
    )


async def read_ours(base_url: str) -> Reading:
    """Read one answer with our endpoint."""
    reading, turn, provider = Reading(), TurnAccumulator(), endpoint(base_url)
    try:
        async for batch in provider.stream(REQUEST):
            for event in batch:
                turn.apply(event)
    except ProviderError:
        reading.failed = True
    await provider.aclose()
    message = Message("a", "assistant", turn.parts)
    reading.text, reading.reasoning = message.text, message.reasoning
    reading.calls = [(part.id, part.name, part.arguments) for part in turn.parts if isinstance(part, ToolCallPart)]
    reading.finish = None if turn.finish is None else turn.finish.reason
    if turn.report is not None:
        usage = turn.report.usage
        reading.tokens = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
    return reading


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_the_official_client(case: dict[str, Any]) -> None:
    """Both clients read the same from the same server, except that a cut is an error for ours alone."""
    pieces = [c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in case["chunks"]]
    response = framed([b"data: " + piece.encode() + b"\n\n" for piece in pieces], "chunked")

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(response)

    async def main() -> tuple[Reading, Reading]:
        async with serving(script) as server:
            return await read_ours(server.base_url), await read_openai(server.base_url)

    ours, theirs = asyncio.run(main())
    if theirs.tokens == (0, 0, None, None):
        theirs.tokens = None
    if not case["finished"]:
        assert ours.failed
        theirs.failed = True
    if ours.tokens is not None and ours.tokens[2] is not None and theirs.tokens is not None and theirs.tokens[2] is None:
        theirs.tokens = (*theirs.tokens[:2], ours.tokens[2], theirs.tokens[3])  # DeepSeek's own field, which it does not know
    assert ours == theirs


def test_there_are_enough_cases() -> None:
    """An empty list of vectors would pass the test above."""
    assert len(CASES) > 25
