"""What every event log must do for its readers: calls in order, and what one reader never does to another."""

from __future__ import annotations

from typing import Any

import pytest

from nbchat.core.events import (
    TextDelta,
)
from nbchat.sessions.ports import EventLogEntry
from tests.contracts.streams_base import END, FAILED, START, Kernels, Reader, Run, StreamsBase
from tests.support.house import eventually


class ReadersContract(StreamsBase):
    """Inherit and define `open`."""

    def test_subscribers(self, run: Run) -> None:
        """Readers are called with every later entry, in order; the end goes to done or to error."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            await one.log.append("t1", 1, [START])
            early, late, failing = Reader(), Reader(), Reader()
            one.log.subscribe("t1", **early.callbacks())
            assert await one.log.append("t1", 1, [TextDelta("a")]) == 2
            await eventually(lambda: early.kinds == ["chunk"])
            one.log.subscribe("t1", **late.callbacks())
            await one.log.append("t1", 1, [TextDelta("b"), END])
            await eventually(lambda: early.kinds == ["chunk", "done"])
            assert early.positions == [(1, 2), (2, 3)]
            await eventually(lambda: late.kinds == ["done"])
            one.log.subscribe("t2", **failing.callbacks())
            await one.log.append("t2", 1, [FAILED])
            await eventually(lambda: failing.kinds == ["error"])

        run(work)

    def test_an_end_without_a_callback(self, run: Run) -> None:
        """A reader that gave no callback for ends gets the last entry like any other: it may hold text."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            seen, attached = list[int](), list[int]()
            one.log.subscribe("t1", on_chunk=lambda entry: seen.append(entry.seq))
            await one.log.append("t1", 1, [TextDelta("a")])
            assert await one.log.attach("t1", on_chunk=lambda entry: attached.append(entry.seq))
            await one.log.append("t1", 1, [TextDelta("b"), END])
            await eventually(lambda: (seen, attached) == ([1, 2], [2]))

        run(work)

    def test_a_reader_that_raises(self, run: Run, caplog: pytest.LogCaptureFixture) -> None:
        """A failing reader is logged and disturbs neither the append nor the other readers."""

        async def work(kernels: Kernels) -> None:
            one, reader = await kernels.open(), Reader()

            def fail(_: EventLogEntry) -> None:
                raise RuntimeError("reader's own bug")

            one.log.subscribe("t1", on_chunk=fail)
            one.log.subscribe("t1", **reader.callbacks())
            assert await one.log.append("t1", 1, [TextDelta("a")]) == 1
            await eventually(lambda: reader.kinds == ["chunk"])

        run(work)
        assert "reader's own bug" in caplog.text

    def test_letting_go_while_called(self, run: Run) -> None:
        """A reader that is let go within a round is not called any more; one that joins is called from the next entry."""

        async def work(kernels: Kernels) -> None:
            one, first, second, third = await kernels.open(), list[int](), Reader(), Reader()
            held: list[Any] = []

            def join(entry: EventLogEntry) -> None:
                held[0].unsubscribe()
                if entry.seq == 1:
                    one.log.subscribe("t1", **third.callbacks())
                first.append(entry.seq)

            one.log.subscribe("t1", on_chunk=join)
            held.append(one.log.subscribe("t1", **second.callbacks()))
            await one.log.append("t1", 1, [TextDelta("a")])
            await eventually(lambda: first == [1])
            await one.log.append("t1", 1, [TextDelta("b")])
            await eventually(lambda: [entry.seq for _, entry in third.calls] == [2])
            assert first == [1, 2]
            assert second.calls == []

        run(work)

    def test_a_forgotten_log(self, run: Run) -> None:
        """A forgotten log is unknown and its readers are not called; the others stay."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            gone, there = Reader(), Reader()
            held = one.log.subscribe("t1", **gone.callbacks())
            await one.log.append("t2", 1, [START])
            await one.log.cleanup("t1")
            await one.log.cleanup("t1")
            held.unsubscribe()
            one.log.subscribe("t1", **there.callbacks())
            assert await one.log.append("t1", 1, [TextDelta("a")]) == 1
            await eventually(lambda: there.kinds == ["chunk"])
            assert gone.calls == []
            await one.log.cleanup("t1")
            assert await two.log.resume_state("t1") is None
            assert await two.log.read("t2", 1, 0) is not None

        run(work)

    def test_closing(self, run: Run) -> None:
        """Closing releases everything, also twice, and calls nobody any more."""

        async def work(kernels: Kernels) -> None:
            one, reader = await kernels.open(), Reader()
            held = one.log.subscribe("t1", **reader.callbacks())
            watch = one.jobs.watch(lambda job: None)
            await one.log.append("t1", 1, [START])
            await eventually(lambda: reader.kinds == ["chunk"])
            for _ in range(2):
                await one.log.close()
                await one.jobs.close()
            held.unsubscribe()
            watch.unsubscribe()

        run(work)
