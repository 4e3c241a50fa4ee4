"""The wire between kernel and browser: every message's shape, in both directions.

Owns names and shapes only; when something is sent is the hub's matter. The other half is js/src (same names), and the golden
files under tests/vectors/wire hold both to it. Kernel to browser: synced state (see `snapshot.py`) and the messages made
here. Browser to kernel: `{op: ...}` messages, read by `read_intent`; the browser never writes state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from nbchat.core.coalesce import merge
from nbchat.core.errors import ErrorInfo
from nbchat.core.events import Event, Loading, TurnStart, UsageReport, Waiting

__all__ = [
    "OPS",
    "Intent",
    "Json",
    "append",
    "asset",
    "deleted",
    "denied",
    "light",
    "page",
    "part",
    "read_intent",
    "refused",
    "reply",
    "sent",
    "shorten",
    "snapshot",
    "stopping",
]

Json: TypeAlias = dict[str, Any]

OPS: Mapping[str, Mapping[str, type]] = {
    "hello": {"generation": int, "have": int, "page": str},
    "send": {"text": str, "client_id": str},
    "stop": {},
    "page": {"before": str},
    "visible": {"page": str, "visible": bool},
    "models": {"query": str, "ask": str},
    "choose": {"offer": str},
    "model": {"model": str},
    "unqueue": {"turn": str},
    "requeue": {"turn": str, "text": str},
    "switch": {"message": str},
    "edit": {"message": str, "text": str, "client_id": str},
    "regenerate": {"message": str, "client_id": str},
    "resume": {"message": str, "client_id": str},
    "alone": {"message": str, "client_id": str},
    "hide": {"message": str, "hidden": bool},
    "delete": {"message": str},
    "restore": {"messages": list},
    "approve": {"call": str, "decision": str},
    "title": {"title": str},
    "conversations": {"query": str, "archived": bool, "ask": str},
    "open": {"conversation": str, "ask": str},
    "new": {"ask": str},
    "rename": {"conversation": str, "title": str, "ask": str},
    "archive": {"conversation": str, "archived": bool, "ask": str},
    "erase": {"conversation": str, "ask": str},
    "breakdown": {"ask": str},
    "mentions": {"text": str, "ask": str},
    "names": {"ask": str},
    "export": {"form": str, "piece": int, "ask": str},
    "thread": {"message": dict},
    "fold": {},
    "part": {"message": str, "part": int},
    "attached": {"tokens": int},
    "asset": {"name": str},
}
"""What a browser may ask, and the fields that it must give. A stop may name its `turn` and be `at_once`, a regenerate
names its `model` if it has one; a resume may say `drop`: leave the oldest messages out; an export may say `save`: into a file
beside the notebook, and a later piece says which export it is `of`. What has an `ask` gets a `reply` to that. A message may say
which conversation was `shown` when it was made: where the view shows another one by then, it is refused. What is sent may have
`attachments`: a list of {"kind": "image", "name", "data": base64} and {"kind": "text", "name", "data": the text}; and `mentions`:
{name: the digest that its chip was made of, "" for a name that is to stay text}."""

PART_CHARACTERS = 8_000
"""A picture or file with more is sent when somebody looks at it."""
_CONTENT = {"image": "url", "file": "text"}
"""Where the content stands in a part of this type."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One valid message from a browser."""

    op: str
    data: Mapping[str, Any]


def read_intent(content: Any) -> Intent | None:
    """Return what a browser asks, or None for what this version does not understand (a page may be older or newer)."""
    op = content.get("op") if isinstance(content, dict) else None
    if not isinstance(op, str) or op not in OPS:
        return None
    for name, kind in OPS[op].items():
        value = content.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return None
    return Intent(op, content)


def append(generation: int, after: int, seq: int, events: Iterable[Event]) -> Json:
    """What follows position `after` up to `seq`; without events it only tells the position (a repeated end)."""
    told = [_light_event(event) for event in shorten(events)]
    return {"op": "append", "generation": generation, "after": after, "seq": seq, "events": told}


