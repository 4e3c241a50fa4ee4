"""A key is nowhere but in the one header: not in reprs, errors, DEBUG logs, or tracebacks that show every variable."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import trustme

from nbchat.core.errors import ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.making import make_provider
from nbchat.providers.registry import ProviderRegistry
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
from tests.providers.raw_server import HELLO, KEY, Connection, chunk, endpoint, framed, serving
from tests.providers.secure_server import proxying, secure

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
PASSWORD = "pw-CANARY-41"
ROOT = Path(__file__).resolve().parents[2]
ECHO = json.dumps({"error": {"message": f"Incorrect key {KEY} in ?key={KEY}", "code": "invalid_api_key"}}).encode()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says at any level."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


RESPONSES = {
    "answer": framed(HELLO, "chunked"),
    "echo": framed([ECHO], "length", head="401 Unauthorized", kind="application/json", extra=f"X-Key: {KEY}\r\n"),
    "echo in mid-stream": framed([chunk("a"), b"data: " + ECHO + b"\n\n"], "chunked"),
    "echo in a 200": framed([ECHO], "length", kind="application/json"),
    "page": framed([f"<html>{KEY}</html>".encode()], "length", kind="text/html"),
    "redirect": framed([], "length", head="302 Found", extra=f"Location: https://x/{KEY}\r\n"),
    "junk": b"junk " + KEY.encode() + b"\r\n\r\n",
    "cut": framed([chunk("a")], "length")[:-9],
    "reset": b"",
}


async def looked_at(base_url: str) -> list[str]:
    """Everything that can be seen of a question and a listing, tracebacks with all variables included."""
    provider = endpoint(base_url)
    seen = [repr(vars(provider))]
    for what in ("stream", "models"):
        try:
            if what == "stream":
                seen.extend([repr(batch) async for batch in provider.stream(REQUEST)])
            else:
                await provider.list_models()
        except ProviderError as error:
            frames = traceback.TracebackException.from_exception(error, capture_locals=True)
            seen.extend((repr(error), str(error), repr(error.info), "".join(frames.format())))
    await provider.aclose()
    return seen


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("name", RESPONSES)
def test_nowhere(name: str, log: io.StringIO) -> None:
    """Whatever the server does, even if it repeats the key, the key does not come out."""
    seen: list[str] = []

    async def script(connection: Connection) -> None:
        await connection.request()
        assert connection.headers["authorization"] == f"Bearer {KEY}"
        await connection.send(RESPONSES[name])
        if name == "reset":
            connection.reset()

    async def main() -> None:
        async with serving(script) as server:
            seen.extend(await looked_at(server.base_url))

    asyncio.run(main())
    assert "CANARY" not in "".join(seen)
    assert "CANARY" not in log.getvalue()
    assert "/chat/completions" not in log.getvalue(), "the address of a request is nobody's log's matter"
    assert "in looked_at" in "".join(seen), "the tracebacks were looked at"


@pytest.mark.parametrize("answer", ["refuses", "is cut", "leads to a bad certificate"])
def test_a_proxys_password_is_nowhere(answer: str, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the key: whatever the proxy does, also if it repeats what it was sent."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    basic = base64.b64encode(f"me-CANARY:{PASSWORD}".encode()).decode()
    echo = f"HTTP/1.1 407 Who are you, {PASSWORD}, {basic}?\r\nX-Echo: {basic}\r\nContent-Length: 0\r\n\r\n".encode()
    answers = {"refuses": echo, "is cut": b"HTTP/1.1 2"}
    seen: list[str] = []

    async def main() -> None:
        way = b"HTTP/1.1 200 OK\r\n\r\n"
        async with (
            secure("self-signed", b"", trustme.CA()) as server,
            proxying(server.port, answer=answers.get(answer, way)) as proxy,
        ):
            monkeypatch.setenv("https_proxy", f"http://me-CANARY:{PASSWORD}@127.0.0.1:{proxy.port}")
            seen.extend(await looked_at("https://lab.example/v1"))
            assert basic in proxy.heads[0]

    asyncio.run(main())
    assert "through the proxy" in "".join(seen)
    assert not [text for text in ("CANARY", basic) if text in "".join(seen) + log.getvalue()]


def test_a_functions_key_is_nowhere(log: io.StringIO) -> None:
    """A key that a function gave is looked after like any other, and so is what the function was made of."""
    seen: list[str] = []

    async def script(connection: Connection) -> None:
        await connection.request()
        assert connection.headers["authorization"] == f"Bearer {KEY}"
        await connection.send(RESPONSES["echo"])

    async def look(base_url: str) -> None:
        store = open_store("memory:", clock=SystemClock())
        registry = ProviderRegistry(store, SystemClock())
        await registry.save(*make_provider("lab", base_url=base_url, api_key=KeyFunction(partial(str, KEY))))
        seen.append(repr((vars(registry), vars(registry.keys), await store.providers(), await registry.check("lab"))))
        for work in (registry.models("lab"), anext(aiter(registry.get("lab").stream(REQUEST)))):
            try:
                seen.append(repr(await work))
            except ProviderError as error:
                frames = traceback.TracebackException.from_exception(error, capture_locals=True)
                seen.extend((repr(error), str(error), "".join(frames.format())))
        await registry.aclose()
        await store.aclose()

    async def main() -> None:
        async with serving(script) as server:
            await look(server.base_url)

    asyncio.run(main())
    assert "Incorrect key ***" in "".join(seen)
    assert "CANARY" not in "".join(seen) + log.getvalue()


@pytest.mark.usefixtures("transport")
def test_failed_connect(log: io.StringIO) -> None:
    """The way to the server may fail with the key in hand."""

    async def main() -> str:
        try:
            [batch async for batch in endpoint("http://127.0.0.1:9/v1").stream(REQUEST)]
        except ProviderError as error:
            return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        raise AssertionError("nobody listens there")

    assert "CANARY" not in asyncio.run(main()) + log.getvalue()


def test_other_users_of_httpx_keep_their_logs(log: io.StringIO) -> None:
    """Only our own requests are silent: a notebook's own use of httpx is logged as ever."""

    async def main() -> None:
        async with serving(framed([b"x"], "length", kind="text/plain")) as server:
            await endpoint(server.base_url).aclose()
            async with httpx.AsyncClient() as client:
                await client.get(server.base_url + "/mine")

    asyncio.run(main())
    assert "/v1/mine" in log.getvalue()


def test_nothing_heavy_is_imported() -> None:
    """Importing every module of the room but the two that are loaded on a thread brings neither httpx nor its like."""
    script = (
        "import sys, importlib, pkgutil, nbchat.providers as room\n"
        "for each in pkgutil.iter_modules(room.__path__):\n"
        "    if each.name not in ('http', 'chunk'):\n"
        "        importlib.import_module('nbchat.providers.' + each.name)\n"
        "print(sorted({'httpx', 'msgspec', 'genai_prices', 'keyring', 'sqlite3', 'IPython'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
