"""Parameters of requests: which values can be sent, and how those of a conversation and of one turn come together.

Owns the names that all providers share and their ranges; what one provider calls them or refuses is its own matter, so every
other name passes as it is. Must not know requests.
"""

from __future__ import annotations

import json
import numbers
from collections.abc import Callable, Mapping
from typing import Any

from nbchat.core.errors import UsageError
from nbchat.core.texts import text_of

__all__ = ["check_parameters", "merge"]

_OWNED = {
    "messages": "They are the conversation: ask, edit or hide messages instead.",
    "model": 'Set the session\'s model, or give a turn another one: send(text, model="provider/model").',
    "n": "An answer is one message: regenerate it to have another beside it.",
    "stream": "Answers always stream; ask() waits for the whole one.",
    "tools": "Give functions: session.tools = [function, ...].",
}
_SENT_UNASKED = frozenset({"stream_options"})
"""What a request carries by itself: None is how a person takes it out, so it has to travel."""
_TAKE_OUT = "None takes it out."


def check_parameters(parameters: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the parameters as plain JSON values of their own (a changed list of the caller's changes nothing later).

    temperature (0 to 2), top_p (above 0, to 1), max_tokens (1 or more), seed, stop (a text or a list of them),
    reasoning_effort (a text such as "low"), presence_penalty and frequency_penalty (-2 to 2) are checked; None stays, for it
    takes a parameter out (see `merge`). Raises UsageError that names the parameter which cannot be sent.
    """
    if not isinstance(parameters, Mapping):
        raise UsageError(
            f"Parameters are a dict of names and values, not {type(parameters).__name__}.",
            hint='For example {"temperature": 0.2}.',
        )
    checked: dict[str, Any] = {}
    for name, value in parameters.items():
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"The name of a parameter is text, not {name!r:.60}.", hint='For example {"temperature": 0.2}.')
        if name in _OWNED:
            raise UsageError(f"{name} cannot be given as a parameter.", hint=_OWNED[name])
        checked[text_of(name, "A name")] = None if value is None else _KNOWN.get(name, _extra)(name, value)
    return checked


def merge(conversation: Mapping[str, Any], turn: Mapping[str, Any]) -> dict[str, Any]:
    """Return the conversation's (checked) parameters with the turn's put over them; None takes one out."""
    both = {**conversation, **turn}
    return {name: value for name, value in both.items() if value is not None or name in _SENT_UNASKED}


def _number(low: float, high: float, *, above: bool = False) -> Callable[[str, Any], Any]:
    """A check for numbers from `low` (or `above` it) to `high`; those of numpy become Python's own."""

    def check(name: str, value: Any) -> int | float:
        number = _real(value)
        if number is None or not low <= number <= high or (above and number == low):
            wanted = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
            raise UsageError(f"{name} is a number {wanted}, not {value!r:.60}.", hint=_TAKE_OUT)
        return number

    return check


def _whole(low: int, high: int, wanted: str) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> int:
        number = _real(value)
        if not isinstance(number, int) or not low <= number <= high:
            raise UsageError(f"{name} is {wanted}, not {value!r:.60}.", hint=_TAKE_OUT)
        return number

    return check


def _real(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f'{name} is a text such as "low", not {value!r:.60}.', hint=_TAKE_OUT)
    return text_of(value, name)


def _stop(name: str, value: Any) -> str | list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise UsageError(f"{name} is a text, or a list of texts, none of them empty, not {value!r:.60}.", hint=_TAKE_OUT)
    plain = [text_of(text, name) for text in texts]
    return plain[0] if isinstance(value, str) else plain


def _extra(name: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{name} cannot be sent as JSON: {error}.", hint="Use numbers, texts, lists and dicts.") from None


_KNOWN: Mapping[str, Callable[[str, Any], Any]] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1, above=True),
    "max_tokens": _whole(1, 2**31 - 1, "a whole number, 1 or more"),
    "seed": _whole(-(2**63), 2**63 - 1, "a whole number of at most 64 bits"),
    "stop": _stop,
    "reasoning_effort": _text,
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
}
