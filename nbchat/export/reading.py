"""Reads a document that claims to be a conversation: anybody may have written it, so everything is checked before anything
is made of it, and what is wrong is named.

Owns the checks; the form is `document`'s, files are `files`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

from nbchat.core.conversations import Conversation, WhenFull
from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo, ErrorKind, UsageError
from nbchat.core.messages import Message, MessageStatus, Part, Role, part_from_json
from nbchat.core.parameters import check_parameters
from nbchat.core.price import parse_amount
from nbchat.core.usage import Certainty, Usage
from nbchat.export.document import FORMAT, kept

__all__ = ["NOT_OURS", "from_document"]

NOT_OURS = "Choose a .json or .ipynb file that `s.export(...)` wrote, or a window's download."
"""What to do about a file that is none of nbchat's."""

_PATH_ONLY = "nbchat/1"
"""The format that held the active path alone, whose first message may name a parent that was left out."""
_MOST_MESSAGES = 100_000
_LONGEST_ID = 200
_LAST_SECOND = 2.5e11  # the year 9892: what a calendar can show
_DEEPEST = 50
_LARGEST = 2**53
_MISSING: Any = object()

_PART_FIELDS: Mapping[str, Mapping[str, tuple[type, Any]]] = {
    "text": {"text": (str, _MISSING)},
    "reasoning": {"text": (str, _MISSING), "seconds": (float, None)},
    "tool-call": {"id": (str, _MISSING), "name": (str, _MISSING), "arguments": (str, _MISSING)},
    "tool-result": {"call_id": (str, _MISSING), "text": (str, _MISSING), "error": (bool, False), "denied": (bool, False)},
    "image": {"url": (str, _MISSING), "alt": (str, ""), "width": (int, None), "height": (int, None)},
    "file": {"name": (str, _MISSING), "text": (str, _MISSING)},
}
_NAMES = {str: "text", float: "a number", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}


def from_document(document: Any) -> tuple[Conversation, list[Message]]:
    """Return the conversation and its messages, every parent before its children; raises UsageError that names what is wrong
    with the document, and then nothing of it was taken."""
    if not isinstance(document, dict) or not isinstance(document.get("format"), str):
        raise UsageError("This is not a conversation that nbchat exported.", hint=NOT_OURS)
    if document["format"] not in (FORMAT, _PATH_ONLY):
        raise UsageError(
            f"This export has the format {document['format']!r:.40}, which this nbchat does not know.", hint="Update nbchat."
        )
    conversation = _conversation(_get(document, "conversation", dict, "the export"))
    listed = _get(document, "messages", list, "the export")
    if len(listed) > _MOST_MESSAGES:
        raise _wrong(f"it has {len(listed):,} messages, more than {_MOST_MESSAGES:,}")
    messages: dict[str, Message] = {}
    for number, data in enumerate(listed, 1):
        message = _message(data, f"message {number}")
        if message.id in messages:
            raise _wrong(f"message {number} has the id of another one, {message.id!r}")
        messages[message.id] = message
    ordered = _parents_first(messages, whole=document["format"] != _PATH_ONLY)
    if conversation.head is not None and conversation.head not in messages:
        raise _wrong(f"its head, {conversation.head!r:.80}, is none of its messages")
    return kept(conversation, ordered)


def _parents_first(messages: Mapping[str, Message], *, whole: bool) -> list[Message]:
    """The messages in their order, but each after its parent; refuses a parent that is missing, and circles."""
    ordered: dict[str, Message] = {}
    for message in messages.values():
        chain: dict[str, Message] = {}
        at: Message | None = message
        while at is not None and at.id not in ordered:
            if at.id in chain:
                raise _wrong(f"message {at.id!r} is its own ancestor")
            chain[at.id] = at
            if at.parent is not None and at.parent not in messages and whole:
                raise _wrong(f"message {at.id!r} stands below {at.parent!r:.80}, which is missing")
            at = None if at.parent is None else messages.get(at.parent)
        ordered.update(reversed(chain.items()))
    return list(ordered.values())


def _conversation(data: dict[str, Any]) -> Conversation:
    where = "the conversation"
    parameters = _json_object(data, "parameters", where) or {}
    try:
        parameters = check_parameters(parameters)
    except UsageError as error:
        raise _wrong(f"of its parameters, {error}") from error
    return Conversation(
        id=_id(data, "id", where),
        name=_get(data, "name", str, where),
        title=_get(data, "title", str, where, ""),
        provider=_get(data, "provider", str, where, ""),
        model=_get(data, "model", str, where, ""),
        system=_get(data, "system", str, where, None),
        parameters=parameters,
        head=_get(data, "head", str, where, None),
        created=_seconds(data, "created", where) or 0.0,
        updated=_seconds(data, "updated", where) or 0.0,
        titled=_get(data, "titled", bool, where, default=False),
        archived=_get(data, "archived", bool, where, default=False),
        when_full=_one_of(data, "when_full", WhenFull, where) if data.get("when_full") else "refuse",
    )


