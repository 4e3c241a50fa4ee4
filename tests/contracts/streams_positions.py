"""What every event log must do with the positions that a writer gives: once, in order, or refused; and with generations."""

from __future__ import annotations

import pytest

from nbchat.core.errors import UsageError
from nbchat.core.events import TextDelta
from nbchat.sessions.ports import LogGapError
from tests.contracts.streams_base import END, START, Kernels, Reader, Run, StreamsBase, text_of
from tests.support.house import eventually


class PositionsContract(StreamsBase):
    """Inherit and define `open`."""

    def test_once(self, run: Run) -> None:
        """An entry is appended once, however often that is tried, and whatever came behind it meanwhile, the end too."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            for _ in range(2):
                assert await one.log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1) == 1
                assert await two.log.append("t1", 1, [TextDelta("b")], after=1, seq=2) == 2
                assert await one.log.append("t1", 1, [TextDelta("c"), END], after=2, seq=3) == 3
            state = await two.log.resume_state("t1")
            assert text_of(state) == "abc"
            assert state is not None
            assert state.last_seq == 3

        run(work)

    def test_joined(self, run: Run) -> None:
        """An entry may lead over several positions; none begins within it."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            assert await one.log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1) == 1
            assert await one.log.append("t1", 1, [TextDelta("bcd")], after=1, seq=4) == 4
            assert await one.log.append("t1", 1, [TextDelta("e")], after=4, seq=5) == 5
            for log in (one.log, two.log):
                entries = await log.read("t1", 1, 1)
                assert entries is not None
                assert [(entry.after, entry.seq) for entry in entries] == [(1, 4), (4, 5)]
                for within in (2, 3):
                    assert await log.read("t1", 1, within) is None
                assert text_of(await log.resume_state("t1")) == "abcde"
            assert await two.log.append("t1", 1, [TextDelta("f")]) == 6

        run(work)

    def test_what_does_not_follow(self, run: Run) -> None:
        """An entry that does not follow from the log is refused with where the log ends, and changes nothing."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            with pytest.raises(LogGapError) as nothing:
                await one.log.append("t1", 1, [TextDelta("b")], after=1, seq=2)
            assert nothing.value.seq == 0
            await one.log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1)
            with pytest.raises(LogGapError) as gap:
                await two.log.append("t1", 1, [TextDelta("d")], after=3, seq=4)
            assert gap.value.seq == 1
            assert text_of(await two.log.resume_state("t1")) == "a"
            assert await two.log.append("t1", 1, [TextDelta("b")], after=1, seq=2) == 2

        run(work)

    def test_rewrite(self, run: Run) -> None:
        """A log that lost something is given the whole content as of a position, and goes on from there; readers are told."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1)
            readers = [Reader(), Reader()]
            await readers[0].attach(one.log)
            await readers[1].attach(two.log)
            await one.log.rewrite("t1", 1, [START, TextDelta("abcde")], 5)
            await eventually(lambda: all(reader.gaps for reader in readers))
            state = await two.log.resume_state("t1")
            assert text_of(state) == "abcde"
            assert state is not None
            assert (state.last_seq, state.response_message_id) == (5, "a1")
            for within in (1, 4):
                assert await two.log.read("t1", 1, within) is None
            assert await two.log.read("t1", 1, 5) == []
            assert await one.log.append("t1", 1, [TextDelta("f")], after=5, seq=6) == 6
            again = Reader()
            await again.attach(two.log)
            assert again.text == "abcdef"
            assert await one.log.append("t1", 1, [TextDelta("g"), END], after=6, seq=7) == 7
            await eventually(lambda: again.kinds == ["done"])
            assert again.text == "abcdefg"

        run(work)

    def test_rewriting_what_is_there(self, run: Run) -> None:
        """Where the log has the position already, and after its end, a rewrite does nothing; an unknown log is made by it."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.rewrite("t1", 1, [START, TextDelta("ab")], 2)
            assert text_of(await two.log.resume_state("t1")) == "ab"
            await two.log.append("t1", 1, [TextDelta("c"), END], after=2, seq=3)
            for seq in (2, 3):
                await one.log.rewrite("t1", 1, [START, TextDelta("other")], seq)
                assert text_of(await two.log.resume_state("t1")) == "abc"
            with pytest.raises(UsageError):
                await one.log.rewrite("t2", 1, [END, TextDelta("late")], 1)

        run(work)

    def test_an_end_can_be_rewritten(self, run: Run) -> None:
        """The whole content may hold the end: the log has ended then."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.rewrite("t1", 1, [START, TextDelta("ab"), END], 4)
            state = await two.log.resume_state("t1")
            assert state is not None
            assert (state.final_event, state.last_seq) == (END, 4)
            with pytest.raises(UsageError, match="ended"):
                await two.log.append("t1", 1, [TextDelta("late")])

        run(work)

    def test_generations(self, run: Run) -> None:
        """A newer generation starts its log anew; an older one is refused everywhere and changes nothing."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await self.fill(one.log, [[TextDelta("old")], [END]])
            assert await two.log.append("t1", 2, [TextDelta("new")]) == 1
            with pytest.raises(UsageError, match="generation"):
                await one.log.append("t1", 1, [TextDelta("zombie")])
            with pytest.raises(UsageError, match="generation"):
                await one.log.append("t1", 1, [TextDelta("zombie")], after=0, seq=1)
            with pytest.raises(UsageError, match="generation"):
                await one.log.rewrite("t1", 1, [TextDelta("zombie")], 9)
            state = await one.log.resume_state("t1")
            assert state is not None
            assert (state.generation, state.last_seq, text_of(state)) == (2, 1, "new")

        run(work)

    def test_a_newer_generation_for_readers(self, run: Run) -> None:
        """A reader of the old one is called with entries that say which they are of."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            reader = Reader()
            await one.log.append("t1", 1, [START, TextDelta("old")])
            await reader.attach(two.log)
            await one.log.append("t1", 2, [START, TextDelta("new")])
            await eventually(lambda: len(reader.calls) == 1)
            assert [(entry.generation, entry.after, entry.seq) for _, entry in reader.calls] == [(2, 0, 1)]

        run(work)

    def test_empty_is_not_authoritative(self, run: Run) -> None:
        """Nothing that is empty takes away what a log has: a batch, a rewrite, a position that is behind."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await self.fill(one.log, [[START, TextDelta("a")], [TextDelta("b")]])
            assert await two.log.append("t1", 1, []) == 2
            assert await two.log.append("t1", 1, [], after=0, seq=1) == 1
            await two.log.rewrite("t1", 1, [], 2)
            await two.log.rewrite("t1", 1, [START], 1)
            assert text_of(await two.log.resume_state("t1")) == "ab"

        run(work)