def shorten(events: Iterable[Event]) -> list[Event]:
    """Return events that reduce to the same, in less: neighbouring deltas joined, only the last usage, waiting and loading kept.

    A provider's raw usage stays in the kernel.
    """
    last: dict[type[Any], Event] = {}
    given = list(events)
    for event in given:
        if isinstance(event, UsageReport | Waiting | Loading):
            last[type(event)] = event
    kept = [event for event in given if last.get(type(event), event) is event]
    return merge([replace(event, raw=None) if isinstance(event, UsageReport) else event for event in kept])


def snapshot(content: Json, state: Json | None = None) -> Json:
    """The whole bounded state: in reply to a hello that the log's tail cannot serve, and for what no event tells; with the synced
    values where they may be another conversation's than the page's."""
    return {"op": "snapshot", "snapshot": content} | ({} if state is None else {"state": state})


def page(messages: Sequence[Json], *, more: bool, before: str, path: int) -> Json:
    """Older messages, oldest first, for a page that holds `before` as its first one and whose snapshot had the same `path`: what
    another one asked for, or what was read before the last change, is not taken."""
    return {"op": "page", "messages": list(messages), "more": more, "before": before, "path": path}


def part(message: str, number: int, content: Json) -> Json:
    """The part of a message whose content was left out (see `light`)."""
    return {"op": "part", "message": message, "part": number, "content": content}


def light(row: Json) -> Json:
    """Return a message as it travels: pictures and files of more than `PART_CHARACTERS` go without their content, and say in
    `left` how many characters that is. Whoever shows them asks for it; so neither a snapshot nor a saved notebook grows by them.
    """
    return {**row, "parts": [_light_part(each) for each in row["parts"]]}


def _light_part(content: Json) -> Json:
    name = _CONTENT.get(content["type"], "")
    left = len(content[name]) if name else 0
    return {**content, name: "", "left": left} if left > PART_CHARACTERS else content


def _light_event(event: Event) -> Json:
    told = event.to_json()
    if isinstance(event, TurnStart):
        told["messages"] = [light(row) for row in told["messages"]]
    return told


def reply(ask: str, value: Json) -> Json:
    """What the page asked for by the message with this `ask`."""
    return {"op": "reply", "ask": ask, "value": value}


def denied(ask: str, error: ErrorInfo) -> Json:
    """Why that cannot be had."""
    return {"op": "reply", "ask": ask, "error": error.to_json()}


def sent(client_id: str, turn: str) -> Json:
    """A question was taken; its turn has this id."""
    return {"op": "sent", "client_id": client_id, "turn": turn}


def refused(error: ErrorInfo, client_id: str | None = None) -> Json:
    """An intent failed; a draft with this client id is given back to the person."""
    return {"op": "refused", "client_id": client_id, "error": error.to_json()}


def stopping(turn: str | None, *, counting: bool = False) -> Json:
    """Stop was heard; the end follows when the request is closed and the partial saved. When `counting`, it may be read on until
    then for its usage, which a stop with `at_once` ends."""
    return {"op": "stopping", "turn": turn} | ({"counting": True} if counting else {})


def deleted(messages: Sequence[str]) -> Json:
    """These messages were deleted just now; a restore with the same ids takes that back."""
    return {"op": "deleted", "messages": list(messages)}


def inner(*, message: Json | None = None, state: Json | None = None) -> Json:
    """A message for the thread that a turn's view has unfolded into, or values of its state; with neither, it was closed."""
    given = {"message": message, "state": state}
    return {"op": "thread"} | {name: value for name, value in given.items() if value is not None}


def asset(name: str, code: str) -> Json:
    """The code of a part of the user interface, for the page that asked for it by this name."""
    return {"op": "asset", "name": name, "code": code}
