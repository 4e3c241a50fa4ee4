"""MemoryEventTransport: event logs of one process. A log is its folded content, a bounded tail and its readers.

Appending costs what the batch costs, whatever the length of the answer. Used on the background loop only, where appends
call the readers back. Must not know jobs: the composition (`open_streams`) tells it what to forget.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from nbchat.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from nbchat.sessions.ports import EventLogEntry, Job, LogGapError, ResumeState, Subscription
from nbchat.streams.folding import Folded
from nbchat.streams.readers import Readers
from nbchat.streams.rules import check_batch, ended, older

__all__ = ["MemoryEventTransport"]

_ALL_ENTRIES, _FEWEST_ENTRIES = 32_768, 32
"""How many entries all tails together hold, and how many one does however many there are. More would not cost memory alone: each
is some objects, and Python's collector, which looks at all of them, would stop the kernel for a second now and then."""
_EVENT_OVERHEAD = 64
"""What an event counts besides its text, so that many tiny ones are bounded too."""


class _Log:
    """One log. `first` is the position before the oldest entry that the tail holds."""

    __slots__ = ("characters", "folded", "generation", "seq", "tail")

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.seq = 0
        self.folded = Folded()
        self.tail: deque[tuple[int, EventLogEntry]] = deque()
        self.characters = 0

    def append(self, events: tuple[Event, ...], seq: int, max_entries: int, max_characters: int) -> EventLogEntry:
        entry = EventLogEntry(self.generation, self.seq, seq, events)
        self.seq = seq
        size = 0
        for event in events:
            self.folded.apply(event)
            size += _EVENT_OVERHEAD
            if isinstance(event, TextDelta | ReasoningDelta):
                size += len(event.text)
            elif isinstance(event, ToolCallDelta):
                size += len(event.arguments)
        self.tail.append((size, entry))
        self.characters += size
        # The newest entry stays even when it alone is too large: a reader that keeps up must not be sent a snapshot.
        while len(self.tail) > 1 and (len(self.tail) > max_entries or self.characters > max_characters):
            self.characters -= self.tail.popleft()[0]
        return entry

    def after(self, position: int) -> list[EventLogEntry] | None:
        """The entries behind a position, None where the tail does not reach it, or none begins there."""
        found: list[EventLogEntry] = []
        if position == self.seq:
            return found
        for _, entry in reversed(self.tail):  # a reader that keeps up is near the end
            found.append(entry)
            if entry.after <= position:
                return found[::-1] if entry.after == position else None
        return None


