"""What local servers say of their models beyond `GET /models`: size, memory, tags, whether they are loaded.

Owns which of a server's own addresses are asked and how their answers are read; all lie on the base URL's origin. Pure: who
asks is `model_listing` (a listing) and `engine_watch` (an answer that does not come). Sources: docs.ollama.com/api (tags, ps,
show), lmstudio.ai/docs/developer/rest (v1) and its predecessor v0, llama.cpp's tools/server/README.md (/props, /models and
their status in router mode), docs.litellm.ai (/model/info), docs.x.ai (/language-models: no local server, but the same thing).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from nbchat.core.engine import EngineStatus
from nbchat.core.models import Model
from nbchat.providers.listing import is_count, model_of, shown

__all__ = ["SERVERS", "LocalServer", "engine_status", "enriched", "show_body", "shown_model", "told_kind"]

State = Literal["loaded", "loading", "unloaded"]

_LOADED = "The model is loaded"
_LOADING = "Loading the model"


@dataclass(frozen=True, slots=True)
class LocalServer:
    """One kind of server: the `paths` that are asked beside its listing, and those that tell loading from thinking (`status`);
    both below the server's root, or, without `root`, below the base URL. `before`: it tells only before it begins to load."""

    paths: tuple[str, ...]
    status: tuple[str, ...] = ()
    root: bool = True
    before: bool = False


SERVERS: Mapping[str, LocalServer] = {
    # Ollama counts a model that is being loaded among the running ones (server/routes.go, PsHandler).
    "ollama": LocalServer(("/api/tags", "/api/ps"), ("/api/ps",), before=True),
    "lmstudio": LocalServer(("/api/v1/models", "/api/v0/models"), ("/api/v1/models", "/api/v0/models")),
    "llamacpp": LocalServer(("/props",), ("/models",)),
    "litellm": LocalServer(("/model/info",), root=False),
    "xai": LocalServer(("/language-models",), root=False),
}
"""By preset."""

_OWNERS = {"library": "ollama", "organization_owner": "lmstudio", "llamacpp": "llamacpp"}


def told_kind(models: Iterable[Model]) -> str | None:
    """Return the kind of server that one of a listing's entries names as its owner, None where none is known."""
    return next((kind for model in models if (kind := _OWNERS.get(_text(model.raw.get("owned_by"))))), None)


def enriched(models: Iterable[Model], answers: Mapping[str, bytes]) -> tuple[Model, ...]:
    """Return the models with what the answers (body by path) say of them; an answer that cannot be read says nothing."""
    given = list(models)
    facts: dict[str, dict[str, Any]] = {model.id: _own_facts(model.raw) for model in given}
    for path, body in answers.items():
        for name, told in _facts(path, _json(body), given).items():
            if name in facts:
                facts[name] = _joined(facts[name], told)
    found = (_with(model, facts[model.id]) for model in given)
    return tuple(model for model in found if model is not None)


def engine_status(model: str, answers: Mapping[str, bytes]) -> EngineStatus | None:
    """Return what the answers of a server's `status` paths say of one model; None where they do not tell."""
    for path, body in answers.items():
        content = _json(body)
        told = _facts(path, content, ())
        facts = told.get(model) or told.get(f"{model}:latest", {})
        if path == "/api/ps" and isinstance(content, dict) and "models" in content and not model.endswith("cloud"):
            facts = facts or {"state": "unloaded"}
        elif path == "/models":
            facts = next((_own_facts(entry) for entry in _entries(content) if entry.get("id") == model), {})
        state: State | None = facts.get("state")
        if state == "loaded":
            return EngineStatus("ready", _LOADED)
        if state is not None:
            return EngineStatus("loading", facts.get("doing", _LOADING), facts.get("progress"))
    return None


# ------------------------------------------------------------ what each answer says: facts by the model's id


def _facts(path: str, content: Any, models: Iterable[Model]) -> dict[str, dict[str, Any]]:
    if path == "/props":
        given = list(models)
        return {given[0].id: _props(content)} if len(given) == 1 and isinstance(content, dict) else {}
    read = _READERS.get(path)
    return {} if read is None else dict(read(entry) for entry in _entries(content))


