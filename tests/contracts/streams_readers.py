"""What every event log must do for its readers: calls in order, counts, and what one reader never does to another."""

from __future__ import annotations

from typing import Any

import pytest

from nbchat.core.events import (
    TextDelta,
)
from nbchat.sessions.ports import EventLogEntry
from tests.contracts.streams_base import END, FAILED, START, LogBase, Reader
from tests.contracts.values import finish_all


class ReadersContract(LogBase):
    """Inherit and define `make`."""

    def test_subscribers(self) -> None:
        """Readers are called with every later entry, in order; the end goes to done or to error."""

        async def work() -> None:
            log = await self.filled([[START]])
            early, late = Reader(), Reader()
            log.subscribe("t1", **early.callbacks())
            assert await log.append("t1", 1, [TextDelta("a")]) == 2
            log.subscribe("t1", **late.callbacks())
            await log.append("t1", 1, [TextDelta("b"), END])
            assert early.kinds == ["chunk", "done"]
            assert [entry.seq for _, entry in early.calls] == [2, 3]
            assert late.kinds == ["done"]
            failing = Reader()
            log.subscribe("t2", **failing.callbacks())
            await log.append("t2", 1, [FAILED])
            assert failing.kinds == ["error"]
            await log.close()

        finish_all(work())

    def test_an_end_without_a_callback(self) -> None:
        """A reader that gave no callback for ends gets the last entry like any other: it may hold text."""

        async def work() -> None:
            log, seen = self.make(), list[int]()
            log.subscribe("t1", on_chunk=lambda entry: seen.append(entry.seq))
            await log.append("t1", 1, [TextDelta("a")])
            await log.append("t1", 1, [TextDelta("b"), END])
            assert seen == [1, 2]
            await log.close()

        finish_all(work())

    def test_a_reader_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """A failing reader is logged and disturbs neither the append nor the other readers."""

        async def work() -> None:
            log, reader = self.make(), Reader()

            def fail(_: EventLogEntry) -> None:
                raise RuntimeError("reader's own bug")

            log.subscribe("t1", on_chunk=fail)
            log.subscribe("t1", **reader.callbacks())
            assert await log.append("t1", 1, [TextDelta("a")]) == 1
            assert reader.kinds == ["chunk"]
            await log.close()

        finish_all(work())
        assert "reader's own bug" in caplog.text

    def test_counting_readers(self) -> None:
        """Open readers are counted, the first is known, and each leaving of the last is told; letting go is idempotent."""

        async def work() -> None:
            log, left = self.make(), list[str]()
            assert (await log.subscriber_count("t1"), await log.is_first_subscriber("t1")) == (0, False)

            def fail() -> None:
                raise RuntimeError("not the log's problem")

            log.on_all_subscribers_left("t1", fail)
            log.on_all_subscribers_left("t1", lambda: left.append("all"))
            one = log.subscribe("t1", **Reader().callbacks())
            assert (await log.subscriber_count("t1"), await log.is_first_subscriber("t1")) == (1, True)
            two = log.subscribe("t1", **Reader().callbacks())
            assert (await log.subscriber_count("t1"), await log.is_first_subscriber("t1")) == (2, False)
            one.unsubscribe()
            one.unsubscribe()
            assert (await log.subscriber_count("t1"), left) == (1, [])
            two.unsubscribe()
            assert (await log.subscriber_count("t1"), left) == (0, ["all"])
            log.subscribe("t1", **Reader().callbacks()).unsubscribe()
            assert left == ["all", "all"]
            assert not await log.is_first_subscriber("t1")
            await log.close()

        finish_all(work())

    def test_letting_go_while_called(self) -> None:
        """A reader that is let go within a round is not called any more; one that joins is called from the next entry."""

        async def work() -> None:
            log, second, third = self.make(), Reader(), Reader()
            held: list[Any] = []

            def first(entry: EventLogEntry) -> None:
                held[0].unsubscribe()
                if entry.seq == 1:
                    log.subscribe("t1", **third.callbacks())

            log.subscribe("t1", on_chunk=first)
            held.append(log.subscribe("t1", **second.callbacks()))
            await log.append("t1", 1, [TextDelta("a")])
            await log.append("t1", 1, [TextDelta("b")])
            assert second.calls == []
            assert [entry.seq for _, entry in third.calls] == [2]
            await log.close()

        finish_all(work())

    def test_cleanup(self) -> None:
        """A forgotten log is unknown and its readers are not called; the others stay."""

        async def work() -> None:
            log, reader = self.make(), Reader()
            held = log.subscribe("t1", **reader.callbacks())
            await log.append("t2", 1, [START])
            await log.cleanup("t1")
            await log.cleanup("t1")
            held.unsubscribe()
            await log.append("t1", 1, [TextDelta("a")])
            assert reader.calls == []
            assert await log.read("t2", 1, 0) is not None
            await log.close()
            await log.close()
            assert await log.read("t2", 1, 0) is None

        finish_all(work())