class MemoryEventTransport:
    """Logs by stream id; at most `max_logs` of them, ended ones dropped first, oldest first.

    A tail holds at most `max_entries` entries, fewer where there are many logs, and `max_characters` characters (an event counts
    64 besides its text).
    """

    def __init__(
        self,
        *,
        max_entries: int = 512,
        max_characters: int = 256_000,
        max_logs: int = 1000,
        on_append: Callable[[str], None] | None = None,
    ) -> None:
        self._max_entries = max_entries
        self._max_characters = max_characters
        self._max_logs = max_logs
        self._on_append = on_append
        self._logs: dict[str, _Log] = {}
        self._readers: dict[str, Readers] = {}

    async def append(
        self, stream_id: str, generation: int, events: Sequence[Event], *, after: int | None = None, seq: int | None = None
    ) -> int:
        """Append one batch, call the readers back and return its seq (that of the last entry for an empty batch).

        Raises UsageError for an older generation, for a log that has ended, and for events behind an end; LogGapError where the
        log ends before `after`.
        """
        check_batch(events)
        known = self._logs.get(stream_id)
        if seq is not None and known is not None and known.generation == generation and known.seq >= seq:
            return seq  # tried again
        log = self._log_for(stream_id, generation)
        if after is not None and log.seq != after:
            raise LogGapError(log.seq)
        if not events:
            return log.seq
        most = min(self._max_entries, max(_ALL_ENTRIES // len(self._logs), _FEWEST_ENTRIES))
        entry = log.append(tuple(events), seq or log.seq + 1, most, self._max_characters)
        if self._on_append is not None:
            self._on_append(stream_id)
        readers = self._readers.get(stream_id)
        if readers is not None:
            readers.tell(entry)
        return entry.seq

    async def rewrite(self, stream_id: str, generation: int, events: Sequence[Event], seq: int) -> None:
        """Let the log hold what these events fold to, as of `seq`; nothing where it has that already. Raises UsageError for an
        older generation."""
        check_batch(events)
        known = self._logs.get(stream_id)
        if known is not None and generation < known.generation:
            raise older(generation, known.generation)
        if known is not None and known.generation == generation and known.seq >= seq:
            return
        log = self._logs[stream_id] = _Log(generation)
        log.append(tuple(events), seq, self._max_entries, self._max_characters)
        if (readers := self._readers.get(stream_id)) is not None:
            readers.tell_gap()

    def _log_for(self, stream_id: str, generation: int) -> _Log:
        log = self._logs.get(stream_id)
        if log is None or generation > log.generation:
            log = self._logs[stream_id] = _Log(generation)
            self._bound()
        elif generation < log.generation:
            raise older(generation, log.generation)
        elif log.folded.end is not None:
            raise ended()
        return log

    def _bound(self) -> None:
        # Running logs are never dropped for room: there are as many as there are turns.
        if len(self._logs) > self._max_logs:
            oldest = next((stream_id for stream_id, log in self._logs.items() if log.folded.end is not None), None)
            if oldest is not None:
                self.forget(oldest)

    async def read(self, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
        """Return the entries after a position; None when the log is not known, of another generation, or the tail does
        not reach (back or forward) to that position."""
        log = self._logs.get(stream_id)
        if log is None or log.generation != generation:
            return None
        return log.after(after)

    async def resume_state(self, stream_id: str) -> ResumeState | None:
        """Return the content up to the last entry; O(answer). Run steps are those of a running turn only."""
        log = self._logs.get(stream_id)
        if log is None:
            return None
        return log.folded.state(stream_id, log.generation, log.seq)

    def folded(self, stream_id: str) -> tuple[list[Event], int] | None:
        """Return the fewest events that fold to the whole log, and its seq: what `rewrite` takes elsewhere. O(answer)."""
        log = self._logs.get(stream_id)
        return None if log is None else (log.folded.events, log.seq)

    async def attach(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
        on_gap: Callable[[], None] | None = None,
    ) -> tuple[ResumeState, Subscription] | None:
        """Return the content so far and call back for what follows it; None for an unknown log."""
        state = await self.resume_state(stream_id)  # nothing runs between this and the next line
        if state is None:
            return None
        readers = self._readers_of(stream_id)
        return state, readers.add(on_chunk, on_done or on_chunk, on_error or on_chunk, on_gap)

    def subscribe(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
    ) -> Subscription:
        """Call back for each later entry. The one that ends the log goes to done or error, where that is None to chunk:
        it may hold the last text. One that raises is logged and does not disturb the others."""
        return self._readers_of(stream_id).add(on_chunk, on_done or on_chunk, on_error or on_chunk)

    async def subscriber_count(self, stream_id: str) -> int:
        """Return how many subscriptions are open."""
        readers = self._readers.get(stream_id)
        return 0 if readers is None else readers.count

    async def is_first_subscriber(self, stream_id: str) -> bool:
        """Say whether exactly one subscription has been made so far."""
        readers = self._readers.get(stream_id)
        return readers is not None and readers.made == 1

    def on_all_subscribers_left(self, stream_id: str, callback: Callable[[], None]) -> Subscription:
        """Call `callback` each time the last subscription lets go."""
        return self._readers_of(stream_id).listen(callback)

    def _readers_of(self, stream_id: str) -> Readers:
        readers = self._readers.get(stream_id)
        if readers is None:
            readers = self._readers[stream_id] = Readers()
        return readers

    async def cleanup(self, stream_id: str) -> None:
        """Forget one log and its readers; idempotent."""
        self.forget(stream_id)

    async def give_up(self, job: Job) -> Event:
        """End the log of a job that showed no life for too long, so that whoever reads it is told; returns that end."""
        log = self._logs.get(job.stream_id)
        end = (Folded() if log is None else log.folded).given_up(job)
        if log is None or log.generation != job.generation:
            return end
        if log.folded.end is None:
            await self.append(job.stream_id, job.generation, [end])
        return log.folded.end or end

    def forget(self, stream_id: str) -> None:
        """The same at once, for whoever drops jobs."""
        self._logs.pop(stream_id, None)
        self._readers.pop(stream_id, None)

    async def close(self) -> None:
        """Forget all; idempotent."""
        self._logs.clear()
        self._readers.clear()
