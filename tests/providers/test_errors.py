"""What a failure means: kinds by status and code, hints, and what of a server's words may be shown."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.errors import ErrorKind, ProviderError
from nbchat.core.secrets import Secret
from nbchat.providers.errors import HINTS, error_of_body, error_of_object, excerpt, is_retryable
from nbchat.providers.sentences import kind_of_sentence

KEY = Secret("sk-CANARY/7f3a")


def openai(message: str, code: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "retry"),
    [
        (401, openai("Incorrect API key provided", "invalid_api_key"), "auth", False),
        (403, openai("no"), "auth", False),
        (402, {"error": {"message": "Insufficient credits", "code": 402}}, "billing", False),
        (429, openai("You exceeded your quota", "insufficient_quota", "insufficient_quota"), "billing", False),
        (429, openai("slow down", "rate_limit_exceeded", "requests"), "rate_limit", True),
        (404, openai("The model `x` does not exist", "model_not_found"), "not_found", False),
        (404, {"detail": "Not Found"}, "not_found", False),
        (400, openai("maximum context length is 8192 tokens", "context_length_exceeded"), "context_length", False),
        (400, {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error"}}, "context_length", False),
        (400, openai("filtered", "content_filter"), "content_filter", False),
        (400, openai("Unsupported value: temperature", "unsupported_value"), "invalid", False),
        (400, openai("cannot generate within the limit; rate limit, unauthorized, quota"), "invalid", False),
        (408, "", "timeout", True),
        (409, "", "server", True),
        (500, openai("The server had an error", None, "server_error"), "server", True),
        (503, "<html>Bad</html>", "server", True),
        (504, "", "timeout", True),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "server", True),
        (501, "", "server", False),
        (418, "", "invalid", False),
        (400, [{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid",
                          "details": [{"reason": "API_KEY_INVALID"}]}}], "auth", False),
        (429, [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}}], "rate_limit", True),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "invalid", False),
        (404, "404 page not found", "not_found", False),
    ],
)  # fmt: skip
def test_kinds(status: int, body: Any, kind: str, retry: bool) -> None:
    """Status and code decide, never the prose; every error says what to do, and whether it may pass by itself."""
    raw = body if isinstance(body, str) else json.dumps(body)
    error = error_of_body(status, "text/html" if raw.startswith("<") else "application/json", raw.encode())
    assert error.kind == kind
    assert error.status == status
    assert str(status) in error.text.partition(":")[0]
    assert error.hint == HINTS[error.kind]
    assert is_retryable(error) is retry


def test_the_servers_words_are_shown() -> None:
    """The message stands in the text; of a web page its beginning does, and an empty body is said to be one."""
    assert "does not exist" in error_of_body(404, "", json.dumps(openai("model x does not exist")).encode()).text
    assert "(a web page) <h1>Hi" in error_of_body(502, "text/html", b"<h1>Hi").text
    assert "(empty answer)" in error_of_body(500, "", b"").text
    assert "field required" in error_of_body(422, "", b'{"detail":[{"msg":"field required"}]}').text
    assert error_of_object({"error": {}}, status=500).text


FIXED = [
    "This model's maximum context length is 8192 tokens. However, you requested 9000.",
    "prompt is too long: 213462 tokens > 200000 maximum",
    "Incorrect API key provided: sk***gA.",
    "Your credit balance is too low to access the Anthropic API.",
]


@pytest.mark.parametrize("said", FIXED)
def test_a_fixed_sentence_is_no_search_for_words(said: str) -> None:
    """It counts where the message begins with it, whole; quoted in other words, or where a code or another status tells, it says
    nothing. So G12 cannot come back, and none of them makes a request that is sent again."""
    found = kind_of_sentence(said)
    assert found in ("context_length", "auth", "billing")
    assert error_of_object(openai(said), status=400).kind == found
    assert error_of_object(openai(said), status=200).kind == found, "in a stream there is no status"
    for other in (f"I said: {said}", said[:20], said.upper(), f" {said}"):
        assert error_of_object(openai(other), status=400).kind == "invalid"
    assert error_of_object(openai(said), status=500).kind == "server"
    assert error_of_object(openai(said, "content_filter"), status=400).kind == "content_filter"
    assert not is_retryable(error_of_object(openai(said), status=429))


def test_within_a_stream_the_objects_own_status_counts() -> None:
    """A 200 says nothing about an error that comes inside it."""
    assert error_of_object({"error": {"message": "x", "code": 429}}, status=200).kind == "rate_limit"
    assert error_of_object({"error": {"message": "x", "code": "402"}}).kind == "billing"
    assert error_of_object("just words").kind == "server"


def test_every_shown_kind_has_a_hint() -> None:
    """What to do is said for every kind that a provider can cause."""
    own = {"budget", "cancelled", "config", "storage", "busy", "tools", "internal"}
    assert set(HINTS) == set(get_args(ErrorKind)) - own


@pytest.mark.parametrize("body", [b"your key sk-CANARY/7f3a is bad", b'{"error":"sk-CANARY\\/7f3a"}', b"?key=sk-CANARY%2F7f3a"])
def test_keys_are_redacted(body: bytes) -> None:
    """An echoed key shows as "***", also as JSON or a URL spells it."""
    error = error_of_body(401, "", body, secrets=[KEY])
    assert "CANARY" not in f"{error} {error!r} {error.info}"
    assert "***" in error.text


def test_keys_of_other_providers_are_redacted() -> None:
    """A server may be sent another one's key by mistake, and say so."""
    other = Secret("sk-CANARY-of-another-provider")
    error = error_of_object({"error": {"message": f"no such key: {other.reveal()}", "code": other.reveal()}}, status=401)
    assert "CANARY" not in f"{error} {error!r} {error.code}"


def test_a_key_in_the_code_is_redacted() -> None:
    """Also the provider's code is only words."""
    error = error_of_object({"error": {"message": "x", "code": "sk-CANARY/7f3a"}}, secrets=[KEY])
    assert error.code == "***"


@given(st.text(max_size=2000))
def test_excerpts_are_fit_to_be_shown(text: str) -> None:
    """Whatever a server says: one line, at most 500 characters, nothing invisible or active, and it can be encoded."""
    shown = excerpt(text)
    assert len(shown) <= 500
    assert "\n" not in shown
    assert all(char.isprintable() or char == " " for char in shown if char not in "\u00a0\u3000")
    shown.encode()


def test_excerpts_escape_what_rearranges_text() -> None:
    """Terminal escapes and bidirectional overrides are spelled out."""
    assert excerpt("a\x1b[31mb\u202ec\x00\ud800") == "a\\x1b[31mb\\u202ec\\x00\\ud800"


def test_error_is_a_provider_error() -> None:
    """One tree: what adapters raise is what callers catch."""
    assert isinstance(error_of_body(500, "", b"x"), ProviderError)
