"""What every event log must do for those who come late, and for those who count them: attaching is one step, over all kernels."""

from __future__ import annotations

import asyncio

from nbchat.core.events import TextDelta
from tests.contracts.streams_base import END, START, Kernels, Reader, Run, StreamsBase, text_of
from tests.support.house import eventually


class AttachingContract(StreamsBase):
    """Inherit and define `open`."""

    def test_attaching(self, run: Run) -> None:
        """The content so far and all that follows it, from the other kernel too; an ended log gives its end, and no calls."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.append("t1", 1, [START, TextDelta("a")])
            here, there = Reader(), Reader()
            for reader, log in ((here, one.log), (there, two.log)):
                assert (await reader.attach(log)).last_seq == 1
            await one.log.append("t1", 1, [TextDelta("b")])
            await one.log.append("t1", 1, [TextDelta("c"), END])
            for reader in (here, there):
                await eventually(lambda reader=reader: reader.kinds == ["chunk", "done"])
                assert reader.positions == [(1, 2), (2, 3)]
                assert (reader.text, reader.gaps) == ("abc", 0)
            late = Reader()
            state = await late.attach(two.log)
            assert (late.text, state.final_event) == ("abc", END)
            assert late.calls == []

        run(work)

    def test_attaching_while_it_grows(self, run: Run) -> None:
        """Many readers in two kernels come at any moment: none misses or repeats anything."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            words = [f"{number} " for number in range(300)]
            readers = list[Reader]()
            await one.log.append("t1", 1, [START])

            async def write() -> None:
                for seq, word in enumerate(words, 2):
                    await one.log.append("t1", 1, [TextDelta(word)], after=seq - 1, seq=seq)
                await one.log.append("t1", 1, [END])

            async def read(number: int) -> None:
                log = (one.log, two.log)[number % 2]
                await eventually(lambda: seen.seq >= number * 7)
                reader = Reader()
                readers.append(reader)
                await reader.attach(log)

            seen = Reader()
            await seen.attach(one.log)
            await asyncio.gather(write(), *(read(number) for number in range(40)))
            whole = "".join(words)
            for reader in readers:
                await eventually(lambda reader=reader: reader.seq == len(words) + 2)
                assert reader.text == whole
                after = [entry.after for _, entry in reader.calls]
                assert after == sorted(set(after))

        run(work)

    def test_an_attached_reader_that_lets_go(self, run: Run) -> None:
        """It is not called any more, whichever kernel writes; the others are."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.append("t1", 1, [START])
            gone, there = Reader(), Reader()
            await gone.attach(two.log)
            await there.attach(two.log)
            assert gone.held is not None
            gone.held.unsubscribe()
            gone.held.unsubscribe()
            await one.log.append("t1", 1, [TextDelta("a")])
            await eventually(lambda: there.text == "a")
            assert gone.calls == []

        run(work)

    def test_a_waiting_reader_is_cancelled(self, run: Run) -> None:
        """Whoever gives up while it attaches leaves no reader behind."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.append("t1", 1, [START])
            for rounds in range(4):
                reader = Reader()
                task = asyncio.ensure_future(reader.attach(two.log))
                for _ in range(rounds):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                if not task.cancelled():
                    assert reader.held is not None
                    reader.held.unsubscribe()

            async def nobody() -> bool:
                return await one.log.subscriber_count("t1") == 0

            await eventually(nobody)

        run(work)

    def test_counting_readers(self, run: Run) -> None:
        """Open readers are counted in all kernels, the first is known, and each leaving of the last is told; letting go is
        idempotent."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            left, there = list[str](), list[str]()

            async def count(number: int, first: bool) -> None:
                for log in (one.log, two.log):

                    async def counted(log: object = log) -> bool:
                        return await one.log.subscriber_count("t1") == await two.log.subscriber_count("t1") == number

                    await eventually(counted)
                    assert await log.is_first_subscriber("t1") is first

            def fail() -> None:
                raise RuntimeError("not the log's problem")

            await one.log.append("t1", 1, [START])
            await count(0, first=False)
            one.log.on_all_subscribers_left("t1", fail)
            one.log.on_all_subscribers_left("t1", lambda: left.append("all"))
            two.log.on_all_subscribers_left("t1", lambda: there.append("all"))
            held = one.log.on_all_subscribers_left("t1", lambda: left.append("not called"))
            held.unsubscribe()
            held.unsubscribe()
            first = one.log.subscribe("t1", **Reader().callbacks())
            await count(1, first=True)
            second = Reader()
            await second.attach(two.log)
            await count(2, first=False)
            first.unsubscribe()
            first.unsubscribe()
            await count(1, first=False)
            assert (left, there) == ([], [])
            assert second.held is not None
            second.held.unsubscribe()
            await count(0, first=False)
            await eventually(lambda: (left, there) == (["all"], ["all"]))
            third = Reader()
            await third.attach(two.log)
            await count(1, first=False)
            assert third.held is not None
            third.held.unsubscribe()
            await eventually(lambda: (left, there) == (["all"] * 2, ["all"] * 2))

        run(work)

    def test_a_closed_kernel_reads_nothing(self, run: Run) -> None:
        """The readers of a kernel that was closed are not counted any more."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            await one.log.append("t1", 1, [START, TextDelta("a")])
            closing = await kernels.open()
            if closing == one:  # of one process, whose log is gone then
                return
            await Reader().attach(closing.log)

            async def counted(number: int) -> bool:
                return await one.log.subscriber_count("t1") == number

            await eventually(lambda: counted(1))
            await closing.close()
            await eventually(lambda: counted(0))
            assert text_of(await one.log.resume_state("t1")) == "a"

        run(work)
