"""Tools: functions that a model may have called. What it is told of them, and what becomes of the arguments that it writes.

Owns the way from a function to its JSON schema and back from the model's JSON text to the function's arguments, and the text
that a result becomes. Must not know who calls, when, or with whose consent.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, get_args

from nbchat.core.cancelling import CancelToken
from nbchat.core.docstrings import read_docstring
from nbchat.core.errors import UsageError
from nbchat.core.hints import resolved, shape_of
from nbchat.core.shapes import Shape, read_members, schema_of
from nbchat.core.texts import text_of

__all__ = ["RESULT_LIMIT", "Tool", "ToolSpec", "failure_text", "json_object", "result_text", "tool_of"]

RESULT_LIMIT = 100_000
"""Characters of a tool's result that a model is sent: more would fill its context, and be paid for in every later request."""
_FAILURE_LIMIT = 2_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What OpenAI and Anthropic take for the name of a tool, and of a parameter."""
_Kind = inspect.Parameter


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it: `parameters` is the JSON schema (an object) of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may have called, made by `tool_of`.

    `is_async` says that calling it gives a coroutine; `token` is the name of the parameter that takes a CancelToken, if any.
    """

    spec: ToolSpec
    function: Callable[..., Any]
    is_async: bool = False
    token: str | None = None
    _shapes: Mapping[str, Shape] = field(default_factory=dict, repr=False, compare=False)
    _checks: Mapping[str, Shape] = field(default_factory=dict, repr=False, compare=False)
    _required: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    _positional: tuple[inspect.Parameter, ...] = field(default=(), repr=False, compare=False)

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self.spec.name

    def check(self, text: str) -> None:
        """Check the arguments that `text` (JSON, as a model wrote it) stands for against the type hints, running nobody's code.

        Raises ValueError, in words that a model can act on, for what is no strict JSON object or does not fit. No text at
        all is an empty object: some models write that for a call without arguments.
        """
        read_members(json_object(text) if text.strip() else {}, self._checks, set(self._required))

    def arguments(self, text: str) -> dict[str, Any]:
        """Return the arguments that `text` stands for, checked as by `check` and converted; the constructors of dataclasses run,
        and what they raise is a ValueError too."""
        return read_members(json_object(text) if text.strip() else {}, self._shapes, set(self._required))

    def call(self, arguments: Mapping[str, Any], token: CancelToken) -> Any:
        """Call the function with what `arguments` returned; gives what it gives (a coroutine, when it is async)."""
        given = dict(arguments)
        if self.token is not None:
            given[self.token] = token
        first = [given.pop(each.name, each.default) for each in self._positional]
        return self.function(*first, **given)


# ---------------------------------------------------------------- from a function to a tool


def tool_of(function: Callable[..., Any] | Tool, *, name: str | None = None, description: str | None = None) -> Tool:
    """Return the tool that `function` makes: its schema comes from the type hints, its descriptions from the docstring.

    A parameter hinted CancelToken is not shown to the model: it is given the token that says when the turn is stopped. What a
    `functools.partial` has bound is not shown either, and cannot be overridden. Raises UsageError for what cannot be a tool.
    """
    if isinstance(function, Tool):
        return function
    bare: Any = function
    while isinstance(bare, functools.partial):
        bare = bare.func
    if not callable(bare) or isinstance(bare, type):
        raise UsageError(f"{function!r:.80} is no function, so it cannot be a tool.", hint="Give a function or a method.")
    named = _named(bare, name)
    where = f"tool {named}"
    code = bare if inspect.isroutine(bare) else type(bare).__call__  # an object that can be called
    if inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code):
        raise UsageError(f"{named} is a generator, which cannot be a tool.", hint="Return a list.")
    parameters = _parameters(function, code, where)
    shown = [each for each in parameters if not _takes_token(each.annotation)]
    tokens = [each for each in parameters if _takes_token(each.annotation)]
    if len(tokens) > 1:
        raise UsageError(f"{where} has {len(tokens)} parameters for a cancel token.", hint="One is enough.")
    doc = read_docstring(getattr(bare, "__doc__", None) if inspect.isroutine(bare) else code.__doc__ or type(bare).__doc__)
    place = f"Parameter {{}} of {where}"
    hints = {
        each.name: shape_of(each.annotation, place.format(each.name)).described(doc.parameters.get(each.name, ""))
        for each in shown
    }
    checks = {each.name: shape_of(each.annotation, place.format(each.name), build=False) for each in shown}
    required = frozenset(each.name for each in shown if each.default is _Kind.empty)
    return Tool(
        ToolSpec(named, doc.summary if description is None else description, schema_of(hints, set(required))),
        function,
        inspect.iscoroutinefunction(code),
        tokens[0].name if tokens else None,
        MappingProxyType(hints),
        MappingProxyType(checks),
        required,
        tuple(each for each in parameters if each.kind is _Kind.POSITIONAL_ONLY),
    )