def _tags(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    details = _object(entry.get("details"))
    tags = _texts(details.get("family"), details.get("parameter_size"), details.get("quantization_level"), details.get("format"))
    remote = _texts(entry.get("remote_host"))  # one that runs in Ollama's cloud
    facts = {
        "tags": (*tags, "cloud") if remote else tags,
        "size": None if remote else _count(entry.get("size")),
        "downloaded": not remote,
        "state": None if remote else "unloaded",
        "entry": entry,
    }
    return _text(entry.get("model") or entry.get("name")), facts


def _running(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    memory = _count(entry.get("size"))
    on_card = _count(entry.get("size_vram"))
    facts = {
        "state": "loaded",
        "memory": memory or on_card,
        "context_length": _count(entry.get("context_length")),
        "tags": ("on the GPU",) if memory is not None and on_card == memory else (),
    }
    return _text(entry.get("model") or entry.get("name")), facts


def _lm_studio(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    quantization = entry.get("quantization")
    if isinstance(quantization, dict):
        quantization = quantization.get("name")
    state = {"loaded": "loaded", "not-loaded": "unloaded", "loading": "loading"}.get(_text(entry.get("state")))
    instances = entry.get("loaded_instances")
    context = None
    if isinstance(instances, list):
        state = "loaded" if instances else "unloaded"
        configs = (_object(_object(each).get("config")) for each in instances)
        context = next((length for config in configs if (length := _count(config.get("context_length")))), None)
    facts = {
        "state": state,
        "context_length": context or _count(entry.get("loaded_context_length")),
        "size": _count(entry.get("size_bytes")),
        "tags": _texts(
            entry.get("architecture") or entry.get("arch"),
            entry.get("params_string"),
            quantization,
            entry.get("format") or entry.get("compatibility_type"),
        ),
        "name": _text(entry.get("display_name")),
        "downloaded": True,
        "entry": entry,
    }
    return _text(entry.get("key") or entry.get("id")), facts


def _props(content: Mapping[str, Any]) -> dict[str, Any]:
    settings = _object(content.get("default_generation_settings"))
    return {
        "context_length": _count(settings.get("n_ctx")),
        "state": "unloaded" if content.get("is_sleeping") is True else "loaded",
        "downloaded": True,
        "entry": {key: content.get(key) for key in ("modalities", "chat_template_caps")},
    }


def _own_facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What llama.cpp's own listing says: `meta` of a loaded model, and `status` in router mode."""
    meta, status, tags = _object(entry.get("meta")), _object(entry.get("status")), entry.get("tags")
    value = _text(status.get("value"))
    facts: dict[str, Any] = {"size": _count(meta.get("size"))}
    if parameters := _count(meta.get("n_params")):
        facts["tags"] = (
            f"{parameters / 1e9:.3g}B" if parameters >= 1e9 else f"{parameters / 1e6:.3g}M",
            *_texts(meta.get("ftype")),
        )
    if isinstance(tags, list):
        facts["tags"] = (*facts.get("tags", ()), *_texts(*tags))
    if value:
        facts["downloaded"] = value != "downloading"
        facts["state"] = value if value in ("loaded", "loading") else "loading" if value == "downloading" else "unloaded"
        facts["progress"] = _progress(status.get("progress"))
        if value == "downloading":
            facts["doing"] = "Downloading the model"
    elif meta and entry.get("owned_by") == "llamacpp":
        facts |= {"state": "loaded", "downloaded": True}
    return facts


def _proxied(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    info = _object(entry.get("model_info"))
    behind = _text(_object(entry.get("litellm_params")).get("model"))
    return _text(entry.get("model_name")), {"entry": info, "tags": _texts(behind)}


def _priced(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return _text(entry.get("id")), {"entry": entry}


_READERS = {
    "/api/tags": _tags,
    "/api/ps": _running,
    "/api/v1/models": _lm_studio,
    "/api/v0/models": _lm_studio,
    "/model/info": _proxied,
    "/language-models": _priced,
}


# ------------------------------------------------------------ Ollama's /api/show, one request a model


def show_body(model: Model) -> bytes:
    """Return the body that asks Ollama for what it knows of one model."""
    return json.dumps({"model": model.id}).encode()


def shown_model(model: Model, body: bytes) -> Model | None:
    """Return the model with its capabilities and the context length that it could be loaded with; None where it does not chat."""
    content = _object(_json(body))
    info = _object(content.get("model_info"))
    family = _text(info.get("general.architecture"))
    context = model.context_length or _count(info.get(f"{family}.context_length"))
    return _with(replace(model, context_length=context), {"entry": {"capabilities": content.get("capabilities")}})


# ------------------------------------------------------------ putting it together


def _joined(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What a later answer says wins; tags are collected, and so is what the model is read from."""
    known = {name: value for name, value in new.items() if value not in (None, "", ())}
    entry = {**_object(old.get("entry")), **_object(new.get("entry"))}
    tags = tuple(dict.fromkeys((*old.get("tags", ()), *new.get("tags", ()))))
    return {**old, **known, "entry": entry, "tags": tags}


def _with(model: Model, facts: Mapping[str, Any]) -> Model | None:
    """Return the model with these facts; None where they say that it does not chat. What the listing itself says wins."""
    entry = {name: value for name, value in _object(facts.get("entry")).items() if name not in ("id", "name", "object")}
    told = model_of(model.provider, {**entry, **model.raw})
    if told is None:
        return None
    state: State | None = facts.get("state")
    return replace(
        told,
        name=facts.get("name") or told.name,
        context_length=facts.get("context_length") or told.context_length or model.context_length,
        capabilities=model.capabilities | told.capabilities,
        tags=facts.get("tags") or model.tags,
        size=facts.get("size") or model.size,
        memory=facts.get("memory") or model.memory,
        downloaded=model.downloaded if facts.get("downloaded") is None else facts["downloaded"],
        loaded=model.loaded if state is None else state == "loaded",
    )


def _progress(found: Any) -> float | None:
    """How far it is, from 0 to 1: {"value": 0.5}, or the bytes of each file that is downloaded."""
    content = _object(found)
    value = content.get("value")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return min(max(float(value), 0.0), 1.0)
    files = [_object(each) for each in content.values()]
    total = sum(_count(each.get("total")) or 0 for each in files)
    return min(sum(_count(each.get("done")) or 0 for each in files) / total, 1.0) if total else None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _entries(content: Any) -> list[dict[str, Any]]:
    found = content.get("data") or content.get("models") if isinstance(content, dict) else content
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: Any) -> str:
    return shown(found, 200)


def _texts(*found: Any) -> tuple[str, ...]:
    return tuple(text for each in found if (text := shown(each, 60)))


def _count(found: Any) -> int | None:
    return found if is_count(found) else None
