"""Signs: what a kernel tells the shared backend of its running jobs, now and then: that it lives; and what it learns there: who
follows, what is to be stopped, what was lost.

Owns the times of that. Must not know what is sent, or how.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from functools import partial

from nbchat.sessions.ports import Clock, StreamsError
from nbchat.streams.outgoing import Outgoing
from nbchat.streams.reach import Reach
from nbchat.streams.watchers import Watchers

__all__ = ["Signs"]

_TICK_SECONDS = 1.0
_RENEW_TICKS = 2
"""A third of a job's lease."""
_CLEANUP_TICKS = 60
_COUNTED_AT_ONCE = 20
"""Of how many jobs the followers are counted in one tick."""
_log = logging.getLogger("nbchat.streams")


class Signs:
    """Runs while there are `streams`; `send(out)` has a job served at once, `stops` is told of those that are to be stopped."""

    def __init__(
        self, reach: Reach, clock: Clock, streams: Mapping[str, Outgoing], stops: Watchers, send: Callable[[Outgoing], None]
    ) -> None:
        self._reach = reach
        self._clock = clock
        self._streams = streams
        self._stops = stops
        self._send = send
        self._to_count: list[str] = []

    async def run(self) -> None:
        """Give signs of life until there is nothing to speak of."""
        for tick in itertools.count(1):
            await self._clock.sleep(_TICK_SECONDS)
            if not self._streams:
                return
            try:
                if tick % _RENEW_TICKS == 0 or self._reach.trouble is not None:
                    await self._renew()  # in trouble this finds out when it is over: there may be nothing else to send
                await self._count_followers()
                if tick % _CLEANUP_TICKS == 1:
                    await self._reach.call(self._reach.jobs.cleanup)
            except StreamsError:
                continue
            except Exception:
                _log.exception("signs of life could not be given")

    async def _renew(self) -> None:
        made = [stream_id for stream_id, out in self._streams.items() if out.made and not out.deleted]
        await self._reach.call(lambda: self._reach.jobs.renew(made))
        running = {job.stream_id: job for job in await self._reach.call(self._reach.jobs.get_running_jobs)}
        for stream_id in made:
            out, job = self._streams.get(stream_id), running.get(stream_id)
            if out is None or out.ending:
                continue
            if job is None:
                known = await self._reach.call(partial(self._reach.jobs.get_job, stream_id))
                out.over = known is not None and known.status != "running"
                out.made = out.over
                out.lose()
                self._send(out)
            elif job.stop_requested:
                self._stops.tell(job)

    async def _count_followers(self) -> None:
        """Ask in turns: a kernel with a thousand running answers must not ask a thousand questions a second."""
        if not self._to_count:
            self._to_count = list(self._streams)
        now, self._to_count = self._to_count[:_COUNTED_AT_ONCE], self._to_count[_COUNTED_AT_ONCE:]
        for stream_id in now:
            out = self._streams.get(stream_id)
            if out is None or not out.made:
                continue
            out.followers = await self._reach.call(partial(self._reach.log.subscriber_count, stream_id))
            if out.followers and out.unsent:
                self._send(out)
