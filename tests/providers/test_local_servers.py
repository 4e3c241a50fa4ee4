"""What servers say beside their listing, whatever it is: read where it can be, never a reason to lose the listing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.engine import EngineStatus
from nbchat.export.listings import model_table
from nbchat.providers.listing import parse_models
from nbchat.providers.local_servers import SERVERS, engine_status, enriched, shown_model

NAMES = (
    "id", "name", "model", "key", "data", "models", "object", "owned_by", "size", "size_vram", "details",
    "capabilities", "state", "status", "value", "progress", "done", "total", "type", "meta", "n_params", "n_ctx",
    "tags", "loaded_instances", "config", "context_length", "model_info", "model_name", "litellm_params",
    "architecture", "modalities", "default_generation_settings", "display_name", "quantization", "pricing", "prompt",
    "input_cost_per_token", "prompt_text_token_price",
)  # fmt: skip
TEXTS = st.sampled_from(["m", "loaded", "loading", "downloading", "not-loaded", "llm", "1e999999", "\ud800", "\u202e"]) | st.text(
    max_size=3
)
NUMBERS = st.integers() | st.sampled_from([2**70, 10**400]) | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)
PATHS = sorted({path for server in SERVERS.values() for path in (*server.paths, *server.status)})


@given(VALUES, VALUES)
def test_no_answer_crashes(listed: Any, said: Any) -> None:
    """Every address with anything in it: the models stay what they are, can be shown, and the engine's state is one or none."""
    entry = {**(listed if isinstance(listed, dict) else {}), "id": "m"}
    models = parse_models("lab", json.dumps({"data": [entry]}).encode()) or ()
    for content in (said, [said], {"models": [said]}, {"data": [said]}, {"data": [{**entry, "key": "m", "model": "m"}]}):
        body = json.dumps(content).encode()
        for path in PATHS:
            found = enriched(models, {path: body})
            assert {model.id for model in found} <= {"m"}
            model_table(found)._repr_html_().encode()
            assert isinstance(engine_status("m", {path: body}), EngineStatus | None)
        for model in models:
            shown_model(model, body)


def test_numbers_beyond_all_sizes_are_unknown() -> None:
    """They could not even be shown."""
    models = parse_models("lab", b'{"data":[{"id":"m"}]}') or ()
    told = {"models": [{"name": "m", "size": 10**400, "size_vram": -1, "context_length": True}]}
    (model,) = enriched(models, {path: json.dumps(told).encode() for path in ("/api/tags", "/api/ps")})
    assert (model.size, model.memory, model.context_length, model.loaded) == (None, None, None, True)


def test_prices_beyond_all_numbers_are_unknown() -> None:
    """A listing can hold any number; one that no arithmetic takes is no price."""
    (model,) = parse_models("lab", b'{"data":[{"id":"m","pricing":{"prompt":1e999999,"completion":"1e999999"}}]}') or ()
    assert model.price is None
