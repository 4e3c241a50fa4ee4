"""RedisEventTransport: event logs on a server. A log is a stream of its newest entries, and the joined events of those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain

from nbchat.core.events import Event, TurnEnd, TurnError
from nbchat.sessions.ports import EventLogEntry, LogGapError, ResumeState, StreamsError, Subscription
from nbchat.streams.codec import dump_events, joined, load_events
from nbchat.streams.folding import Folded
from nbchat.streams.redis.fields import entry_of
from nbchat.streams.redis.log_scripts import APPEND, FOLD, FORGET, READ, REWRITE, STATE
from nbchat.streams.redis.server import Server, pairs
from nbchat.streams.redis.tail import Tail
from nbchat.streams.rules import check_batch, ended, older

__all__ = ["RedisEventTransport"]

_Callback = Callable[[EventLogEntry], None]


class RedisEventTransport:
    """Logs by stream id. A tail holds at most `max_entries` entries and `max_characters` characters of JSON, the newest entry
    always; what is before is kept as text, which costs what it is long, once."""

    def __init__(self, server: Server, tail: Tail, *, max_entries: int = 512, max_characters: int = 256_000) -> None:
        self._server = server
        self._tail = tail
        self._max_entries = max_entries
        self._max_characters = max_characters
        self._folding: set[str] = set()
        self._closed = False

    async def append(
        self, stream_id: str, generation: int, events: Sequence[Event], *, after: int | None = None, seq: int | None = None
    ) -> int:
        """Append one batch and return its seq (that of the last entry for an empty batch).

        Raises UsageError for an older generation, for a log that has ended, and for events behind an end; LogGapError where the
        log ends before `after`; StreamsError for a server in trouble: then the batch may be there, or not.
        """
        check_batch(events)
        await self._tail.begin()
        text = dump_events(events) if events else ""
        places = ("" if after is None else after, "" if seq is None else seq)
        answer = await self._server.run(APPEND, stream_id, generation, *places, text, len(text), _ends(events))
        _check(answer, generation)
        appended, length, size = answer
        too_long = length > self._max_entries or (size > self._max_characters and length > 1)
        if too_long and stream_id not in self._folding:
            self._folding.add(stream_id)
            try:
                with suppress(StreamsError):  # the next one does it: this batch is there
                    await self._fold(stream_id, generation)
            finally:
                self._folding.discard(stream_id)
        return int(appended)

    async def _fold(self, stream_id: str, generation: int) -> None:
        """Turn the older half of a tail into text."""
        found = await self._server.run(READ, stream_id, generation, -1)
        if not found:
            return
        entries = pairs(found[1])
        sizes = [len(values["events"]) for _, values in entries]
        count, length, size = 0, len(entries), sum(sizes)
        while length > 1 and (length > self._max_entries // 2 or size > self._max_characters // 2):
            length, size, count = length - 1, size - sizes[count], count + 1
        if count:
            text = dump_events(joined(chain.from_iterable(load_events(values["events"]) for _, values in entries[:count])))
            await self._server.run(FOLD, stream_id, entries[0][0], count, sum(sizes[:count]), text)

    async def rewrite(self, stream_id: str, generation: int, events: Sequence[Event], seq: int) -> None:
        """Let the log hold what these events fold to, as of `seq`; nothing where it has that already. Raises UsageError for an
        older generation."""
        check_batch(events)
        await self._tail.begin()
        text = dump_events(events)
        _check(await self._server.run(REWRITE, stream_id, generation, seq, text, len(text), _ends(events)), generation)

    async def read(self, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
        """Return the entries after a position; None when the log is not known, of another generation, or the tail does
        not reach (back or forward) to that position, or it lies within an entry."""
        found = await self._server.run(READ, stream_id, generation, after)
        if not found:
            return None
        seq, entries = found
        if seq == after:
            return []
        read = [entry_of(*entry) for entry in pairs(entries)]
        return read if read and read[0].after == after else None

    async def resume_state(self, stream_id: str) -> ResumeState | None:
        """Return the content up to the last entry; O(answer)."""
        found = await self._server.run(STATE, stream_id)
        if not found:
            return None
        folded, generation, seq = _folded(found)
        return folded.state(stream_id, generation, seq)

    async def folded(self, stream_id: str) -> Folded | None:
        """Return the same as what it is made from."""
        found = await self._server.run(STATE, stream_id)
        return _folded(found)[0] if found else None

    async def attach(
        self,
        stream_id: str,
        *,
        on_chunk: _Callback,
        on_done: _Callback | None = None,
        on_error: _Callback | None = None,
        on_gap: Callable[[], None] | None = None,
    ) -> tuple[ResumeState, Subscription] | None:
        """Return the content so far and call back for what follows it; None for an unknown log. `on_gap` is called once, when
        entries were lost or the server is in trouble, and nothing is told behind it."""
        state = await self.resume_state(stream_id)
        if state is None:
            return None
        followers = self._tail.presence.of(stream_id)
        follower = followers.add(on_chunk, on_done, on_error, on_gap)
        followers.place((state.generation, state.last_seq), follower)
        return state, follower

    def subscribe(
        self,
        stream_id: str,
        *,
        on_chunk: _Callback,
        on_done: _Callback | None = None,
        on_error: _Callback | None = None,
    ) -> Subscription:
        """Call back for each later entry. The one that ends the log goes to done or error, where that is None to chunk:
        it may hold the last text. One that raises is logged and does not disturb the others."""
        return self._tail.presence.of(stream_id).add(on_chunk, on_done, on_error)

    async def subscriber_count(self, stream_id: str) -> int:
        """Return how many subscriptions are open, in all processes."""
        return (await self._tail.presence.counted(stream_id))[0]

    async def is_first_subscriber(self, stream_id: str) -> bool:
        """Say whether exactly one subscription has been made so far, in all processes."""
        return (await self._tail.presence.counted(stream_id))[1] == 1

    def on_all_subscribers_left(self, stream_id: str, callback: Callable[[], None]) -> Subscription:
        """Call `callback` each time the last subscription, of any process, lets go."""
        return self._tail.listen(stream_id, callback)

    async def cleanup(self, stream_id: str) -> None:
        """Forget one log and its readers; idempotent."""
        self._tail.forget(stream_id)
        await self._server.run(FORGET, stream_id)

    async def close(self) -> None:
        """Let go of all readers; with the jobs closed too, the connections are. Idempotent."""
        if not self._closed:
            self._closed = True
            await self._tail.close()
            await self._server.release()


def _ends(events: Sequence[Event]) -> int:
    return int(bool(events) and isinstance(events[-1], TurnEnd | TurnError))


def _check(answer: Sequence[int | str], generation: int) -> None:
    """Raise for what a script refused."""
    if answer and answer[0] == "older":
        raise older(generation, int(answer[1]))
    if answer and answer[0] == "ended":
        raise ended()
    if answer and answer[0] == "gap":
        raise LogGapError(int(answer[1]))


def _folded(found: Sequence[object]) -> tuple[Folded, int, int]:
    generation, seq, texts, entries = found
    assert isinstance(generation, int)
    assert isinstance(seq, int)
    assert isinstance(texts, list)
    assert isinstance(entries, list)
    stored = chain(texts, (values["events"] for _, values in pairs(entries)))
    return Folded(chain.from_iterable(map(load_events, stored))), generation, seq
