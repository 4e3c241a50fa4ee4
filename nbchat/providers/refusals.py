"""Refused parameters: what a server says when a request holds a member that it, or the model, does not take.

Owns the spellings of that one sentence. Codes and fields decide first; prose only where one of these sentences stands in it with
the parameter's name. What was sent, and what follows from a refusal, is `learned`'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from nbchat.core.errors import ProviderError

__all__ = ["STATUSES", "RefusedParametersError", "refused_parameters"]

_LONGEST = 4000  # characters of a message that are looked at
STATUSES = (400, 422)
"""The statuses of such a refusal: before any token, so nothing is billed."""


class RefusedParametersError(ProviderError):
    """The server does not take these parameters (`stream_options.include_usage` is a member of `stream_options`);
    `about_model`: it says so of the model, so that it may take them for another one."""

    names: tuple[str, ...] = ()
    about_model: bool = False


_NAME = r"""[\[({]{0,3}["'`“]?(?:\#/)?(?P<name>[A-Za-z_][\w.]{0,60})["'`”]?"""
_THING = r"(?:(?:request|body|keyword|input|api) )?(?:parameter|argument|field|property|name|option)s?"
_NOT = r"not (?:currently )?(?:supported|permitted|allowed|recognized)"
_SENTENCES = [
    re.compile(sentence, re.IGNORECASE)
    for sentence in (
        # vLLM repeats pydantic's list as Python writes it
        r"'type': 'extra_forbidden', 'loc': \('body', '(?P<name>\w+)'(?:, '(?P<member>\w+)')?,?\)",
        # OpenAI, Gemini, Azure, older servers: Unsupported parameter: 'x'; Unknown name "x"; Unrecognized argument supplied: x
        rf"\b(?:unsupported|unknown|unrecognized|unexpected|extra|additional) {_THING}(?: supplied| provided)?:? {_NAME}",
        # Fireworks: Extra inputs are not permitted, field: 'x'
        rf"\bextra (?:inputs|fields) (?:are )?{_NOT},? {_THING}:? {_NAME}",
        # Anthropic, Azure: x: Extra inputs are not permitted; Validation error at #/x: Extra inputs are not permitted
        rf"(?:^|[\s/(]){_NAME}: (?:extra (?:inputs|fields)|additional properties) (?:are )?{_NOT}",
        # Groq, Anthropic: property 'x' is unsupported; `x` is deprecated for this model
        rf"(?:^|[\s(:]){_NAME}(?: {_THING})? (?:is|are) (?:{_NOT}|unsupported|deprecated|no longer supported)\b",
        # LiteLLM, xAI: does not support parameters: ['x'], for model=...; does not support parameter x
        rf"\bdoes not support (?:the )?{_THING}:? {_NAME}",
        rf"\bargument not supported (?:on|by|with|for) this model: {_NAME}",
    )
]
_NO_NAMES = frozenset({"inputs", "fields", "parameters", "arguments", "properties", "input", "field", "parameter", "it", "this"})
_CODES = frozenset({"unsupported_parameter", "unknown_parameter"})
_ABOUT_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
_FORMAT = re.compile(r"\bresponse[_ ]format\b|\bjson_schema\b|\bstructured outputs?\b", re.IGNORECASE)
"""Whatever else is said of it: what asks for a form is asked for in words then."""
_ONLY_DEFAULT = re.compile(r"\bonly the default\b", re.IGNORECASE)


def refused_parameters(bodies: Sequence[Any], codes: Sequence[str], message: str) -> tuple[tuple[str, ...], bool]:
    """Return (names, whether the refusal is about the model): no names where something else is wrong.

    `bodies` are the objects of the answer, from the outside in; `codes` what the provider calls it. A value that is refused
    (`unsupported_value`) counts only where the default alone is taken: any other may be chosen better.
    """
    listed = tuple(dict.fromkeys(name for body in bodies for name in _listed(body)))
    if listed:
        return listed, False
    message = message[:_LONGEST]
    about_model = bool(_ABOUT_MODEL.search(message))
    param = next((body["param"] for body in bodies if isinstance(body, dict) and isinstance(body.get("param"), str)), "")
    if param.startswith("response_format"):
        return ("response_format",), True
    if param and not _CODES.isdisjoint(codes):
        return (param,), about_model
    if "unsupported_value" in codes:
        return ((param,), True) if param and _ONLY_DEFAULT.search(message) else ((), False)
    for found in (found for sentence in _SENTENCES for found in sentence.finditer(message)):
        parts = [found["name"].strip("."), found.groupdict().get("member") or ""]
        if parts[0] == "json_schema":
            return ("response_format",), True
        if parts[0].lower() not in _NO_NAMES:
            return (".".join(part for part in parts if part),), about_model and "extra_forbidden" not in message
    return (("response_format",), True) if _FORMAT.search(message) else ((), False)


def _listed(body: Any) -> Iterator[str]:
    """Yield names from pydantic errors as FastAPI sends them: {"detail": [{"type": "extra_forbidden", "loc": ["body", "x"]}]}."""
    if not isinstance(body, dict):
        return
    for holder in (body, body.get("message")):
        detail = holder.get("detail") if isinstance(holder, dict) else None
        for each in detail if isinstance(detail, list) else ():
            if isinstance(each, dict) and each.get("type") in ("extra_forbidden", "value_error.extra"):
                place = each.get("loc")
                if isinstance(place, list) and place[:1] == ["body"] and 1 < len(place) < 4:
                    yield ".".join(str(part) for part in place[1:])
