"""Between values and what the scripts take and give: a job as the fields of a hash, a log's entry as one of a stream. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from nbchat.machine.owner import is_dead
from nbchat.sessions.ports import EventLogEntry, Job, StreamsError
from nbchat.streams.codec import dump_job, load_events, load_job

__all__ = ["changed_fields", "entry_of", "job_fields", "job_of", "jobs_of", "json_text"]

_decode = json.JSONDecoder().decode
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
    """Return the job that a script gave as its fields and whether its kernel has a lease. Raises StreamsError for one that this
    version does not understand."""
    names, leased = found
    texts = dict(zip(names[::2], names[1::2], strict=True))
    job = load_job("{" + ",".join(f"{json_text(name)}:{text}" for name, text in texts.items() if name in _NAMES) + "}")
    if job.status != "running":
        return job
    # where it is a process of this machine, one looks instead of waiting for the lease to end
    dead = is_dead(job.owner, math.inf, 0.0)
    return replace(job, interrupted=dead or (leases_are_known and not leased))


def jobs_of(found: Iterable[Sequence[Any] | None], *, leases_are_known: bool) -> Iterator[Job]:
    """Yield the jobs that a script gave; without those that are gone, or are not understood."""
    for each in found:
        if each:
            with suppress(StreamsError):
                yield job_of(each, leases_are_known=leases_are_known)


def entry_of(entry_id: str, values: Mapping[str, str]) -> EventLogEntry:
    """Return a log's entry. Raises StreamsError for one that cannot be read."""
    generation, _, seq = entry_id.partition("-")
    return EventLogEntry(int(generation), int(values["after"]), int(seq), load_events(values["events"]))
