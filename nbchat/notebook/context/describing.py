"""Describing: what a model is told of a value: by the value's own `_ai_repr_`, by whoever registered its type, as a picture, as
source, as Markdown, or as text, in that order.

Owns that order, the registry, and the allowance, which nothing passes. Runs the code of values: on a thread that somebody times
(`patience.py`). Libraries are never imported here: a value of one is there only when somebody else has imported it.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from nbchat.core.attachments import MOST_IMAGE, attachment_tokens, picture_kind, picture_of
from nbchat.core.errors import UsageError
from nbchat.core.messages import Attachment, FilePart
from nbchat.core.texts import well_formed
from nbchat.notebook.context import LEAST
from nbchat.notebook.context.outline import cell, outline

__all__ = ["Describer", "Said", "built_in", "describe", "describes", "fitted", "name_of"]

_PER_TOKEN = 4

Said: TypeAlias = "str | bytes | Mapping[str, Any]"
"""What may be said of a value: text, the bytes of a picture (PNG, JPEG, GIF, WebP), or a MIME bundle with either or both."""
Describer: TypeAlias = Callable[[Any, int], "Said | None"]
"""Called with a value and the tokens that it may come to; None: ask the next one."""
F = TypeVar("F", bound=Describer)

_registered: dict[str, tuple[Describer, type[Any] | None]] = {}


def describes(*kinds: type[Any] | str) -> Callable[[F], F]:
    """Register a function as what says to models what a value of these types (`kinds`) is, or of types below them.

    A type is a class, or the place of one, "module:Class" as in "polars:DataFrame", which need not be imported yet. The function
    is called with the value and the tokens that it may come to (four characters are one); what it returns (text, the bytes of a
    picture, or a dict of MIME types) is cut where it is longer. It runs on a thread of its own, for a few seconds at most. The
    last one that was registered for a type counts. Raises UsageError for what is no type.
    """
    if not kinds or not all(map(_is_type, kinds)):
        raise UsageError(
            "What is described is a class, or a text such as 'polars:DataFrame'.", hint="@nbchat.describes(Molecule)"
        )

    def register(function: F) -> F:
        _registered.update(_places(function, kinds))
        return function

    return register


def built_in(*kinds: type[Any] | str) -> Callable[[F], F]:
    """`describes` for the types that nbchat knows itself: what people registered stays."""

    def register(function: F) -> F:
        for place, entry in _places(function, kinds).items():
            _registered.setdefault(place, entry)
        return function

    return register


def _places(function: Describer, kinds: tuple[type[Any] | str, ...]) -> dict[str, tuple[Describer, type[Any] | None]]:
    texts = {each: (function, None) for each in kinds if isinstance(each, str)}
    return texts | {f"{each.__module__}:{each.__qualname__}": (function, each) for each in kinds if isinstance(each, type)}


def _is_type(given: object) -> bool:
    return isinstance(given, type) or (isinstance(given, str) and all(given.partition(":")))


def describe(name: str, value: Any, tokens: int) -> tuple[Attachment, ...]:
    """Return what goes along for the name `name` ("@df"), in at most `tokens` tokens in all; raises what the value's code
    raises."""
    room = max(tokens * _PER_TOKEN, 0)
    for say in (_own, _by_type, _picture, _source, _markdown):
        said = say(value, tokens)
        if said is not None and (parts := _parts(name, said, tokens)):
            return parts
    if isinstance(value, str):
        return _parts(name, value, tokens)
    return _parts(name, f"{name_of(value)}:\n{outline(value, room)}", tokens)


def name_of(value: Any) -> str:
    """Return what a value is, in a word or two: its type, and the library that it is from. Runs none of its code."""
    name, module = str.__str__(_NAME(type(value))), _MODULE(type(value))  # texts of the type's own may have methods of their own
    library = str.__str__(module).partition(".")[0] if isinstance(module, str) else ""
    told = name if library in ("", "builtins", "__main__") else f"{name} ({library})"
    return cell(told, _LONGEST_NAME)


_NAME: Final[Callable[[type[Any]], str]] = type.__dict__["__name__"].__get__
_MODULE: Final[Callable[[type[Any]], Any]] = type.__dict__["__module__"].__get__
_LONGEST_NAME: Final = 60


def fitted(name: str, text: str, tokens: int) -> FilePart:
    """Return a text as what the name stands for, without keys, cut so that it comes to at most `tokens` tokens with its frame."""
    from nbchat.notebook.failure import without_keys

    text = str.__str__(text)  # a plain one, whatever was said
    whole, most = len(text), tokens * _PER_TOKEN
    clean = without_keys(well_formed(text[: most + _KEY]))
    if whole <= most + _KEY:
        whole = len(clean)
    kept = min(len(clean), most)
    part = _beginning(name, clean, kept, whole)
    while kept and (over := attachment_tokens(part) - tokens) > 0:
        kept = max(kept - over * _PER_TOKEN - _NOTE, kept // 2)  # a text of backticks has a frame as long as itself
        part = _beginning(name, clean, kept, whole)
    return part


def _beginning(name: str, text: str, kept: int, whole: int) -> FilePart:
    rest = "" if kept == whole else f"\n… (the first {kept:,} of {whole:,} characters)"
    return FilePart(name, text[:kept] + rest)


_KEY = 10_000
"""Characters, and more than a key has: none is cut before it is found."""


_NOTE = 60
"""Characters that it takes to say that something was cut."""


# ---------------------------------------------------------------- who is asked


def _own(value: Any, _tokens: int) -> Said | None:
    """`_ai_repr_`: text or a MIME bundle, awaited where it must be (Jupyter's proposal for "AI representations"). Looked up on
    the type: an object that has every attribute has none."""
    method = getattr(type(value), "_ai_repr_", None)
    said: Said | None = None if method is None else _awaited(method(value))
    return said


def _by_type(value: Any, tokens: int) -> Said | None:
    _load_own()
    places = list(_registered.items())
    found = {cls: describer for place, (describer, known) in places if (cls := known or _class_at(place)) is not None}
    for cls in type(value).__mro__:
        if cls in found and (said := found[cls](value, tokens)) is not None:
            return said
    return None


def _picture(value: Any, _tokens: int) -> Said | None:
    if isinstance(value, bytes):
        return value if picture_kind(value) else None
    for name in ("_repr_png_", "_repr_jpeg_"):
        method = getattr(type(value), name, None)
        said = None if method is None else _first(method(value))
        if said is not None:
            return {"image/png": said}
    return None


def _source(value: Any, _tokens: int) -> Said | None:
    """Functions and classes are their source, as it was when it was run; built-in ones have none."""
    if not isinstance(value, types.FunctionType | types.MethodType | type):
        return None
    try:
        return inspect.getsource(value).rstrip()
    except (OSError, TypeError):
        return _class_source(value) if isinstance(value, type) else None


def _class_source(cls: type[Any]) -> str | None:
    """The source of a class that was made in a notebook, found by a method of it: Python looks in the file of its module."""
    method = next((each for each in vars(cls).values() if isinstance(each, types.FunctionType)), None)
    if method is None:
        return None
    source = "".join(linecache.getlines(method.__code__.co_filename))
    try:
        nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    except SyntaxError:  # the file is another one by now
        return None
    line = method.__code__.co_firstlineno
    found = [node for node in nodes if node.name == cls.__name__ and node.lineno <= line <= (node.end_lineno or 0)]
    return ast.get_source_segment(source, found[-1]) if found else None


def _markdown(value: Any, _tokens: int) -> Said | None:
    method = getattr(type(value), "_repr_markdown_", None)
    said = None if method is None else _first(method(value))
    return said if isinstance(said, str) else None


def _first(said: Any) -> Any:
    """What is displayed, without its metadata."""
    return said[0] if isinstance(said, tuple) and said else said


def _awaited(said: Any) -> Any:
    async def wait() -> Any:
        return await said

    return asyncio.run(wait()) if inspect.isawaitable(said) else said


def _class_at(place: str) -> type[Any] | None:
    """The class at this place, if its module was imported; nothing is imported by looking."""
    module, _, name = place.partition(":")
    found = vars(sys.modules[module]).get(name) if module in sys.modules else None
    return found if isinstance(found, type) else None


def _load_own() -> None:
    """The types that nbchat knows."""
    from nbchat.notebook.context import arrays, pictures, tables  # noqa: F401


# ---------------------------------------------------------------- what was said


def _parts(name: str, said: Any, tokens: int) -> tuple[Attachment, ...]:
    """What was said as attachments: a picture if there is one that fits, and the text in what is left."""
    if isinstance(said, str):
        return (fitted(name, said, tokens),)
    bundle: Mapping[str, Any] = {"image/png": said} if isinstance(said, bytes) else said if isinstance(said, Mapping) else {}
    data = next((data for mime in _PICTURES if (data := _bytes(bundle.get(mime)))), b"")
    picture = picture_of(name, data) if len(data) <= MOST_IMAGE else None
    parts: list[Attachment] = []
    if picture is not None and (cost := attachment_tokens(picture)) <= tokens:
        parts, tokens = [picture], tokens - cost
    text = next((text for mime in _TEXTS if isinstance(text := bundle.get(mime), str) and text.strip()), "")
    if text and tokens >= LEAST:
        parts.append(fitted(name, text, tokens))
    return tuple(parts)


_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_TEXTS = ("text/markdown", "text/plain")


def _bytes(data: Any) -> bytes:
    """A picture's bytes: bundles have them, or their base64."""
    if isinstance(data, str):
        try:
            return base64.b64decode(data)
        except ValueError:
            return b""
    return bytes(data) if isinstance(data, bytes | bytearray | memoryview) else b""
