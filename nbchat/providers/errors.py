"""Which failure means what: HTTP status and the provider's own code to a kind, a sentence of cause, and what to do.

Classes by status and code, never by words in prose ("generate ... limit" is no rate limit); where a provider has no code, by its
one fixed sentence (`sentences`). Owns what of a server's words may be shown: known keys redacted, control characters escaped, at
most 500 characters. Must not know httpx.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from nbchat.core.errors import ErrorKind, ProviderError
from nbchat.core.secrets import Secret, redact
from nbchat.providers.refusals import STATUSES, RefusedParametersError, refused_parameters
from nbchat.providers.sentences import TOO_LONG_PARAMETERS, kind_of_sentence

__all__ = ["HINTS", "error_of_body", "error_of_object", "excerpt", "is_retryable", "object_of"]

TEXT_LIMIT = 500
"""Characters of an error's text: what the core promises of an ErrorInfo."""

HINTS: dict[ErrorKind, str] = {
    "auth": "Check the key of this provider: is it set, complete and allowed to use this model?",
    "billing": "The account has no credit or quota left; add some at the provider, or choose another provider.",
    "not_found": "Check the model's name (nbchat.list_models) and the base URL (it usually ends in /v1).",
    "rate_limit": "Too many requests for now; wait a moment and send again.",
    "context_length": 'Leave the oldest messages out (s.when_full = "drop"), begin another conversation, or use a larger model.',
    "content_filter": "The provider's filter refused this; rephrase, or choose another model.",
    "server": "The provider has a problem; send again later or choose another model.",
    "network": "Check the base URL, that the server runs, and the network.",
    "timeout": "The server took too long; send again, or raise nbchat.settings.timeouts if the model is that slow.",
    "protocol": "Check the base URL: is this an OpenAI-compatible endpoint?",
    "interrupted": "The partial answer is kept. Resume goes on with it.",
    "invalid": "The provider does not accept this request; check the model and the parameters.",
}
"""What to do, by kind."""

