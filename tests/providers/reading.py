"""One answer as two clients read it: ours and the official openai client."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import openai

from nbchat.core.errors import ProviderError
from nbchat.core.messages import Message, TextPart, ToolCallPart
from nbchat.core.requests import ModelRequest
from tests.providers.raw_server import KEY, endpoint
from tests.support.folding import WholeFold

__all__ = ["Reading", "read_openai", "read_ours"]


@dataclass
class Reading:
    """What a client made of a stream."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    finish: str | None = None
    tokens: tuple[int | None, int | None, int | None, int | None] | None = None
    cost: str | None = None
    failed: bool = False
    status: int | None = None
    code: str | None = None


async def read_openai(base_url: str, question: str = "hi", model: str = "tiny") -> Reading:
    """Read one answer with the official client."""
    reading, calls = Reading(), dict[int, list[str]]()
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        try:
            stream = await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": question}],
                stream=True,
                stream_options={"include_usage": True},
            )
            try:
                async for chunk in stream:
                    take(reading, calls, chunk)
            finally:
                await stream.close()
        except openai.APIError as error:
            reading.failed = True
            reading.status = error.status_code if isinstance(error, openai.APIStatusError) else None
            reading.code = error.code
        except (json.JSONDecodeError, AttributeError, TypeError):
            reading.failed = True  # it lets its parser's error through, or hands out what its own types exclude
    reading.calls = [(call[0], call[1], call[2]) for _, call in sorted(calls.items())]
    return reading


def take(reading: Reading, calls: dict[int, list[str]], chunk: Any) -> None:
    if chunk.usage is not None:
        reading.tokens = tokens_of(chunk.usage)
        cost = getattr(chunk.usage, "cost", None)
        reading.cost = None if cost is None else str(cost)
    for choice in chunk.choices:
        if choice.index == 0:
            take_choice(reading, calls, choice)


def take_choice(reading: Reading, calls: dict[int, list[str]], choice: Any) -> None:
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


async def read_ours(base_url: str, question: str = "hi", model: str = "tiny") -> Reading:
    """Read one answer with our endpoint."""
    reading, turn, provider = Reading(), WholeFold(), endpoint(base_url)
    try:
        async for batch in provider.stream(ModelRequest("r", model, (Message("m", "user", (TextPart(question),)),))):
            for event in batch:
                turn.apply(event)
    except ProviderError as error:
        reading.failed, reading.status, reading.code = True, error.status, error.code
    await provider.aclose()
    message = Message("a", "assistant", turn.parts)
    reading.text, reading.reasoning = message.text, message.reasoning
    reading.calls = [(part.id, part.name, part.arguments) for part in turn.parts if isinstance(part, ToolCallPart)]
    reading.finish = None if turn.finish is None else turn.finish.reason
    if turn.report is not None:
        usage = turn.report.usage
        reading.tokens = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
        reading.cost = None if turn.report.cost is None else str(turn.report.cost.amount)
    return reading
