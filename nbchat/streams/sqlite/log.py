"""SqliteEventTransport: the logs of one owner in the file that all kernels of a machine share. Must not know jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from nbchat.core.events import Event
from nbchat.sessions.ports import EventLogEntry, ResumeState, StreamsError, Subscription
from nbchat.streams.readers import HeldBack, Readers
from nbchat.streams.rules import check_batch
from nbchat.streams.sqlite import entries, subscribers
from nbchat.streams.sqlite.file import StreamsFile
from nbchat.streams.sqlite.notices import Follower, SqliteNotices, on_loop
from nbchat.streams.sqlite.thread import StreamsThread

__all__ = ["SqliteEventTransport"]


class SqliteEventTransport:
    """Logs by stream id; as `EventTransport` says. `kernel` names this one among the subscribers."""

    def __init__(self, thread: StreamsThread, notices: SqliteNotices, owner: str, kernel: str) -> None:
        self._thread = thread
        self._notices = notices
        self._owner = owner
        self._kernel = kernel
        self._readers: dict[str, _Readers] = {}
        self._closed = False

    async def append(
        self, stream_id: str, generation: int, events: Sequence[Event], *, after: int | None = None, seq: int | None = None
    ) -> int:
        """Append one batch and return its seq. Raises UsageError for an older generation, for a log that has ended, and for
        events behind an end; LogGapError where the log ends before `after`."""
        check_batch(events)

        def append(file: StreamsFile) -> int:
            with file.transaction():
                return entries.append(file, self._owner, stream_id, generation, events, after, seq)

        return await self._thread.run(append)

    async def rewrite(self, stream_id: str, generation: int, events: Sequence[Event], seq: int) -> None:
        """Let the log hold what these events fold to, as of `seq`; nothing where it has that already. Raises UsageError for an
        older generation."""
        check_batch(events)

        def rewrite(file: StreamsFile) -> None:
            with file.transaction():
                entries.rewrite(file, self._owner, stream_id, generation, events, seq)

        await self._thread.run(rewrite)

    async def read(self, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
        """Return the entries after a position; None where the tail does not reach (back or forward) to it."""

        def read(file: StreamsFile) -> list[EventLogEntry] | None:
            with file.snapshot():
                return entries.read(file, self._owner, stream_id, generation, after)

        return await self._thread.run(read)

    async def resume_state(self, stream_id: str) -> ResumeState | None:
        """Return the content up to the last entry; O(answer)."""

        def resume(file: StreamsFile) -> ResumeState | None:
            with file.snapshot():
                return entries.resume_state(file, self._owner, stream_id)

        return await self._thread.run(resume)

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
        readers = self._readers_of(stream_id)
        readers.expected += 1
        held, waiting = HeldBack(), True

        def begin(file: StreamsFile) -> ResumeState | None:
            with file.snapshot():
                state = entries.resume_state(file, self._owner, stream_id)
                if state is not None:
                    self._notices.join(file, stream_id, readers.follower)
                return state

        def begun(state: ResumeState | None) -> None:
            # On the loop, behind the entries up to the state and before the next one: a reader is called for what follows it.
            if state is not None and waiting:
                chunk, done, error = (held.through(call or on_chunk) for call in (on_chunk, on_done, on_error))
                held.subscription = readers.add(chunk, done, error, on_gap and held.through(on_gap))
            elif state is not None:
                self._thread.note(lambda: self._notices.leave(stream_id))

        try:
            state = await self._thread.run(begin, begun)
        except asyncio.CancelledError:
            waiting = False
            if held.subscription is not None:
                held.subscription.unsubscribe()
            raise
        finally:
            readers.expected -= 1
            self._drop_unused(stream_id, readers)
        if state is None or held.subscription is None:
            return None
        asyncio.get_running_loop().call_soon(held.let_go)
        return state, held.subscription

    def subscribe(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
    ) -> Subscription:
        """Call back for each later entry. The one that ends the log goes to done or error, where that is None to chunk."""
        readers = self._readers_of(stream_id)
        self._thread.note(lambda: self._notices.subscribe(stream_id, readers.follower))
        return readers.add(on_chunk, on_done or on_chunk, on_error or on_chunk)

    async def subscriber_count(self, stream_id: str) -> int:
        """Return how many subscriptions are open, in all kernels that live."""
        return await self._thread.run(lambda file: subscribers.count(file, self._owner, stream_id))

    async def is_first_subscriber(self, stream_id: str) -> bool:
        """Say whether exactly one subscription has been made so far."""
        return await self._thread.run(lambda file: subscribers.is_first(file, self._owner, stream_id))

    def on_all_subscribers_left(self, stream_id: str, callback: Callable[[], None]) -> Subscription:
        """Call `callback` each time the last subscription, of any kernel, lets go."""
        readers = self._readers_of(stream_id)
        if not readers.when_empty:
            left = on_loop(asyncio.get_running_loop(), readers.tell_left)
            self._thread.note(lambda: self._notices.wait(stream_id, left))
        return readers.listen(callback)

    def _readers_of(self, stream_id: str) -> _Readers:
        readers = self._readers.get(stream_id)
        if readers is None:
            readers = self._readers[stream_id] = _Readers(self, stream_id)
        return readers

    def _one_left(self, stream_id: str, readers: _Readers) -> None:
        if self._readers.get(stream_id) is readers:  # else the log was forgotten meanwhile
            self._thread.note(lambda: self._notices.leave(stream_id))
            self._drop_unused(stream_id, readers)

    def _nobody_waits(self, stream_id: str, readers: _Readers) -> None:
        if self._readers.get(stream_id) is readers:
            self._thread.note(lambda: self._notices.wait(stream_id, None))
            self._drop_unused(stream_id, readers)

    def _drop_unused(self, stream_id: str, readers: _Readers) -> None:
        unused = not readers.count and not readers.expected and not readers.when_empty
        if unused and self._readers.get(stream_id) is readers:
            del self._readers[stream_id]

    async def cleanup(self, stream_id: str) -> None:
        """Forget one log and its readers; idempotent."""
        self._readers.pop(stream_id, None)

        def forget(file: StreamsFile) -> None:
            self._notices.forget(stream_id)
            with file.transaction():
                entries.drop(file, self._owner, stream_id)
                subscribers.forget(file, self._owner, stream_id)

        await self._thread.run(forget)

    async def close(self) -> None:
        """Forget all subscriptions and let go of the file; idempotent."""
        if not self._closed:
            self._closed = True
            followed, self._readers = list(self._readers), {}

            def leave(file: StreamsFile) -> None:
                for stream_id in followed:
                    self._notices.forget(stream_id)
                subscribers.leave(file, self._owner, self._kernel)

            if followed:
                with suppress(StreamsError):  # the file's trouble is not ours any more
                    await self._thread.run(leave)
            await self._thread.release()


class _Readers(Readers):
    """The readers of one log in this kernel; the file counts those of all. `expected` ones attach just now."""

    __slots__ = ("_stream_id", "_transport", "expected", "follower")

    def __init__(self, transport: SqliteEventTransport, stream_id: str) -> None:
        super().__init__()
        self._transport = transport
        self._stream_id = stream_id
        self.expected = 0
        loop = asyncio.get_running_loop()
        self.follower = Follower(on_loop(loop, self.tell), on_loop(loop, self.tell_gap))

    def closed(self) -> None:
        """One let go."""
        self._transport._one_left(self._stream_id, self)

    def unlisten(self, when_empty: Callable[[], None]) -> None:
        """Call it no more."""
        super().unlisten(when_empty)
        if not self.when_empty:
            self._transport._nobody_waits(self._stream_id, self)
