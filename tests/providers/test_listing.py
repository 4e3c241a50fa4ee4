"""Model listings in every spelling: chat models, context lengths, prices."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.cost import Price
from nbchat.core.models import Model
from nbchat.providers.listing import parse_models


def listed(*entries: Any) -> tuple[Model, ...]:
    found = parse_models("lab", json.dumps({"object": "list", "data": entries}).encode())
    assert found is not None
    return found


def one(**entry: Any) -> Model:
    (model,) = listed({"id": "m", **entry})
    return model


def test_openai() -> None:
    """Ids in their order; what is plainly no chat model is left out, doubles too."""
    ids = [
        "gpt-4o",
        "text-embedding-3-small",
        "whisper-1",
        "tts-1",
        "dall-e-3",
        "gpt-4o",
        "omni-moderation-latest",
        "o3",
        "gpt-image-1",
    ]
    found = listed(*({"id": each, "object": "model", "owned_by": "x"} for each in ids))
    assert [model.id for model in found] == ["gpt-4o", "o3"]
    assert found[0].label == "lab/gpt-4o"


def test_openrouter() -> None:
    """Prices per token, as text, become prices per million, to the last digit; -1 is unknown."""
    model = one(
        name="Tiny",
        description="small",
        context_length=128000,
        architecture={"output_modalities": ["text"]},
        pricing={
            "prompt": "0.00000015",
            "completion": "0.0000006",
            "input_cache_read": "0.000000075",
            "request": "0",
            "image": "0.2",
        },
    )
    assert (model.name, model.description, model.context_length) == ("Tiny", "small", 128000)
    assert model.price == Price(Decimal("0.15"), Decimal("0.6"), Decimal("0.075"), None, Decimal(0))
    assert one(pricing={"prompt": "-1", "completion": "-1"}).price is None
    assert listed({"id": "x", "architecture": {"output_modalities": ["image"]}}) == ()


def test_openrouter_prices_of_the_parts() -> None:
    """Reasoning, sound and image tokens have their own unless it is "0", which says that there is none; images are no tokens."""
    pricing = {"prompt": "0.000001", "completion": "0.00001", "internal_reasoning": "0.00002", "image": "0.5"}
    price = one(pricing={**pricing, "audio": "0.000003", "image_token": "0.000004", "audio_output": "0.000005"}).price
    assert price == Price(
        Decimal(1), Decimal(10), reasoning=Decimal(20), input_audio=Decimal(3), input_image=Decimal(4), output_audio=Decimal(5)
    )
    assert one(pricing={**pricing, "internal_reasoning": "0", "audio": "0"}).price == Price(Decimal(1), Decimal(10))


def test_a_free_model_is_not_an_unknown_one() -> None:
    """Prices of 0 are prices; a negative one beside a good one is unknown alone."""
    assert one(pricing={"prompt": "0", "completion": "0"}).price == Price(Decimal(0), Decimal(0))
    assert one(pricing={"prompt": "0.000001", "completion": "-1"}).price == Price(Decimal(1), None)
    assert one(pricing={"prompt": "NaN", "completion": None}).price is None


def test_text_where_others_have_numbers_per_million_says_nothing() -> None:
    """It may be per token, as other gateways have it: a million times off is worse than unknown."""
    assert one(pricing={"input": "0.000003", "output": "0.000015"}).price is None


def test_together() -> None:
    """A bare list, prices per million as numbers, and the kind of each model."""
    body = [
        {"id": "a", "type": "chat", "context_length": 4096, "pricing": {"input": 0.18, "output": 0.59, "hourly": 0}},
        {"id": "b", "type": "embedding"},
        {"id": "c", "type": "image"},
    ]
    found = parse_models("together", json.dumps(body).encode())
    assert found is not None
    assert [(model.id, model.price) for model in found] == [("a", Price(Decimal("0.18"), Decimal("0.59")))]


@pytest.mark.parametrize(
    ("entry", "context"),
    [
        ({"context_window": 8192}, 8192),
        ({"max_model_len": 32768}, 32768),
        ({"max_context_length": 131072}, 131072),
        ({"meta": {"n_ctx_train": 2048}}, 2048),
        ({"context_length": None}, None),
        ({"context_length": -1}, None),
        ({"context_length": "many"}, None),
        ({}, None),
    ],
)
def test_context_lengths(entry: dict[str, Any], context: int | None) -> None:
    """Every server has its own word for the context length; unknown is None."""
    assert one(**entry).context_length == context


def test_abilities() -> None:
    """Mistral says which models chat; an unclear entry stays in."""
    found = listed(
        {"id": "ocr", "capabilities": {"completion_chat": False}},
        {"id": "large", "capabilities": {"completion_chat": True}},
        {"id": "odd", "capabilities": "?"},
        {"id": "models/gemini-2.5-flash", "object": "model"},
        {"object": "no id"},
        "no entry",
    )
    assert [model.id for model in found] == ["large", "odd", "gemini-2.5-flash"]


def test_other_bodies() -> None:
    """An empty server lists nothing; what is no listing is None, never an empty list."""
    assert parse_models("lab", b'{"object":"list","data":[]}') == ()
    assert parse_models("lab", b'{"data":null}') == ()
    assert parse_models("lab", b'{"models":[{"name":"llama3:8b"}]}') == (Model("llama3:8b", "lab", "Llama3 8B"),)
    for body in (b"", b"<html>", b'{"detail":"no"}', b"5", b'{"data":{}}', b"[" * 100_000):
        assert parse_models("lab", body) is None


def test_a_servers_words_are_shown_as_one_line() -> None:
    """Control characters and bidi overrides rearrange what is seen, half a surrogate pair breaks databases and notebooks."""
    found = listed(
        {"id": "m", "name": "A\u202emodel\n\ud800", "description": "x" * 9000 + "\0"},
        {"id": "half\ud800"},
        {"id": "two\nlines"},
        {"id": "x" * 301},
    )
    assert [model.id for model in found] == ["m"]
    assert (found[0].name, len(found[0].description)) == ("Amodel", 4000)


NAMES = ["id", "pricing", "prompt", "input", "type", "meta", "architecture"]
VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=10,
)


@given(VALUES)
def test_nothing_crashes(entry: Any) -> None:
    """Whatever a listing holds, it is a listing or not one."""
    assert parse_models("lab", json.dumps({"data": [entry]}).encode()) is not None
