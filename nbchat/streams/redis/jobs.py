"""RedisJobStore: the jobs of one owner on a server. Every change is one step there, and all time is the server's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from nbchat.sessions.ports import Job, JobStatus, StreamsError, Subscription
from nbchat.streams.folding import SILENT
from nbchat.streams.redis.fields import changed_fields, job_fields, job_of, jobs_of, json_text
from nbchat.streams.redis.job_scripts import CLEAN, CREATE, DELETE, FIND, GET, RENEW, RUNNING, STATUSES, STOP, UPDATE
from nbchat.streams.redis.link import Argument
from nbchat.streams.redis.log import RedisEventTransport
from nbchat.streams.redis.scripts import Script
from nbchat.streams.redis.server import Server
from nbchat.streams.redis.tail import Tail
from nbchat.streams.rules import by_status, check_changes, check_owner, same_generation, too_many

__all__ = ["RedisJobStore"]


class RedisJobStore:
    """Jobs by stream id. Ended ones vanish by themselves; those that nobody ended are ended by `cleanup`."""

    def __init__(self, server: Server, tail: Tail, log: RedisEventTransport) -> None:
        self._server = server
        self._tail = tail
        self._log = log
        self._closed = False

    async def initialize(self) -> None:
        """Connect, and try what will be needed; idempotent. Raises ConfigError for a set-up that cannot work, StreamsError for
        a server in trouble."""
        await self._server.call("XRANGE", f"{self._server.keys}notices", "-", "+", "COUNT", 1)
        await self.renew(())

    async def create_job(self, job: Job, *, limit: int | None = None) -> Job:
        """Create a job; one that is there already (same generation) is returned. Raises UsageError for another generation and
        another owner's job, BusyError where `limit` run."""
        check_owner(job, self._server.owner)
        what, *found = await self._run(CREATE, job.stream_id, "" if limit is None else limit, *job_fields(job))
        if what == "limit":
            raise too_many(limit or 0)
        return same_generation(self._job(found[0]), job)

    async def get_job(self, stream_id: str) -> Job | None:
        """Return a job."""
        return self._first(await self._run(GET, stream_id))

    async def get_job_by_conversation(self, conversation_id: str) -> Job | None:
        """Return the running job of a conversation, the newest where there are several."""
        return self._first(await self._run(FIND, json_text(conversation_id)))

    async def update_job(self, stream_id: str, generation: int, **changes: Any) -> Job | None:
        """Change a running job; None, and no change, when it is gone, ended or of another generation.

        A terminal status is final; `completed_at` is set with it where it is not given. Raises UsageError for a field
        that a job has not, or whose value is fixed.
        """
        return await self._update(stream_id, generation, changes)

    async def _update(
        self, stream_id: str, generation: int, changes: dict[str, Any], *, only_if_inactive: bool = False
    ) -> Job | None:
        check_changes(changes)
        ends = changes.get("status", "running") != "running"
        if ends and changes.get("completed_at") is None:
            changes = {**changes, "completed_at": self._server.clock.time()}
        fields = changed_fields(stream_id, changes)
        return self._first(await self._run(UPDATE, stream_id, generation, int(ends), int(only_if_inactive), *fields))

    async def request_stop(self, stream_id: str, generation: int) -> bool:
        """Ask for a job's end; False when it does not run (any more)."""
        return bool(await self._run(STOP, stream_id, generation))

    async def renew(self, stream_ids: Sequence[str]) -> None:
        """Give a sign of life for running jobs."""
        await self._run(RENEW, *stream_ids)

    async def delete_job(self, stream_id: str) -> None:
        """Remove a job and its log; idempotent."""
        self._tail.forget(stream_id)
        await self._run(DELETE, stream_id)

    async def has_job(self, stream_id: str) -> bool:
        """Say whether the job is known."""
        return await self.get_job(stream_id) is not None

    async def get_running_jobs(self) -> list[Job]:
        """Return the running jobs, oldest first; without those of versions that this one does not understand."""
        return list(jobs_of(await self._run(RUNNING), leases_are_known=self._server.leases_are_known))

    async def cleanup(self) -> int:
        """Forget ended jobs that are over 300 s old (and the oldest ended ones above the limit), end running ones that were
        inactive for 1200 s, and their logs; returns how many."""
        gone, *inactive = await self._run(CLEAN)
        for stream_id, generation in zip(inactive[::2], inactive[1::2], strict=True):
            with suppress(StreamsError):  # of a version that is not understood: it vanishes by itself
                gone += await self._give_up(stream_id, int(generation))
        return int(gone)

    async def _give_up(self, stream_id: str, generation: int) -> bool:
        job, folded = await self.get_job(stream_id), await self._log.folded(stream_id)
        if job is None:
            return False
        changes: dict[str, Any] = {"status": "error", "error": SILENT.text}
        if folded is not None:
            changes["final_event"] = folded.end or folded.given_up(job)
        if await self._update(stream_id, generation, changes, only_if_inactive=True) is None:
            return False  # it ended, or lives after all
        if folded is not None and folded.end is None:
            await self._log.append(stream_id, generation, [changes["final_event"]])
        return True

    async def get_job_count(self) -> int:
        """Return how many jobs there are."""
        return sum((await self.get_job_counts()).values())

    async def get_job_count_by_status(self, status: JobStatus) -> int:
        """Return how many jobs have this status."""
        return (await self.get_job_counts())[status]

    async def get_job_counts(self) -> dict[JobStatus, int]:
        """Return how many jobs have each status."""
        return by_status(Counter(json.loads(status) for status in await self._run(STATUSES)))

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back with each job that is created, ends or is asked to stop, as it stands then."""
        return self._tail.watch(on_job)

    async def close(self) -> None:
        """Let go of all who watch; with the log closed too, the connections are. Idempotent."""
        if not self._closed:
            self._closed = True
            self._tail.close_watchers()
            await self._server.release()

    async def _run(self, script: Script, *arguments: Argument) -> Any:
        await self._tail.begin()  # whoever watches here sees what follows
        return await self._server.run(script, *arguments)

    def _first(self, found: Sequence[Any]) -> Job | None:
        return self._job(found[0]) if found and found[0] else None

    def _job(self, found: Sequence[Any]) -> Job:
        return job_of(found, leases_are_known=self._server.leases_are_known)
