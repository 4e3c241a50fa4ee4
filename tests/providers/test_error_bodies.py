"""What real servers answer when they refuse: each body to its kind, code and hint, the same straight and over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

import pytest

from nbchat.core.errors import ErrorKind, ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.errors import HINTS, error_of_body, is_retryable
from nbchat.providers.loading import read_loading
from nbchat.providers.presets import PRESETS
from tests.providers.raw_server import KEY, endpoint, framed, serving

BODIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "errors" / "refusals.json").read_text()
)
NAMED = [pytest.param(body, id=f"{body['provider']}: {body['name']}") for body in BODIES]
REFUSED = [param for body, param in zip(BODIES, NAMED, strict=True) if not read_loading(body["status"], body["body"].encode())]
"""All but those of a server that still loads its model, which is asked again: test_loading has them."""
OUTSIDE = {"server", "network", "timeout", "protocol", "interrupted"}
"""Kinds that have other causes than a refusal, too: test_http1, test_deadlines, test_endpoint and test_cuts have them."""


def check(error: ProviderError, body: dict[str, Any]) -> None:
    assert (error.kind, error.code, error.status) == (body["kind"], body["code"], body["status"])
    assert is_retryable(error) is body["retry"]
    assert error.hint.startswith(HINTS[error.kind])
    assert body["says"] in error.text
    assert len(error.text) <= 500
    assert error.text.isprintable()


@pytest.mark.parametrize("body", NAMED)
def test_a_refusal_says_what_it_is_and_what_to_do(body: dict[str, Any]) -> None:
    """Kind by status and code, else by one fixed sentence, whatever shape the body has."""
    check(error_of_body(body["status"], body["headers"].get("content-type", ""), body["body"].encode()), body)


@pytest.mark.parametrize("body", REFUSED)
def test_the_same_over_http_without_the_key(body: dict[str, Any]) -> None:
    """Where the server repeats the key in any of its words, they are as they were but for the key."""
    raw = body["body"].replace("Unauthorized", f"Unauthorized {KEY}")
    raw = re.sub(r'("message": "(?:[^"\\]|\\.)*)"', lambda found: f'{found[1]} {KEY}"', raw)

    async def main() -> ProviderError:
        kind = body["headers"].get("content-type", "application/json")
        extra = "".join(f"{name}: {value}\r\n" for name, value in body["headers"].items() if name != "content-type")
        head = f"{body['status']} {HTTPStatus.BAD_REQUEST.phrase}"
        async with serving(framed([raw.encode()], "length", head=head, kind=kind, extra=extra)) as server:
            provider = endpoint(server.base_url)
            try:
                [batch async for batch in provider.stream(ModelRequest("r", "m", (Message("q", "user", (TextPart("hi"),)),)))]
            except ProviderError as error:
                return error
            finally:
                await provider.aclose()
        raise AssertionError("no error")

    error = asyncio.run(main())
    error.text = error.text.replace("*** ", "").replace(" ***", "")
    check(error, body)
    assert "CANARY" not in f"{error} {error!r}"
    asked = body["headers"].get("retry-after", "37" if "retryDelay" in body["body"] else None)
    assert error.retry_after == (None if asked is None else float(asked))


def test_the_table_has_every_kind_and_every_provider() -> None:
    """What a refusal can be, and whoever has a preset (PPQ passes on others' words, as Colab's proxy does)."""
    own = {"budget", "cancelled", "config", "storage", "busy", "tools", "internal"}
    assert {body["kind"] for body in BODIES} | OUTSIDE == set(get_args(ErrorKind)) - own
    assert {body["provider"] for body in BODIES} >= PRESETS.keys() - {"ppq", "colab", "custom"}
    assert len(BODIES) > 70
    assert 1 <= len(BODIES) - len(REFUSED) <= 3