def _message(data: Any, where: str) -> Message:
    if not isinstance(data, dict):
        raise _wrong(f"{where} is no object")
    parts = _get(data, "parts", list, where)
    return Message(
        id=_id(data, "id", where),
        role=_one_of(data, "role", Role, where),
        parts=tuple(_part(part, f"part {number} of {where}") for number, part in enumerate(parts, 1)),
        parent=_get(data, "parent", str, where, None),
        status=_one_of(data, "status", MessageStatus, where),
        finish_reason=_get(data, "finish_reason", str, where, None),
        model=_get(data, "model", str, where, None),
        created=_seconds(data, "created", where) or 0.0,
        usage=_usage(_get(data, "usage", dict, where, None), where),
        cost=_cost(_get(data, "cost", dict, where, None), where),
        error=_error(_get(data, "error", dict, where, None), where),
        parameters=_json_object(data, "parameters", where),
        first_token_seconds=_seconds(data, "first_token_seconds", where),
        seconds=_seconds(data, "seconds", where),
        hidden=_get(data, "hidden", bool, where, default=False),
        deleted=_get(data, "deleted", bool, where, default=False),
        omitted=_get(data, "omitted", int, where, 0),
    )


def _part(data: Any, where: str) -> Part:
    kind = data.get("type") if isinstance(data, dict) else None
    fields = _PART_FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise _wrong(f"{where} is of no type that nbchat knows ({', '.join(_PART_FIELDS)})")
    values = {name: _get(data, name, cls, where, default) for name, (cls, default) in fields.items()}
    return part_from_json({"type": kind, **values})


def _usage(data: dict[str, Any] | None, where: str) -> Usage | None:
    if data is None:
        return None
    counts = {name: _get(data, name, int, f"the usage of {where}", None) for name in Usage.__slots__ if name != "certainty"}
    try:
        return Usage(**counts, certainty=_one_of(data, "certainty", Certainty, f"the usage of {where}"))
    except ValueError as error:
        raise _wrong(f"in the usage of {where}, {error}") from error


def _cost(data: dict[str, Any] | None, where: str) -> Cost | None:
    if data is None:
        return None
    where = f"the cost of {where}"
    text = _get(data, "amount", str, where, None)
    certainty: Certainty = _one_of(data, "certainty", Certainty, where)
    currency = _get(data, "currency", str, where, "USD")
    others = tuple((name, _amount(more, where)) for name, more in _get(data, "others", dict, where, {}).items())
    amount = None if text is None else _amount(text, where)
    return Cost(amount, certainty, _get(data, "source", str, where, ""), currency, others)


def _amount(text: Any, where: str) -> Decimal:
    amount = parse_amount(text) if isinstance(text, str) and len(text) <= 40 else None
    if amount is None:
        raise _wrong(f"the amount in {where} is no amount: {text!r:.40}")
    return amount


def _error(data: dict[str, Any] | None, where: str) -> ErrorInfo | None:
    if data is None:
        return None
    where = f"the error of {where}"
    return ErrorInfo(_one_of(data, "kind", ErrorKind, where), _get(data, "text", str, where), _get(data, "hint", str, where, ""))


def _get(data: Mapping[str, Any], name: str, cls: type, where: str, default: Any = _MISSING) -> Any:
    """The field `name` as a `cls`; null is as good as missing where there is a default."""
    value = data.get(name)
    if value is None:
        if default is _MISSING:
            raise _wrong(f"{where} has no {name}")
        return default
    right = isinstance(value, (int, float) if cls is float else cls) and (cls is bool or not isinstance(value, bool))
    if not right:
        raise _wrong(f"{name} of {where} is not {_NAMES[cls]}")
    if cls in (int, float) and not 0 <= value <= _LARGEST:
        raise _wrong(f"{name} of {where} is negative or too large")
    return value


def _id(data: Mapping[str, Any], name: str, where: str) -> str:
    value: str = _get(data, name, str, where)
    if not 0 < len(value) <= _LONGEST_ID:
        raise _wrong(f"the id of {where} is empty or longer than {_LONGEST_ID} characters")
    return value


def _one_of(data: Mapping[str, Any], name: str, names: Any, where: str) -> Any:
    value = _get(data, name, str, where)
    if value not in get_args(names):
        raise _wrong(f"{name} of {where} is {value!r:.40}, not one of {', '.join(get_args(names))}")
    return value


def _seconds(data: Mapping[str, Any], name: str, where: str) -> float | None:
    value: float | None = _get(data, name, float, where, None)
    if value is not None and not 0 <= value <= _LAST_SECOND:
        raise _wrong(f"{name} of {where} is no time: {value!r:.40}")
    return value


def _json_object(data: Mapping[str, Any], name: str, where: str) -> dict[str, Any] | None:
    value: dict[str, Any] | None = _get(data, name, dict, where, None)
    level: list[Any] = [] if value is None else [value]
    for _ in range(_DEEPEST):
        level = [each for at in level for each in (at.values() if isinstance(at, dict) else at) if isinstance(each, dict | list)]
    if level:
        raise _wrong(f"{name} of {where} is nested more than {_DEEPEST} deep")
    return value


def _wrong(what: str) -> UsageError:
    return UsageError(f"This export cannot be read: {what}.", hint="Nothing was imported.")
