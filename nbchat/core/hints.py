"""Type hints as shapes of JSON: which of them can cross it, and as what.

Owns the reading of hints, those that are text included; what a shape is and does is `shapes`' matter.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from nbchat.core.errors import UsageError
from nbchat.core.shapes import ANY, PLAIN, Shape, choice_of, dict_of, list_of, object_of, tuple_of, union_of

__all__ = ["resolved", "shape_of"]

_abc = collections.abc
_LISTS = frozenset({list, _abc.Sequence, _abc.MutableSequence, _abc.Iterable, _abc.Collection})
_SETS: dict[Any, type] = {set: set, _abc.Set: set, _abc.MutableSet: set, frozenset: frozenset}
_DICTS = frozenset({dict, _abc.Mapping, _abc.MutableMapping})
_MARKS = ("Required", "NotRequired", "ReadOnly")
_SCALARS = (str, int, float, bool, type(None))


def shape_of(hint: Any, where: str, *, build: bool = True) -> Shape:
    """Return how values of `hint` are described and read; raises UsageError for hints that JSON cannot serve, naming `where`.

    Without `build`, values are checked alone: dicts and lists stand for dataclasses and sets, so no code of anybody's runs.
    """
    return _Maker(where, build).make(hint)


def resolved(annotations: Mapping[str, Any], names: Mapping[str, Any], local: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the annotations with those that are text evaluated, in these global and local names; raises UsageError."""
    holder = types.SimpleNamespace(__annotations__=dict(annotations))
    try:
        return typing.get_type_hints(holder, dict(names), dict(local), include_extras=True)
    except NameError as error:
        raise UsageError(
            f"A type hint of {where} cannot be resolved: {error}.",
            hint="Where hints are text (`from __future__ import annotations`), their types must stand at the module's top level.",
        ) from None
    except Exception as error:  # whatever evaluating somebody's text can raise
        raise UsageError(
            f"The type hints of {where} cannot be read: {error}.", hint="Use hints that Python can evaluate."
        ) from None


class _Maker:
    """Makes the hint of one parameter; knows the classes that it is inside of, as none can be sent that holds itself."""

    def __init__(self, where: str, build: bool) -> None:
        self._where = where
        self._build = build
        self._inside: list[type] = []

    def make(self, hint: Any) -> Shape:
        if hint is inspect.Parameter.empty:
            return ANY
        try:
            if hint in PLAIN:
                return PLAIN[hint]
        except TypeError:  # a hint that cannot be hashed, such as one annotated with a list
            pass
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._annotated(args[0], args[1:])
        if origin is typing.Union or origin is types.UnionType:
            return union_of([self.make(each) for each in args])
        if origin is typing.Literal:
            return self._literal(args)
        for inner in ("__supertype__", "__value__"):  # NewType, and the `type` statement
            if hasattr(hint, inner) and not isinstance(hint, type):
                return self.make(getattr(hint, inner))
        return self._container(origin or hint, args) or self._class(hint)

    def _refuse(self, hint: Any, why: str = "") -> UsageError:
        name = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")
        return UsageError(
            f"{self._where} has the type hint {name}, {why or 'which a model cannot give'}.",
            hint="Use str, int, float, bool, None, list, tuple, set, dict, Literal, Enum, TypedDict or a dataclass.",
        )

    def _annotated(self, hint: Any, notes: Sequence[Any]) -> Shape:
        return self.make(hint).described(next((note for note in notes if isinstance(note, str)), ""))

    def _literal(self, values: tuple[Any, ...]) -> Shape:
        for value in values:
            if type(value) not in _SCALARS:
                raise self._refuse(f"Literal[{value!r}]")
        return choice_of([(value, value) for value in values])

    def _container(self, origin: Any, args: tuple[Any, ...]) -> Shape | None:
        if not isinstance(origin, type):
            return None
        if origin in _LISTS:
            return list_of(self.make(args[0]) if args else ANY, list)
        if origin in _SETS:
            return list_of(self.make(args[0]) if args else ANY, _SETS[origin] if self._build else list, unique=True)
        if origin is tuple:
            if not args or args[-1] is Ellipsis:
                return list_of(self.make(args[0]) if args else ANY, tuple)
            return tuple_of([self.make(each) for each in args if each != ()])
        if origin in _DICTS:
            if args and args[0] not in (str, Any):
                raise self._refuse(f"dict[{args[0]}, ...]", "but names in JSON are strings")
            return dict_of(self.make(args[1]) if args else ANY)
        return None

    def _class(self, hint: Any) -> Shape:
        if not isinstance(hint, type):
            raise self._refuse(hint)
        if issubclass(hint, enum.Enum):
            return self._enum(hint)
        typed_dict = issubclass(hint, dict) and hasattr(hint, "__required_keys__")
        if not typed_dict and not dataclasses.is_dataclass(hint):
            raise self._refuse(hint)
        if hint in self._inside:
            raise self._refuse(hint, "which holds itself")
        self._inside.append(hint)
        made = self._typed_dict(hint) if typed_dict else self._dataclass(hint)
        self._inside.pop()
        return made

    def _enum(self, cls: type[enum.Enum]) -> Shape:
        members = list(cls)
        if not members:
            raise self._refuse(cls, "which has no members")
        # Strings are what their author meant to be read; the numbers of an enum mean nothing to a model, its names do.
        text = all(isinstance(member.value, str) for member in members)
        return choice_of([(member.value if text else member.name, member) for member in members])

    def _fields_of(self, cls: type) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for base in reversed(cls.__mro__):  # each class's hints are text of its own module
            if own := inspect.get_annotations(base):
                module = inspect.getmodule(base)
                found.update(resolved(own, vars(module) if module else {}, vars(base), f"{self._where}, class {base.__name__}"))
        return found

    def _typed_dict(self, cls: Any) -> Shape:
        required, members = set(cls.__required_keys__), {}
        for name, hint in self._fields_of(cls).items():
            while (mark := getattr(typing.get_origin(hint), "_name", None)) in _MARKS:
                if mark == "Required":  # where hints are text, the class itself has not seen it
                    required.add(name)
                elif mark == "NotRequired":
                    required.discard(name)
                hint = typing.get_args(hint)[0]  # noqa: PLW2901 - peeled off, mark by mark
            members[name] = self.make(hint)
        return object_of(members, required, cls.__name__, dict)

    def _dataclass(self, cls: Any) -> Shape:
        fields = [each for each in dataclasses.fields(cls) if each.init]
        if [each.name for each in fields] != list(inspect.signature(cls).parameters):
            raise self._refuse(cls, "whose constructor takes other arguments than its fields")
        hints = self._fields_of(cls)
        missing = dataclasses.MISSING
        required = {each.name for each in fields if each.default is missing and each.default_factory is missing}
        return object_of(
            {each.name: self.make(hints[each.name]) for each in fields}, required, cls.__name__, cls if self._build else dict
        )
