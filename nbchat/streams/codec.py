"""Between values and the JSON texts in which backends keep and send them. Pure; what another kernel wrote is read here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from nbchat.core.errors import UsageError
from nbchat.core.event_reading import event_from_json
from nbchat.core.events import (
    Event,
    ModelNamed,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    TurnEnd,
    TurnError,
    TurnStart,
)
from nbchat.core.texts import well_formed
from nbchat.sessions.ports import Job, StreamsError, UserMessage

__all__ = ["dump_events", "dump_job", "joined", "load_events", "load_job"]

_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dump_events(events: Sequence[Event]) -> str:
    """Return a batch as JSON text; a lone surrogate becomes U+FFFD, for UTF-8 has no form for it."""
    return well_formed(_encode([event.to_json() for event in events]))


def load_events(text: str) -> tuple[Event, ...]:
    """Return the batch that `dump_events` made. Raises StreamsError for one of a version that this one does not understand."""
    try:
        return tuple(event_from_json(event) for event in _decode(text))
    except _NOT_UNDERSTOOD as error:
        raise _other_version("an answer") from error


def dump_job(job: Job) -> str:
    """Return a job as JSON text, without what is found only when it is read (`interrupted`)."""
    data = {name: value for name, value in _values(job).items() if value not in (None, "") and name != "interrupted"}
    return well_formed(_encode(data))


def _values(job: Job) -> dict[str, Any]:
    """Return a job's fields as JSON values."""
    data = {field.name: getattr(job, field.name) for field in fields(job)}
    data["user_message"] = None if job.user_message is None else asdict(job.user_message)
    data["final_event"] = None if job.final_event is None else job.final_event.to_json()
    return data


def load_job(text: str) -> Job:
    """Return the job that `dump_job` made; fields of a later version are left out. Raises StreamsError for one that this version
    does not understand."""
    try:
        data = {name: value for name, value in _decode(text).items() if name in _FIELDS}
        if (asked := data.get("user_message")) is not None:
            data["user_message"] = UserMessage(**{name: value for name, value in asked.items() if name in _ASKED})
        if (final := data.get("final_event")) is not None:
            data["final_event"] = event_from_json(final)
        return Job(**data)
    except _NOT_UNDERSTOOD as error:
        raise _other_version("a job") from error


def _other_version(what: str) -> StreamsError:
    return StreamsError(
        f"{what} of another kernel cannot be read: another version of nbchat wrote it.",
        hint="Upgrade the older one, and restart its kernel.",
    )


_NOT_UNDERSTOOD = (UsageError, KeyError, TypeError, ValueError, AttributeError)
_FIELDS = frozenset(field.name for field in fields(Job))
_ASKED = frozenset(field.name for field in fields(UserMessage))
_CONTENT = (TextDelta, ReasoningDelta, ToolCallDelta, ToolResult, ModelNamed, TurnStart, TurnEnd, TurnError)


def joined(events: Iterable[Event]) -> list[Event]:
    """Return events that fold to the same, as few as possible: what is kept of a log is its text, not how it came.

    Neighbouring deltas of one kind (and of one tool call) become one. What carries no content (a retry, usage on its way) is
    dropped: it was for those who watched.
    """
    found: list[Event] = []
    pieces: list[str] = []

    def close() -> None:
        if len(pieces) > 1:
            last = found[-1]
            text = "".join(pieces)
            if isinstance(last, ToolCallDelta):
                found[-1] = ToolCallDelta(last.index, last.id, last.name, text)
            elif isinstance(last, TextDelta | ReasoningDelta):
                found[-1] = type(last)(text)
        pieces.clear()

    for event in events:
        if type(event) not in _CONTENT:
            continue
        if isinstance(event, TextDelta | ReasoningDelta):
            if pieces and type(found[-1]) is type(event):
                pieces.append(event.text)
                continue
            close()
            pieces.append(event.text)
        elif isinstance(event, ToolCallDelta):
            last = found[-1] if pieces else None
            same = isinstance(last, ToolCallDelta) and last.index == event.index
            if same and not event.id and not event.name:
                pieces.append(event.arguments)
                continue
            close()
            pieces.append(event.arguments)
        else:
            close()
        found.append(event)
    close()
    return found
