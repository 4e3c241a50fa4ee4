"""What every event log must do with entries: positions, bounds, generations, the end, the fold of all that came."""

from __future__ import annotations

import pytest

from nbchat.core.errors import UsageError
from nbchat.core.events import (
    Event,
    ModelNamed,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from nbchat.core.messages import ReasoningPart, TextPart, ToolCallPart
from nbchat.core.usage import Usage
from nbchat.sessions.ports import UserMessage
from tests.contracts.streams_base import END, FAILED, START, LogBase
from tests.contracts.values import finish_all


class EntriesContract(LogBase):
    """Inherit and define `make`."""

    def test_positions(self) -> None:
        """Entries count from 1 without a gap; reading after any position gives exactly what follows it."""

        async def work() -> None:
            log = self.make()
            texts = [f"word{number} " for number in range(10)]
            assert [await log.append("t1", 3, [TextDelta(text)]) for text in texts] == list(range(1, 11))
            for after in range(11):
                entries = await log.read("t1", 3, after)
                assert entries is not None
                assert [(entry.after, entry.seq) for entry in entries] == [(seq - 1, seq) for seq in range(after + 1, 11)]
                assert [entry.events for entry in entries] == [(TextDelta(text),) for text in texts[after:]]
                assert {entry.generation for entry in entries} <= {3}
            await log.close()

        finish_all(work())

    def test_reading_what_is_not_there(self) -> None:
        """An unknown log, another generation and a position ahead of the log are None, never an empty answer."""

        async def work() -> None:
            log = await self.filled([[TextDelta("a")]])
            assert await log.read("t2", 1, 0) is None
            assert await log.read("t1", 2, 0) is None
            assert await log.read("t1", 0, 0) is None
            assert await log.read("t1", 1, 2) is None
            assert await log.read("t1", 1, 1) == []
            assert await log.resume_state("t2") is None
            await log.close()

        finish_all(work())

    def test_bounded_tail(self) -> None:
        """The tail is bounded; a reader that is too far behind is told so, and the folded content has everything."""

        async def work() -> None:
            count = self.max_entries + 100
            log = await self.filled([[TextDelta(f"{number} ")] for number in range(count)])
            assert await log.read("t1", 1, 0) is None
            entries = await log.read("t1", 1, count - 5)
            assert entries is not None
            assert len(entries) == 5
            state = await log.resume_state("t1")
            assert state is not None
            assert state.last_seq == count
            assert state.aggregated_content == (TextPart("".join(f"{number} " for number in range(count))),)
            await log.close()

        finish_all(work())

    def test_bounded_characters(self) -> None:
        """A few huge entries are bounded too; the newest can always be read."""

        async def work() -> None:
            log = await self.filled([[TextDelta("x" * 200_000)] for _ in range(4)])
            assert await log.read("t1", 1, 0) is None
            assert await log.read("t1", 1, 3) is not None
            await log.close()

        finish_all(work())

    def test_resume_state(self) -> None:
        """What a late reader gets: content folded up to the last entry, run steps while it runs, question, answer, model."""

        async def work() -> None:
            call = ToolCallDelta(0, "c1", "add", '{"a":')
            log = await self.filled(
                [
                    [START, ReasoningDelta("hm")],
                    [ReasoningDelta("m"), TextDelta("Hel"), UsageReport(Usage(1, output_tokens=1))],
                    [TextDelta("lo"), call, ToolCallDelta(0, arguments=" 1}")],
                ]
            )
            state = await log.resume_state("t1")
            assert state is not None
            parts = (ReasoningPart("hmm"), TextPart("Hello"), ToolCallPart("c1", "add", '{"a": 1}'))
            assert state.aggregated_content == parts
            assert state.run_steps == parts[2:]
            assert (state.stream_id, state.generation, state.last_seq) == ("t1", 1, 3)
            assert state.user_message == UserMessage("u1", "p0", None, "why?")
            assert state.response_message_id == "a1"
            assert state.sender == "lab/tiny"
            assert state.final_event is None
            await log.append("t1", 1, [ModelNamed("tiny-2"), END])
            ended = await log.resume_state("t1")
            assert ended is not None
            assert ended.final_event == END
            assert ended.aggregated_content == parts
            assert ended.run_steps == ()
            await log.close()

        finish_all(work())

    @pytest.mark.parametrize("end", [END, FAILED])
    def test_explicit_end(self, end: Event) -> None:
        """The end is the last entry: nothing is appended behind it, neither later nor in its batch."""

        async def work() -> None:
            log = await self.filled([[START]])
            with pytest.raises(UsageError):
                await log.append("t1", 1, [end, TextDelta("late")])
            assert await log.append("t1", 1, [TextDelta("last"), end]) == 2
            for late in (TextDelta("late"), END, FAILED):
                with pytest.raises(UsageError, match="ended"):
                    await log.append("t1", 1, [late])
            entries = await log.read("t1", 1, 1)
            assert entries is not None
            assert [entry.events for entry in entries] == [(TextDelta("last"), end)]
            await log.close()

        finish_all(work())

    def test_generations(self) -> None:
        """A newer generation starts its log anew; an older one is refused and changes nothing."""

        async def work() -> None:
            log = await self.filled([[TextDelta("old")], [END]])
            assert await log.append("t1", 2, [TextDelta("new")]) == 1
            with pytest.raises(UsageError, match="generation"):
                await log.append("t1", 1, [TextDelta("zombie")])
            state = await log.resume_state("t1")
            assert state is not None
            assert (state.generation, state.aggregated_content) == (2, (TextPart("new"),))
            await log.close()

        finish_all(work())

    def test_an_empty_batch(self) -> None:
        """An empty batch makes no entry."""

        async def work() -> None:
            log = await self.filled([[START]])
            assert await log.append("t1", 1, []) == 1
            assert await log.read("t1", 1, 1) == []
            await log.close()

        finish_all(work())

    def test_many_logs(self) -> None:
        """Ended logs are bounded in number; running ones are kept."""

        async def work() -> None:
            log = self.make()
            await log.append("running", 1, [START])
            for number in range(1100):
                await log.append(f"t{number}", 1, [END])
            assert await log.read("t0", 1, 0) is None
            assert await log.read("t1099", 1, 0) is not None
            assert await log.read("running", 1, 0) is not None
            await log.close()

        finish_all(work())