_KINDS: dict[ErrorKind, str] = {
    "auth": "invalid_api_key incorrect_api_key authentication_error invalid_authentication unauthorized unauthenticated "
    "permission_error permission_denied access_denied forbidden account_deactivated api_key_invalid no_api_key "
    "invalid_organization unsupported_country_region_territory auth_error",
    "billing": "insufficient_quota insufficient_credits insufficient_balance billing_hard_limit_reached billing_not_active "
    "billing_error payment_required credit_limit_reached credit_limit budget_exceeded",
    "not_found": "model_not_found not_found not_found_error unknown_model invalid_model model_not_available unknown_url",
    "rate_limit": "rate_limit_exceeded rate_limit_error rate_limited too_many_requests resource_exhausted "
    "request_limit_exceeded tokens_limit_reached throttling_error model_rate_limit dynamic_request_limited "
    "dynamic_token_limited service_tier_capacity_exceeded",
    "context_length": "context_length_exceeded exceed_context_size_error context_window_exceeded request_too_large "
    "string_above_max_length tokens_exceeded_error",
    "content_filter": "content_filter content_policy_violation responsibleaipolicyviolation moderation_blocked "
    "content_moderation prohibited_content safety",
    "server": "server_error internal_error internal_server_error api_error overloaded_error engine_overloaded "
    "engine_overloaded_error service_unavailable unavailable unavailable_error bad_gateway provider_error upstream_error "
    "internal capacity_exceeded",
    "timeout": "timeout timeout_error request_timeout gateway_timeout deadline_exceeded",
    "invalid": "invalid_request_error invalid_request invalid_argument bad_request unsupported_parameter unsupported_value "
    "invalid_value unknown_parameter badrequesterror",
}
_KIND_OF_CODE: dict[str, ErrorKind] = {code: kind for kind, codes in _KINDS.items() for code in codes.split()}
_KIND_OF_STATUS: dict[int, ErrorKind] = {
    400: "invalid", 401: "auth", 402: "billing", 403: "auth", 404: "not_found", 405: "not_found", 408: "timeout",
    409: "server", 410: "not_found", 413: "context_length", 422: "invalid", 425: "server", 429: "rate_limit",
    451: "content_filter", 498: "server", 504: "timeout", 524: "timeout",
}  # fmt: skip
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s").fullmatch
_WEAK: frozenset[ErrorKind] = frozenset({"invalid", "server"})  # codes so general that the status says more
_RETRYABLE = frozenset({408, 409, 425, 429, 498, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


def is_retryable(error: ProviderError) -> bool:
    """Say whether the same request may be sent again: only for statuses that pass by themselves, never for a bill or a key."""
    return error.status in _RETRYABLE and error.kind in ("rate_limit", "server", "timeout", "network")


def excerpt(text: str, secrets: Iterable[Secret] = (), limit: int = TEXT_LIMIT) -> str:
    """Return the beginning of a server's words, fit to be shown: redacted first, one line, control characters escaped."""
    clean = "".join(_shown(char) for char in redact(text[: 16 * limit], secrets))
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _shown(char: str) -> str:
    if char in "\n\r\t":
        return " "
    # Cc, Cf (bidi overrides, zero width), Cs (lone surrogates), Co, Cn: invisible, or they rearrange what is seen
    if unicodedata.category(char)[0] == "C":
        return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
    return char


def error_of_object(found: Any, *, status: int | None = None, secrets: Iterable[Secret] = ()) -> ProviderError:
    """Return the error that a provider's JSON describes: `found` is the whole body, its `error` member, or a plain string.

    `status` is the HTTP status; within a 200 (a stream) the object's own numeric code takes its place.
    """
    body = found if isinstance(found, dict) else {"message": found}
    error = _inner(body)
    codes = _codes(error, body)
    refused = status in STATUSES  # in a 200 the answer has begun: whatever it says, nothing is asked again
    if status is None or status < 400:
        status = next((c for c in codes if isinstance(c, int) and 400 <= c < 600), None)
    names = [c for c in codes if isinstance(c, str)]
    message = _message(error) or _message(body) or json.dumps(found, default=str)
    failure = _error(message, status, names, secrets, _told_otherwise(error, status))
    failure.retry_after = _retry_delay(error)
    if refused and failure.kind == "invalid":
        parameters, about_model = refused_parameters((body, error), names, message)
        if parameters:
            return _of_parameters(failure, parameters, about_model)
    return failure


def _told_otherwise(error: dict[str, Any], status: int | None) -> ErrorKind | None:
    """What an error without a telling code is about, by the parameter that it names, its fixed sentence, or what the provider
    behind a router said: whose key or account that is about is not known, that a request is too long is."""
    if status is not None and not 400 <= status < 500:
        return None
    behind = _inner(object_of(_raw(error).encode("utf-8", "replace")))
    codes = [code.lower() for code in _codes(behind, {}) if isinstance(code, str)]
    if error.get("param") in TOO_LONG_PARAMETERS or any(_KIND_OF_CODE.get(code) == "context_length" for code in codes):
        return "context_length"
    if kind_of_sentence(_message(behind)) == "context_length":
        return "context_length"
    return kind_of_sentence(_message(error))


def _inner(body: dict[str, Any]) -> dict[str, Any]:
    """The error of a body: its `error` member, or the body itself."""
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else {"message": inner if inner is not None else body.get("message")}


def _raw(error: dict[str, Any]) -> str:
    """What the provider behind a router answered, as OpenRouter hands it on."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=str) if raw else ""


def _retry_delay(error: dict[str, Any]) -> float | None:
    """The seconds that Google's servers ask to wait, in the body instead of a header: "37s" (google.rpc.RetryInfo)."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (found := _SECONDS(delay)):
            return float(found[1])
    return None


def _of_parameters(failure: ProviderError, names: tuple[str, ...], about_model: bool) -> RefusedParametersError:
    refused = RefusedParametersError(failure.text, kind=failure.kind, hint=failure.hint, status=failure.status, code=failure.code)
    refused.names, refused.about_model = names, about_model
    return refused


def object_of(data: bytes) -> dict[str, Any]:
    """Return the JSON object in `data`, or the first one of a list (Gemini wraps its errors so); empty for anything else."""
    try:
        found = json.loads(data.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return {}
    if isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, dict) else {}


def error_of_body(status: int, content_type: str, body: bytes, *, secrets: Iterable[Secret] = ()) -> ProviderError:
    """Return the error of a response that is none of the good ones; `body` is its bounded beginning."""
    found = object_of(body)
    if found:
        return error_of_object(found, status=status, secrets=secrets)
    text = body.decode("utf-8", "replace")
    if not text.strip():
        text = "(empty answer)"
    elif "html" in content_type.lower() or text.lstrip()[:1] == "<":
        text = f"(a web page) {text}"
    return _error(text, status, [], secrets)


def _error(
    message: str, status: int | None, names: list[str], secrets: Iterable[Secret], told: ErrorKind | None = None
) -> ProviderError:
    kinds = [_KIND_OF_CODE[name.lower()] for name in names if name.lower() in _KIND_OF_CODE]
    by_status = None if status is None else _KIND_OF_STATUS.get(status, "server" if status >= 500 else "invalid")
    strong = [each for each in kinds if each not in _WEAK]
    if status == 413:
        strong = []  # too long is too long, whatever limit it is called: waiting does not help
    kind: ErrorKind = strong[0] if strong else told or by_status or (kinds[0] if kinds else "server")
    code = names[0] if names else None
    label = _label(status)
    text = excerpt(f"{label}: {message}" if label else message, secrets)
    return ProviderError(text, kind=kind, hint=HINTS[kind], status=status, code=code and excerpt(code, secrets, 100))


def _label(status: int | None) -> str:
    if status is None:
        return "The provider reported an error"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"Status {status}"


def _codes(error: dict[str, Any], body: dict[str, Any]) -> list[str | int]:
    """Return the codes of an error object, the most specific first; a numeric text counts as a number."""
    metadata = error.get("metadata")
    details = error.get("details")
    found = [error.get("code")]
    if isinstance(details, list):
        found += [detail.get("reason") for detail in details if isinstance(detail, dict)]
    if isinstance(metadata, dict):
        found += [metadata.get("error_type"), metadata.get("code")]
        if "flagged_input" in metadata:  # OpenRouter's moderation
            found.append("moderation_blocked")
    found += [error.get("type"), error.get("status"), body.get("code"), body.get("type")]
    codes: list[str | int] = []
    for code in found:
        if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
            codes.append(int(code))
        elif isinstance(code, (str, int)) and not isinstance(code, bool) and code not in ("", "error", "None", "null"):
            codes.append(code)
    return codes


def _message(error: dict[str, Any]) -> str:
    for name in ("message", "detail", "error_message", "msg"):
        found = error.get(name)
        if isinstance(found, str) and found.strip():
            return found + _upstream(error)
        if isinstance(found, (list, dict)) and found:
            return json.dumps(found, ensure_ascii=False, default=str)
    return ""


def _upstream(error: dict[str, Any]) -> str:
    """What the provider behind a router said: OpenRouter's own message is no more than that it said something."""
    said = _raw(error)
    return f" ({error['metadata'].get('provider_name') or 'upstream'}: {said})" if said else ""
