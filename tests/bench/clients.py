"""The other ways to read an answer, each as cheap as it can be written by hand: contestants of the ingest benchmarks.

All of them decode every chunk and hand its text to `took`. What one needs is imported by its `load`, which is measured too.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

__all__ = [
    "KEY",
    "Client",
    "Httpx",
    "HttpxSse",
    "OpenAi",
    "OpenAiSync",
    "RawAsyncio",
    "RawSocket",
    "Thin",
    "Took",
    "text_decoder",
]

KEY = "sk-loopback"
_QUESTION: list[Any] = [{"role": "user", "content": "go"}]
Took: TypeAlias = Callable[[str], object]


class Client(Protocol):
    """One way to read answers."""

    def load(self) -> None:
        """Import what it needs."""

    async def open(self, base_url: str) -> None:
        """Make what is made once."""

    async def ask(self, model: str, took: Took) -> None:
        """Read one answer to its end."""

    async def aclose(self) -> None:
        """Release connections."""


def asked(model: str) -> dict[str, Any]:
    """The body of every request."""
    return {"model": model, "stream": True, "messages": _QUESTION}


def text_decoder() -> Callable[[bytes], Any]:
    """The cheapest decoder of a chunk: msgspec, and of all fields only the text."""
    import msgspec

    delta = msgspec.defstruct("Delta", [("content", str | None, None)])
    choice = msgspec.defstruct("Choice", [("delta", delta)])
    chunk = msgspec.defstruct("Chunk", [("choices", list[choice])])  # type: ignore[valid-type]  # made a line above
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(chunk).decode
    return decode


def request_bytes(base_url: str, model: str) -> bytes:
    body = json.dumps(asked(model)).encode()
    head = ["POST /v1/chat/completions HTTP/1.1", f"host: {urlsplit(base_url).netloc}", f"authorization: Bearer {KEY}"]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", ""]).encode() + body


class RawSocket:
    """The lower bound: a blocking socket, its bytes cut at line ends, msgspec."""

    def load(self) -> None:
        self._decode = text_decoder()

    async def open(self, base_url: str) -> None:
        self._base_url = base_url
        self._socket = socket.create_connection(("127.0.0.1", urlsplit(base_url).port or 0))

    async def ask(self, model: str, took: Took) -> None:
        decode, receive, rest = self._decode, self._socket.recv, b""
        self._socket.sendall(request_bytes(self._base_url, model))
        while not rest.endswith(b"\r\n0\r\n\r\n"):
            *lines, rest = (rest + receive(65536)).split(b"\n\n")
            for line in lines:
                start = line.find(b"data: {")
                if start >= 0 and (text := decode(line[start + 6 :]).choices[0].delta.content):
                    took(text)

    async def aclose(self) -> None:
        self._socket.close()


class _RawProtocol(asyncio.Protocol):
    """The same on an event loop: decodes where the bytes arrive."""

    def __init__(self, decode: Callable[[bytes], Any], took: Took) -> None:
        self._decode = decode
        self._took = took
        self._rest = b""
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        decode, took = self._decode, self._took
        *lines, self._rest = (self._rest + data).split(b"\n\n")
        for line in lines:
            start = line.find(b"data: {")
            if start >= 0 and (text := decode(line[start + 6 :]).choices[0].delta.content):
                took(text)
        if self._rest.endswith(b"\r\n0\r\n\r\n"):
            self.ended.set_result(None)


class RawAsyncio:
    """A protocol of asyncio and msgspec; a connection for each answer."""

    def load(self) -> None:
        self._decode = text_decoder()

    async def open(self, base_url: str) -> None:
        self._base_url = base_url

    async def ask(self, model: str, took: Took) -> None:
        loop, port = asyncio.get_running_loop(), urlsplit(self._base_url).port or 0
        transport, protocol = await loop.create_connection(lambda: _RawProtocol(self._decode, took), "127.0.0.1", port)
        transport.write(request_bytes(self._base_url, model))
        await protocol.ended
        transport.close()

    async def aclose(self) -> None:
        pass


class Httpx:
    """httpx with its own transport, raw bytes and msgspec: what a careful hand writes without a client library."""

    def load(self) -> None:
        import httpx

        self._httpx = httpx
        self._decode = text_decoder()

    async def open(self, base_url: str) -> None:
        self._url = f"{base_url}/chat/completions"
        self._client = self._httpx.AsyncClient(
            headers={"Authorization": f"Bearer {KEY}", "Accept-Encoding": "identity"},
            timeout=None,
            limits=self._httpx.Limits(max_connections=None),
        )

    async def ask(self, model: str, took: Took) -> None:
        decode, rest = self._decode, b""
        async with self._client.stream("POST", self._url, json=asked(model)) as response:
            async for data in response.aiter_raw():
                *lines, rest = (rest + data).split(b"\n\n")
                for line in lines:
                    if line.startswith(b"data: {") and (text := decode(line[6:]).choices[0].delta.content):
                        took(text)

    async def aclose(self) -> None:
        await self._client.aclose()


class HttpxSse(Httpx):
    """httpx, httpx-sse and json: what the field's recipes say."""

    def load(self) -> None:
        super().load()
        import httpx_sse

        self._connect = httpx_sse.aconnect_sse

    async def ask(self, model: str, took: Took) -> None:
        async with self._connect(self._client, "POST", self._url, json=asked(model)) as source:
            async for sse in source.aiter_sse():
                if sse.data == "[DONE]":
                    continue
                text = json.loads(sse.data)["choices"][0]["delta"].get("content")
                if text:
                    took(text)


class Thin(Httpx):
    """nbchat's connections without the rest of nbchat: its HttpClient, raw bytes and msgspec."""

    def load(self) -> None:
        from nbchat.providers.http import HttpClient

        self._make = HttpClient
        self._decode = text_decoder()

    async def open(self, base_url: str) -> None:
        self._http = self._make(base_url, {}, connect=10)

    async def ask(self, model: str, took: Took) -> None:
        from nbchat.core.secrets import Secret

        decode, rest, body = self._decode, b"", json.dumps(asked(model)).encode()
        exchange = self._http.send("POST", "/chat/completions", body=body, accept="text/event-stream", key=Secret(KEY))
        await exchange.head()
        while data := await exchange.read():
            *lines, rest = (rest + data).split(b"\n\n")
            for line in lines:
                if line.startswith(b"data: {") and (text := decode(line[6:]).choices[0].delta.content):
                    took(text)
        await exchange.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()


class OpenAi:
    """The official client."""

    def load(self) -> None:
        import openai

        self._openai = openai

    async def open(self, base_url: str) -> None:
        self._client = self._openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0, timeout=None)

    async def ask(self, model: str, took: Took) -> None:
        stream = await self._client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "go"}], stream=True
        )
        async for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    took(choice.delta.content)

    async def aclose(self) -> None:
        await self._client.close()


class OpenAiSync:
    """The official client without an event loop."""

    def load(self) -> None:
        import openai

        self._openai = openai

    async def open(self, base_url: str) -> None:
        self._client = self._openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=0, timeout=None)

    async def ask(self, model: str, took: Took) -> None:
        stream = self._client.chat.completions.create(model=model, messages=_QUESTION, stream=True)
        for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    took(choice.delta.content)

    async def aclose(self) -> None:
        self._client.close()
