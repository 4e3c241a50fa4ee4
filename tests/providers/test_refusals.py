"""Which refusals are about a parameter: real sentences and shapes of servers, and such that only look like one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbchat.core.messages import Message, TextPart
from nbchat.core.models import Provider
from nbchat.core.requests import ModelRequest
from nbchat.providers.errors import error_of_body
from nbchat.providers.learned import Asked, Fact, facts
from nbchat.providers.presets import PRESETS
from nbchat.providers.refusals import RefusedParametersError

PYDANTIC = "[{'type': 'extra_forbidden', 'loc': ('body', %s), 'msg': 'Extra inputs are not permitted', 'input': 1}]"


def openai(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def fastapi(*place: str | int, kind: str = "extra_forbidden") -> dict[str, Any]:
    return {"detail": [{"type": kind, "loc": list(place), "msg": "Extra inputs are not permitted", "input": {}}]}


def refused(status: int, body: Any) -> tuple[tuple[str, ...], bool] | None:
    error = error_of_body(status, "application/json", json.dumps(body).encode())
    return (error.names, error.about_model) if isinstance(error, RefusedParametersError) else None


@pytest.mark.parametrize(
    ("body", "name", "about_model"),
    [
        (openai("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                "max_tokens", "unsupported_parameter"), "max_tokens", True),
        (openai("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
                "temperature", "unsupported_value"), "temperature", True),
        (openai("Unknown parameter: 'stream_options.include_obfuscation'.", "stream_options.include_obfuscation",
                "unknown_parameter"), "stream_options.include_obfuscation", False),
        (openai("Unsupported parameter: 'top_p' is not supported with this model.", None, "invalid_request_body"), "top_p", True),
        (openai("Unrecognized request argument supplied: reasoning_effort"), "reasoning_effort", False),
        (openai("property 'seed' is unsupported"), "seed", False),
        (openai("Extra inputs are not permitted, field: 'stream_options'"), "stream_options", False),
        (openai("stream_options: Extra inputs are not permitted"), "stream_options", False),
        (openai("`temperature` is deprecated for this model."), "temperature", True),
        (openai("litellm.UnsupportedParamsError: openai does not support parameters: ['seed'], for model=tiny."), "seed", True),
        ({"code": "400", "error": "Argument not supported on this model: presencePenalty"}, "presencePenalty", True),
        ([{"error": {"code": 400, "status": "INVALID_ARGUMENT",
                     "message": 'Invalid JSON payload received. Unknown name "stream_options": Cannot find field.'}}],
         "stream_options", False),
        ({"detail": "Extra parameters ['stream_options'] are not allowed when extra-parameters is 'error'."},
         "stream_options", False),
        ({"error": {"code": 400, "message": "Validation error at #/stream_options: Extra inputs are not permitted"}},
         "stream_options", False),
        ({"object": "error", "message": PYDANTIC % "'max_completion_tokens'", "type": "BadRequestError", "code": 400},
         "max_completion_tokens", False),
        ({"object": "error", "message": PYDANTIC % "'stream_options', 'include_obfuscation'", "code": 400},
         "stream_options.include_obfuscation", False),
        (fastapi("body", "stream_options"), "stream_options", False),
        ({"object": "error", "message": fastapi("body", "stream_options"), "type": "invalid_request_error"},
         "stream_options", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 422])
def test_refusals_of_a_parameter(status: int, body: Any, name: str, about_model: bool) -> None:
    """OpenAI, Azure, Groq, Fireworks, Anthropic, LiteLLM, xAI, Gemini, vLLM, FastAPI, Mistral: code and field first."""
    assert refused(status, body) == ((name,), about_model)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, openai("max_tokens is too large: 900000. This model supports at most 4096.", "max_tokens", "invalid_value")),
        (400, openai("Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: "
                     "'low' and 'high'.", "reasoning_effort", "unsupported_value")),
        (400, openai("`temperature` and `top_p` cannot both be specified for this model.")),
        (400, openai("temperature must be at most 1")),
        (400, openai("maximum context length is 8192 tokens; max_tokens is not supported", "x", "context_length_exceeded")),
        (401, openai("Unsupported parameter: 'seed'", "seed", "unsupported_parameter")),
        (429, openai("Unsupported parameter: 'seed'", "seed", "unsupported_parameter")),
        (500, openai("got an unexpected keyword argument 'seed'")),
        (422, fastapi("body", "messages", 0, "name")),
        (422, fastapi("query", "seed")),
        (422, fastapi("body", "seed", kind="int_type")),
        (400, {"object": "error", "message": PYDANTIC % "'messages', 0, 'typed-dict', 'id'", "code": 400}),
        (400, openai("Seeds are what plants grow from; the seed of this idea is not supported by facts.")),
    ],
)  # fmt: skip
def test_what_only_looks_like_one(status: int, body: Any) -> None:
    """Wrong values, other statuses, members of messages: none of it takes a parameter from anybody."""
    found = refused(status, body)
    assert found is None or not set(found[0]) & {"seed", "temperature", "max_tokens"}


def asked(parameters: dict[str, Any], learned: dict[str, str] | None = None, preset: str = "openai") -> Asked:
    return Asked(ModelRequest("r", "o9:mini", (), parameters), PRESETS[preset], learned or {})


def members(request: Asked) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    return {name: value for name, value in body.items() if name not in ("model", "messages", "stream")}


def lesson(request: Asked, *names: str, about_model: bool = False) -> str:
    error = RefusedParametersError("no", kind="invalid", status=400)
    error.names, error.about_model = names, about_model
    return request.learn(error)


def test_a_bound_changes_its_name_and_is_never_left_out() -> None:
    """Whichever of its two names a server takes; where it takes neither, that is an error, not an answer without a bound."""
    request = asked({"max_tokens": 5})
    assert lesson(request, "max_completion_tokens") == "Asked again with max_tokens instead of max_completion_tokens."
    assert members(request)["max_tokens"] == 5
    assert request.lessons == {"max_completion_tokens": "max_tokens"}
    assert lesson(request, "max_tokens") == ""
    assert members(request)["max_tokens"] == 5
    assert members(asked({"max_tokens": 5}, request.lessons))["max_tokens"] == 5
    assert "max_completion_tokens" not in members(asked({"max_tokens": 5}, request.lessons))


def test_a_refusal_by_a_model_is_no_refusal_by_the_others() -> None:
    """A reasoning model takes no temperature; the provider's other models keep it."""
    request = asked({"temperature": 0.5})
    assert lesson(request, "temperature", about_model=True) == "Asked again without temperature."
    assert request.lessons == {"o9:mini:temperature": ""}
    assert "temperature" not in members(asked({"temperature": 0.5}, request.lessons))
    other = Asked(ModelRequest("r", "gpt", (), {"temperature": 0.5}), PRESETS["openai"], request.lessons)
    assert members(other)["temperature"] == 0.5
    assert other.left_out() == []