def _named(bare: Any, given: str | None) -> str:
    name: str = given or getattr(bare, "__name__", "") or type(bare).__name__
    if name == "<lambda>":
        raise UsageError("A lambda has no name that a model could call.", hint="Write it with `def`.")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"Providers do not take {name!r:.80} as a tool's name.", hint="Letters of ASCII, digits, _ and - only, at most 64."
        )
    return name


def _parameters(function: Callable[..., Any], code: Callable[..., Any], where: str) -> list[inspect.Parameter]:
    """The parameters that are still open, each with its hint resolved."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError, NameError) as error:
        raise UsageError(f"The parameters of {where} cannot be read: {error}.", hint="Wrap it in a function of yours.") from None
    bound = function.keywords if isinstance(function, functools.partial) else {}
    found = [each for each in signature.parameters.values() if each.name not in bound]
    for each in found:
        if each.kind in (_Kind.VAR_POSITIONAL, _Kind.VAR_KEYWORD):
            stars = "*" if each.kind is _Kind.VAR_POSITIONAL else "**"
            raise UsageError(f"{where} takes {stars}{each.name}, which no schema can describe.", hint="Name its parameters.")
        if not _NAME.fullmatch(each.name):
            raise UsageError(f"Providers do not take {each.name!r} as a parameter ({where}).", hint="Use letters of ASCII.")
        if each.name == "self" and each.annotation is _Kind.empty:
            raise UsageError(f"{where} is a method without its object.", hint="Give the method of an object: `thing.method`.")
    inner = inspect.unwrap(getattr(code, "__func__", code))
    annotations = {each.name: each.annotation for each in found if each.annotation is not _Kind.empty}
    hints = resolved(annotations, getattr(inner, "__globals__", {}), _closure(inner), where)
    return [each.replace(annotation=hints.get(each.name, _Kind.empty)) for each in found]


def _closure(inner: Any) -> dict[str, Any]:
    """What a function sees of the functions around it: its hints may name a class from there."""
    found = {}
    names = getattr(getattr(inner, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(inner, "__closure__", None) or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found


def _takes_token(hint: Any) -> bool:
    return hint is CancelToken or CancelToken in get_args(hint)


# ---------------------------------------------------------------- from JSON text to values


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object that `text` is; raises ValueError for anything else: no NaN, no number beyond all bounds, no name
    given twice, no half of a character."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded)
        json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"the arguments are no valid JSON: {error}") from None
    except UnicodeEncodeError:
        raise ValueError("the arguments hold half of a character (a lone surrogate)") from None
    except RecursionError:
        raise ValueError("the arguments are nested too deeply") from None
    if not isinstance(found, dict):  # a wrong value, of a right type: text
        raise ValueError(f'the arguments must be one JSON object, as in {{"name": "value"}}, not {text.strip()[:60]}')  # noqa: TRY004
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r:.60} is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def _bounded(text: str) -> int:
    if len(text) > 1000:  # reading them takes quadratic time, and no tool means them
        raise ValueError(f"a number of {len(text):,} digits is too large")
    return int(text)


# ---------------------------------------------------------------- from a result to text


def result_text(value: Any) -> str:
    """Return what a model is told that a tool gave: a string as it is, else JSON where that can say it, else the repr; bounded.
    Raises whatever the value's own repr raises."""
    if isinstance(value, str):
        return bounded_text(value, RESULT_LIMIT)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except Exception:  # not JSON, circular, or an object whose own methods fail: the repr is tried
        text = repr(value)
    return bounded_text(text, RESULT_LIMIT)


def failure_text(error: BaseException) -> str:
    """Return what a model is told of an exception: its type and message, no traceback; bounded."""
    try:
        words = str(error)
    except BaseException:  # an exception that cannot even be shown
        words = ""
    return bounded_text(f"{type(error).__name__}: {words}" if words else type(error).__name__, _FAILURE_LIMIT)


def bounded_text(text: str, limit: int) -> str:
    """Return the text without lone surrogates, cut at `limit` characters; a cut says so, and how much there was."""
    whole = str.__str__(text)  # a subclass may do anything
    if len(whole) > limit:
        whole = f"{whole[:limit]}\n[cut here: the first {limit:,} of {len(whole):,} characters]"
    return text_of(whole, "A result")


def _plain(value: Any) -> Any:
    """What JSON can say of a value that it does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError
