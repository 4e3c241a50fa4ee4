"""The official openai client as a reader of scripted servers."""

from __future__ import annotations

from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk

from nbchat.testing import Script, ScriptedServer

__all__ = ["QUESTION", "ask", "chunks", "client", "text_of"]


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
