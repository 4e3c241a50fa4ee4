"""Between values and what the scripts take and give: a job as the fields of a hash, a log's entry as one of a stream. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from nbchat.core.errors import UsageError
from nbchat.machine.owner import is_dead
from nbchat.sessions.ports import EventLogEntry, Job, StreamsError
from nbchat.streams.codec import dump_job, load_events, load_job

__all__ = ["changed_fields", "entry_of", "events_of", "job_fields", "job_of", "json_text"]

_decode = json.JSONDecoder().decode
_UNREADABLE = (UsageError, KeyError, TypeError, ValueError)
"""What reading a text raises that a later version wrote, or nobody."""
_NAMES = frozenset(field.name for field in fields(Job))


def json_text(value: Any) -> str:
    """Return a value as the JSON text that a field holds."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def job_fields(job: Job) -> list[str]:
    """Return a job's fields as names and JSON texts, one behind the other; those that say nothing are left out."""
    return [text for name, value in _decode(dump_job(job)).items() for text in (name, json_text(value))]


def changed_fields(job_id: str, changes: Mapping[str, Any]) -> list[str]:
    """Return changed fields in the same form, "" for one that says nothing now."""
    values: dict[str, Any] = {"status": "running", **changes}
    said = _decode(dump_job(Job(job_id, "", "", 0, **values)))
    return [text for name in changes for text in (name, json_text(said[name]) if name in said else "")]


def job_of(found: Sequence[Any], *, leases_are_known: bool) -> Job:
    """Return the job that a script gave as its fields and whether its kernel has a lease."""
    names, leased = found
    texts = dict(zip(names[::2], names[1::2], strict=True))
    try:
        job = load_job("{" + ",".join(f"{json_text(name)}:{text}" for name, text in texts.items() if name in _NAMES) + "}")
    except _UNREADABLE as error:
        raise StreamsError("a job on the Redis server cannot be read: another version of nbchat wrote it.") from error
    if job.status != "running":
        return job
    # where it is a process of this machine, one looks instead of waiting for the lease to end
    dead = is_dead(job.owner, math.inf, 0.0)
    return replace(job, interrupted=dead or (leases_are_known and not leased))


def entry_of(entry_id: str, values: Mapping[str, str]) -> EventLogEntry:
    """Return a log's entry. Raises StreamsError for one that cannot be read."""
    generation, _, seq = entry_id.partition("-")
    return EventLogEntry(int(generation), int(values["after"]), int(seq), events_of(values["events"]))


def events_of(text: str) -> tuple[Any, ...]:
    """Return the events of a text that a log holds. Raises StreamsError for one that cannot be read."""
    try:
        return load_events(text)
    except _UNREADABLE as error:
        raise StreamsError("an event log on the Redis server cannot be read: another version of nbchat wrote it.") from error
