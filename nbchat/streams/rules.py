"""The rules that hold for jobs and event logs in every backend: what may change, whose a job is, which end is one, what a batch
may be, and what a late reader is given. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.errors import BusyError, UsageError
from nbchat.core.events import Event, TurnEnd, TurnError
from nbchat.core.messages import Message, ToolCallPart, ToolResultPart
from nbchat.sessions.ports import Job, JobStatus, ResumeState, UserMessage

__all__ = [
    "by_status", "check_batch", "check_changes", "check_owner", "ended", "older", "same_generation", "state_of", "too_many",
]  # fmt: skip

_FIXED = frozenset({"stream_id", "user_id", "generation", "created_at", "interrupted", "stop_requested"})
_CHANGEABLE = frozenset(field.name for field in fields(Job)) - _FIXED


def check_changes(changes: Mapping[str, Any]) -> None:
    """Raise UsageError for a field that a job has not, or whose value is fixed or a method's own."""
    if unknown := set(changes) - _CHANGEABLE:
        raise UsageError(f"a job's {', '.join(sorted(unknown))} cannot be changed.")


def check_owner(job: Job, owner: str) -> None:
    """Raise UsageError for a job of another owner than the backend's: nobody writes in another one's name."""
    if job.user_id != owner:
        raise UsageError(f"this backend keeps the jobs of {owner!r}, not those of {job.user_id!r}.")


def same_generation(known: Job, job: Job) -> Job:
    """Return the job that is there already; raises UsageError where it is of another generation than the new one."""
    if known.generation != job.generation:
        raise UsageError(f"the job {job.stream_id} exists with generation {known.generation}, not {job.generation}.")
    return known


def too_many(limit: int) -> BusyError:
    """Return the refusal of a job where `limit` run."""
    return BusyError(
        f"{limit} answer{'s run' if limit != 1 else ' runs'} at once, and that is the limit that was set.",
        hint="Wait for one to end, stop one, or raise nbchat.settings.max_running.",
    )


def check_batch(events: Sequence[Event]) -> None:
    """Raise UsageError for events behind an end."""
    if any(isinstance(event, TurnEnd | TurnError) for event in events[:-1]):
        raise UsageError("events cannot follow the end of a turn.")


def older(generation: int, current: int) -> UsageError:
    """Return the refusal of a write of an older generation than the log's."""
    return UsageError(f"generation {generation} of this log is over: it is at {current}.")


def ended() -> UsageError:
    """Return the refusal of a write behind the end."""
    return UsageError("this log has ended.")


def state_of(
    stream_id: str,
    generation: int,
    seq: int,
    content: TurnAccumulator,
    messages: Sequence[Message],
    end: Event | None,
) -> ResumeState:
    """Return what a late reader is given: `content` as of `seq`, and who asked what by the messages of the TurnStart. Run steps
    are those of a running turn only."""
    parts = content.parts
    steps = tuple(part for part in parts if isinstance(part, ToolCallPart | ToolResultPart))
    question = next((message for message in messages if message.role == "user"), None)
    answer = next((message for message in reversed(messages) if message.role == "assistant"), None)
    return ResumeState(
        stream_id=stream_id,
        generation=generation,
        aggregated_content=parts,
        last_seq=seq,
        run_steps=steps if end is None else (),
        user_message=None if question is None else UserMessage(question.id, question.parent, None, question.text),
        response_message_id=None if answer is None else answer.id,
        sender=content.model or (None if answer is None else answer.model),
        final_event=end,
    )


def by_status(found: Mapping[str, int]) -> dict[JobStatus, int]:
    """Return the counts of jobs with every status, those that none has too; what another version calls one is left out."""
    statuses: tuple[JobStatus, ...] = get_args(JobStatus)
    return {status: found.get(status, 0) for status in statuses}