def test_what_was_given_and_left_out_is_told_once() -> None:
    """A parameter of the person's own; nobody gave stream_options, so it is learned quietly."""
    request = asked({"temperature": 0.5}, {"temperature": "", "stream_options": ""})
    assert [each.parameter for each in request.left_out()] == ["temperature"]
    assert request.left_out() == []
    assert members(request) == {}


@pytest.mark.parametrize("name", ["stream_options.include_obfuscation", "include_obfuscation", "includeObfuscation"])
def test_a_part_of_a_parameter_goes_alone(name: str) -> None:
    """Usage is still asked for; without any part left the whole goes."""
    request = asked({})
    assert lesson(request, name)
    assert members(request) == {"stream_options": {"include_usage": True}}
    assert lesson(request, "stream_options.include_usage")
    assert members(request) == {}


@pytest.mark.parametrize("name", ["tools", "tool_choice", "messages", "model", "stream", "response_format", "unheard_of"])
def test_what_the_answer_hangs_on_stays(name: str) -> None:
    """Without it the answer would be one to another question; nor is anything learned of what was not sent."""
    request = asked({"tools": [{"type": "web_search"}], "tool_choice": "auto", "response_format": {"type": "json_object"}})
    before = request.body
    assert lesson(request, name) == ""
    assert (request.body, request.lessons) == (before, {})
    assert asked({"tools": [1]}, {"tools": ""}).body == asked({"tools": [1]}).body


@pytest.mark.parametrize(
    "body",
    [
        openai("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "response_format"),
        openai("This model does not support response format `json_schema`."),
        openai("This response_format type is unavailable now"),
        openai("Invalid schema for response_format 'Planet': 'default' is not permitted.", "response_format",
               "invalid_json_schema"),
    ],
)  # fmt: skip
def test_a_schema_that_is_refused_is_said_in_words(body: Any) -> None:
    """Behind the question, once; a schema of which some part is refused says nothing of others."""
    error = error_of_body(400, "application/json", json.dumps(body).encode())
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    given = {"response_format": {"type": "json_schema", "json_schema": {"name": "A", "schema": schema}}}
    question = Message("q", "user", (TextPart("Which?"),))
    request = Asked(ModelRequest("r", "tiny", (question,), given), PRESETS["openai"], {})
    assert request.learn(error) == "Asked again with the schema in words."
    assert "response_format" not in members(request)
    said = json.loads(request.body)["messages"][0]["content"]
    assert said == f"Which?\n\nAnswer with JSON alone, that fits this JSON schema:\n{json.dumps(schema)}"
    invalid = "Invalid schema" in body["error"]["message"]
    assert request.lessons == ({} if invalid else {"tiny:response_format": ""})
    later = Asked(ModelRequest("r", "tiny", (question,), given), PRESETS["openai"], request.lessons)
    assert ("response_format" in members(later)) is invalid
    plain = asked({"response_format": {"type": "json_object"}}, {"response_format": ""})
    assert members(plain)["response_format"] == {"type": "json_object"}


def test_no_server_can_refuse_for_ever() -> None:
    """Four refusals are learned from, then the next one is the error."""
    given = {f"p{n}": n for n in range(9)}
    request = asked(given)
    assert [bool(lesson(request, name)) for name in given] == [True] * 4 + [False] * 5


def test_facts_are_told() -> None:
    """The rows of doctor."""
    provider = Provider(
        "lab", "http://x/v1", learned={"stream_options": "", "a:b:seed": "", "max_tokens": "max_completion_tokens"}
    )
    assert facts(provider) == (
        Fact("seed", "a:b", ""), Fact("max_tokens", "", "max_completion_tokens"), Fact("stream_options", "", ""),
    )  # fmt: skip
    assert [fact.text for fact in facts(provider)] == [
        "seed is left out: a:b refuses it",
        "max_tokens is sent as max_completion_tokens: its server refuses it",
        "stream_options is left out: its server refuses it",
    ]
