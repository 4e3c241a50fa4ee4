"""What every event log must do with entries: order, bounds, the end, the fold of all that came."""

from __future__ import annotations

import pytest

from nbchat.core.errors import UsageError
from nbchat.core.events import (
    Event,
    ModelNamed,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    UsageReport,
)
from nbchat.core.messages import ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage
from nbchat.sessions.ports import UserMessage
from tests.contracts.streams_base import END, FAILED, START, Kernels, Run, StreamsBase, text_of


class EntriesContract(StreamsBase):
    """Inherit and define `open`."""

    def test_positions(self, run: Run) -> None:
        """Entries count from 1 without a gap; reading after any position gives exactly what follows it, in every kernel."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            words = [f"grüße {number} \U0001f600 " for number in range(10)]
            assert [await one.log.append("t1", 3, [TextDelta(word)]) for word in words] == list(range(1, 11))
            for after in range(11):
                entries = await two.log.read("t1", 3, after)
                assert entries is not None
                assert [(entry.after, entry.seq) for entry in entries] == [(seq - 1, seq) for seq in range(after + 1, 11)]
                assert [entry.events for entry in entries] == [(TextDelta(word),) for word in words[after:]]
                assert {entry.generation for entry in entries} <= {3}

        run(work)

    def test_reading_what_is_not_there(self, run: Run) -> None:
        """An unknown log, another generation and a position ahead of the log are None, never an empty answer."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await self.fill(one.log, [[TextDelta("a")]])
            for log in (one.log, two.log):
                assert await log.read("t2", 1, 0) is None
                assert await log.read("t1", 2, 0) is None
                assert await log.read("t1", 0, 0) is None
                assert await log.read("t1", 1, 2) is None
                assert await log.read("t1", 1, 1) == []
                assert await log.resume_state("t2") is None
                assert await log.attach("t2", on_chunk=lambda entry: None) is None

        run(work)

    def test_bounded_tail(self, run: Run) -> None:
        """The tail is bounded; a reader that is too far behind is told so, and the folded content has everything."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            count = self.max_entries + 100
            await self.fill(one.log, [[TextDelta(f"{number} ")] for number in range(count)])
            assert await one.log.read("t1", 1, 0) is None
            entries = await one.log.read("t1", 1, count - 5)
            assert entries is not None
            assert len(entries) == 5
            state = await one.log.resume_state("t1")
            assert state is not None
            assert state.last_seq == count
            assert state.aggregated_content == (TextPart("".join(f"{number} " for number in range(count))),)

        run(work)

    def test_bounded_characters(self, run: Run) -> None:
        """A few huge entries are bounded too; the newest can always be read."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            await self.fill(one.log, [[TextDelta("x" * 200_000)] for _ in range(4)])
            assert await one.log.read("t1", 1, 0) is None
            assert await one.log.read("t1", 1, 3) is not None
            assert text_of(await one.log.resume_state("t1")) == "x" * 800_000

        run(work)

    def test_text_is_kept_and_events_are_not(self, run: Run) -> None:
        """Thousands of tiny events between reasoning, calls and results fold to what they said, in their order."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            batches: list[list[Event]] = [[START]]
            expected = list[object]()
            for turn in range(4):
                batches += [[ReasoningDelta("hm"), ReasoningDelta("!")] for _ in range(200)]
                batches += [[TextDelta("a"), TextDelta("ß")] for _ in range(200)]
                batches.append([ToolCallDelta(turn, f"c{turn}", "add")])
                batches += [[ToolCallDelta(turn, arguments="1"), UsageReport(Usage(1, output_tokens=1))] for _ in range(20)]
                batches.append([ToolResult(f"c{turn}", "2")])
                expected += [ReasoningPart("hm!" * 200), TextPart("aß" * 200), ToolCallPart(f"c{turn}", "add", "1" * 20)]
                expected.append(ToolResultPart(f"c{turn}", "2"))
            await self.fill(one.log, batches)
            state = await two.log.resume_state("t1")
            assert state is not None
            assert state.last_seq == len(batches)
            assert list(state.aggregated_content) == expected

        run(work)

    def test_resume_state(self, run: Run) -> None:
        """What a late reader gets: content folded up to the last entry, run steps while it runs, question, answer, model."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            call = ToolCallDelta(0, "c1", "add", '{"a":')
            await self.fill(
                one.log,
                [
                    [START, ReasoningDelta("hm")],
                    [ReasoningDelta("m"), TextDelta("Hel"), UsageReport(Usage(1, output_tokens=1))],
                    [TextDelta("lo"), call, ToolCallDelta(0, arguments=" 1}")],
                ],
            )
            state = await two.log.resume_state("t1")
            assert state is not None
            parts = (ReasoningPart("hmm"), TextPart("Hello"), ToolCallPart("c1", "add", '{"a": 1}'))
            assert state.aggregated_content == parts
            assert state.run_steps == parts[2:]
            assert (state.stream_id, state.generation, state.last_seq) == ("t1", 1, 3)
            assert state.user_message == UserMessage("u1", "p0", None, "why?")
            assert state.response_message_id == "a1"
            assert state.sender == "lab/tiny"
            assert state.final_event is None
            await one.log.append("t1", 1, [ModelNamed("tiny-2"), END])
            ended = await two.log.resume_state("t1")
            assert ended is not None
            assert ended.final_event == END
            assert ended.sender == "tiny-2"
            assert ended.aggregated_content == parts
            assert ended.run_steps == ()

        run(work)

    @pytest.mark.parametrize("end", [END, FAILED])
    def test_explicit_end(self, run: Run, end: Event) -> None:
        """The end is the last entry: nothing is appended behind it, neither later nor in its batch, by no kernel."""

        async def work(kernels: Kernels) -> None:
            one, two = await kernels.two()
            await one.log.append("t1", 1, [START])
            with pytest.raises(UsageError):
                await one.log.append("t1", 1, [end, TextDelta("late")])
            assert await one.log.append("t1", 1, [TextDelta("last"), end]) == 2
            for log in (one.log, two.log):
                for late in (TextDelta("late"), END, FAILED):
                    with pytest.raises(UsageError, match="ended"):
                        await log.append("t1", 1, [late])
                entries = await log.read("t1", 1, 1)
                assert entries is not None
                assert [entry.events for entry in entries] == [(TextDelta("last"), end)]

        run(work)

    def test_an_empty_batch(self, run: Run) -> None:
        """An empty batch makes no entry."""

        async def work(kernels: Kernels) -> None:
            one = await kernels.open()
            await one.log.append("t1", 1, [START])
            assert await one.log.append("t1", 1, []) == 1
            assert await one.log.read("t1", 1, 1) == []

        run(work)
