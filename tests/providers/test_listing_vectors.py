"""Golden vectors: what each provider's documentation shows of its listing, asked for over HTTP, and the models made of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from nbchat.core.models import KeyPlace, Model, Provider
from nbchat.core.price import format_price
from nbchat.core.secrets import Secret
from nbchat.providers.capabilities import takes_images, takes_tools
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.presets import PRESETS
from nbchat.runtime.clock import SystemClock
from tests.providers.raw_server import KEY, Connection, Script, framed, serving

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "listings").glob("*.json"))
PRICES = ("input", "output", "cached", "cache_write", "request")


def answering(answers: dict[str, Any], asked: list[Connection]) -> Script:
    """Give each address its answer, all others a 404; an answer to a POST stands under its path and the model that it names."""

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            asked.append(connection)
            method, path = connection.head.partition("?")[0].split(" ")[:2]
            name = path if method == "GET" else f"{path} {connection.json['model']}"
            known = name in answers
            body = json.dumps(answers[name]).encode() if known else b'{"error":"not found"}'
            await connection.send(framed([body], "length", head="200 OK" if known else "404 No", kind="application/json"))

    return script


def models_of(vector: dict[str, Any], *, preset: str | None = None) -> tuple[Model, ...]:
    """Ask a server that gives the vector's answers."""

    async def main() -> tuple[Model, ...]:
        asked: list[Connection] = []
        async with serving(answering(vector["answers"], asked)) as server:
            provider = Provider("lab", server.base_url, preset or vector["preset"], key=KeyPlace("process"))
            endpoint = Endpoint(lambda: provider, lambda: (provider, Secret(KEY)), SystemClock())
            try:
                found = await endpoint.list_models()
            finally:
                await endpoint.aclose()
            keys = {each.headers.get("x-api-key") or each.headers["authorization"] for each in asked}
            assert keys <= {KEY, f"Bearer {KEY}"}
            return found

    return asyncio.run(main())


def told(model: Model) -> dict[str, Any]:
    """A model as the vectors write it: what is known of it."""
    prices = {name: format_price(model.price, name) for name in PRICES if getattr(model.price, name, None) is not None}
    row = {
        "id": model.id,
        "name": model.name,
        "description": model.description or None,
        "context_length": model.context_length,
        "price": prices or None,
        "capabilities": sorted(model.capabilities) or None,
        "tags": list(model.tags) or None,
        "size": model.size,
        "memory": model.memory,
        "downloaded": model.downloaded,
        "loaded": model.loaded,
    }
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_listing_of(path: Path) -> None:
    """Chat models in their order, with all that the answers say of them and nothing else."""
    vector = json.loads(path.read_text())
    assert [told(model) for model in models_of(vector)] == vector["models"]


def test_every_preset_has_its_listing() -> None:
    """The vectors cover the presets, and each says where it is from."""
    vectors = [json.loads(path.read_text()) for path in VECTORS]
    assert {vector["preset"] for vector in vectors} == {*PRESETS} - {"custom", "colab"}  # whose listing is documented nowhere
    assert all(vector["source"] for vector in vectors)


@pytest.mark.parametrize("name", ["ollama", "lmstudio", "llamacpp", "llamacpp_router"])
def test_a_server_that_names_itself_is_known_without_its_preset(name: str) -> None:
    """Its listing says whose models they are: under a plain base URL it tells as much."""
    vector = json.loads(next(path for path in VECTORS if path.stem == name).read_text())
    assert [told(model) for model in models_of(vector, preset="custom")] == vector["models"]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_listing_stands_without_the_rest(path: Path) -> None:
    """Where a server gives its listing alone, that is what is listed: nothing beside it is needed."""
    vector = json.loads(path.read_text())
    alone = {name: body for name, body in vector["answers"].items() if name == "/v1/models"}
    found = [model.id for model in models_of({**vector, "answers": alone})]
    assert [model["id"] for model in vector["models"] if model["id"] not in found] == []


def test_that_a_model_takes_no_tools_is_not_that_nobody_says() -> None:
    """Yes, no and not known, each from what providers' own listings say."""
    read = (json.loads(path.read_text()) for path in VECTORS if path.stem in ("fireworks", "openrouter", "lmstudio", "openai"))
    said = {model.id.rpartition("/")[2]: takes_tools(model) for vector in read for model in models_of(vector)}
    assert {name for name, takes in said.items() if takes} == {
        "qwen2p5-vl-32b-instruct",
        "qwen3-vl-8b",
        "gemini-2.5-pro-preview",
    }
    assert {name for name, takes in said.items() if takes is False} == {"llama-v3p1-8b-instruct", "auto"}


def test_that_a_model_takes_no_images_is_not_that_nobody_says() -> None:
    """The same of pictures: only what a listing says is said."""
    named = ("openrouter", "ollama", "fireworks", "mistral", "openai")
    read = [json.loads(next(path for path in VECTORS if path.stem == name).read_text()) for name in named]
    said = {model.label: takes_images(model) for vector in read for model in models_of(vector)}
    no = {"lab/openrouter/auto", "lab/llama3.2:latest", "lab/qwen2.5-coder:7b", "lab/gpt-oss:120b-cloud"}
    assert {name for name, takes in said.items() if takes} == {
        "lab/google/gemini-2.5-pro-preview",
        "lab/accounts/fireworks/models/qwen2p5-vl-32b-instruct",
        "lab/mistral-medium-2505",
    }
    assert {name for name, takes in said.items() if takes is False} == {
        *no,
        "lab/accounts/fireworks/models/llama-v3p1-8b-instruct",
    }
