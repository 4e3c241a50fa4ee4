"""What every ConversationStore must do with turns: begin once, grow, end once, outlive their process's death."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.errors import BusyError, ErrorInfo, UsageError
from nbchat.core.messages import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.storage import Store
from tests.contracts.store_base import StoreBase
from tests.contracts.values import Asked, a_conversation, a_message, a_record, a_turn, end_of, finish_all
from tests.support.clock import ManualClock


class TurnsContract(StoreBase):
    def test_begin(self, run: Callable[..., None]) -> None:
        """A turn begins with its question and its empty answer saved, the head moved, a generation and an owner given."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            assert asked.record.generation == 1
            assert asked.record.owner
            assert await store.messages(conversation.id) == asked.messages
            found = await store.get(conversation.id)
            assert found is not None
            assert found.head == asked.answer.id

        run(work)

    def test_a_request_begins_once(self, run: Callable[..., None]) -> None:
        """A known request id returns the turn that it began; nothing is added."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store, request_id="same")
            again = a_turn(conversation, request_id="same")
            known = await store.begin_turn(again.record, again.messages)
            assert known == first.record
            assert known.id != again.record.id
            assert len(await store.messages(conversation.id)) == 2

        run(work)

    def test_generations_never_repeat(self, run: Callable[..., None]) -> None:
        """Each turn of a conversation gets a higher generation; conversations count for themselves."""

        async def work(store: Store) -> None:
            conversation, before = await self.asked(store)
            for expected in (2, 3):
                await store.end_turn(before.record, end_of(before), [])
                assert (await store.standing(conversation.id)).generation == expected
                before = a_turn(conversation)
                assert (await store.begin_turn(before.record, before.messages)).generation == expected
            _, other = await self.asked(store, "other")
            assert other.record.generation == 1

        run(work)

    def test_begin_without_conversation(self, run: Callable[..., None]) -> None:
        """A turn of a deleted conversation is refused readably."""

        async def work(store: Store) -> None:
            asked = a_turn(a_conversation("never saved"))
            with pytest.raises(UsageError, match="deleted"):
                await store.begin_turn(asked.record, asked.messages)

        run(work)

    def test_branches(self, run: Callable[..., None]) -> None:
        """Messages are a tree: siblings under one parent, in order of creation; a question asked again is not doubled."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store)
            await store.end_turn(first.record, end_of(first), [])
            again = a_turn(conversation)
            answer = replace(again.answer, parent=first.question.id)
            record = replace(again.record, user_message=first.question.id)
            await store.begin_turn(record, [first.question, answer])
            rows = await store.messages(conversation.id)
            assert [row.id for row in rows] == [first.question.id, first.answer.id, answer.id]
            assert [row.parent for row in rows] == [None, first.question.id, first.question.id]

        run(work)

    def test_going_on_with_an_answer(self, run: Callable[..., None]) -> None:
        """A turn goes on with an answer that ended: it streams again from the parts that it has, without its error, keeps its
        place and what it used so far, and its pieces join on."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store, cell="c1")
            cut = end_of(first, "so far", status="error", error=ErrorInfo("network", "cut", ""), finish_reason="length")
            await store.end_turn(first.record, cut, [])
            own = a_message("assistant", "by hand", first.question)
            await store.add_messages(conversation.id, [own], head=own.id)
            again = a_turn(conversation, cell="c1")
            record = replace(again.record, user_message=first.question.id, assistant_message=first.answer.id)
            streaming = replace(cut, status="streaming", error=None, finish_reason=None, model="lab/other")
            record = await store.begin_turn(record, [first.question, streaming])
            assert record.generation == 2
            assert await store.messages(conversation.id) == [first.question, streaming, own]
            await store.checkpoint(record, [TextPart(" and on")])
            assert (await store.messages(conversation.id))[1].text == "so far and on"
            found = await store.get(conversation.id)
            assert found is not None
            assert found.head == first.answer.id
            assert await store.turn_of_cell(conversation.id, "c1") == record
            final = end_of(first, "so far and on.", parameters={"seed": 1}, first_token_seconds=0.5, seconds=1.5)
            assert await store.end_turn(record, final, [a_record(first, id=record.request_id)])
            assert not await store.end_turn(first.record, end_of(first, "late"), [])
            assert await store.messages(conversation.id) == [first.question, final, own]

        run(work)

    def test_going_on_from_other_parts(self, run: Callable[..., None]) -> None:
        """The parts that the turn gives are those that are gone on from: a call that never got its result may be left out."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store)
            cut = end_of(first, parts=(TextPart("so far"), ToolCallPart("c", "add", "{")), status="stopped")
            await store.end_turn(first.record, cut, [])
            record = replace(a_turn(conversation).record, user_message=first.question.id, assistant_message=first.answer.id)
            given = replace(cut, parts=(TextPart("so far"),), status="streaming")
            record = await store.begin_turn(record, [first.question, given])
            await store.checkpoint(record, [TextPart(" and on")])
            assert (await store.messages(conversation.id))[1].parts == (TextPart("so far and on"),)

        run(work)

    def test_one_turn_a_conversation(self, run: Callable[..., None]) -> None:
        """While a turn runs, no other one begins in its conversation, on the same answer or behind it, and nothing changes; it
        is named, and once it has ended the next one begins. Other conversations do not care."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store)
            assert (await store.standing(conversation.id)).running == first.record
            other = a_turn(conversation)
            again = replace(other.record, user_message=first.question.id, assistant_message=first.answer.id)
            for record, messages in ((other.record, other.messages), (again, first.messages)):
                with pytest.raises(BusyError, match="being written"):
                    await store.begin_turn(record, messages)
            await store.checkpoint(first.record, [TextPart("fine")])
            assert [message.text for message in await store.messages(conversation.id)] == [first.question.text, "fine"]
            await self.asked(store, "other")
            await store.end_turn(first.record, end_of(first, "fine"), [])
            assert (await store.standing(conversation.id)).running is None
            assert (await store.begin_turn(other.record, other.messages)).generation == 2

        run(work)

    def test_a_turn_that_was_to_come_behind_another_one(self, run: Callable[..., None]) -> None:
        """It does not begin where one has begun since of which its asker does not know; a request that is known is known."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store)
            await store.end_turn(first.record, end_of(first, "fine"), [])
            late = a_turn(conversation)
            with pytest.raises(BusyError, match="meanwhile"):
                await store.begin_turn(replace(late.record, after=0), late.messages)
            assert len(await store.messages(conversation.id)) == 2
            assert (await store.standing(conversation.id)).generation == 2
            begun = await store.begin_turn(replace(late.record, after=1), late.messages)
            assert (begun.generation, begun.after) == (2, None)
            assert await store.begin_turn(replace(late.record, after=0), late.messages) == begun

        run(work)

    def test_own_changes_are_no_news(self, run: Callable[..., None]) -> None:
        """The sign that another process has written stays as it is whatever this one writes."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store)
            before = (await store.standing(conversation.id)).changes
            await store.end_turn(first.record, end_of(first), [])
            await store.update(conversation.id, title="t")
            assert (await store.standing(conversation.id)).changes == before

        run(work)

    def test_checkpoints_fold(self, run: Callable[..., None]) -> None:
        """Pieces join where one goes on with the kind that the answer ended with, in order, while the answer streams."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.checkpoint(asked.record, [ReasoningPart("thin")])
            await store.checkpoint(asked.record, [])
            await store.checkpoint(asked.record, [ReasoningPart("king", 1.5), TextPart("He")])
            await store.checkpoint(asked.record, [TextPart("llo"), ToolCallPart("c1", "add", '{"a"')])
            await store.checkpoint(asked.record, [ToolCallPart("", "", ": 1}"), ToolCallPart("c2", "sub", "{}")])
            _, answer = await store.messages(conversation.id)
            assert answer.status == "streaming"
            assert answer.parts == (
                ReasoningPart("thinking", 1.5),
                TextPart("Hello"),
                ToolCallPart("c1", "add", '{"a": 1}'),
                ToolCallPart("c2", "sub", "{}"),
            )

        run(work)

    def test_end(self, run: Callable[..., None]) -> None:
        """The end replaces the pieces by the final answer, whole, and settles the requests."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.checkpoint(asked.record, [TextPart("ans")])
            parts = (TextPart("answer \U0001f600"), ImagePart("https://x.test/i.png", "pic"), ToolResultPart("c", "t", True))
            final = end_of(asked, parts=parts, status="error", error=ErrorInfo("network", "cut", "again"))
            assert await store.end_turn(asked.record, final, [a_record(asked)])
            assert (await store.messages(conversation.id))[1] == final
            assert await store.records(conversation.id) == [a_record(asked)]

        run(work)

    def test_first_end_wins(self, run: Callable[..., None]) -> None:
        """A second end changes no answer and doubles no row, but requests that are new to the ledger are settled."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            assert await store.end_turn(asked.record, end_of(asked, "first"), [a_record(asked)])
            late = a_record(asked, id="late", purpose="title")
            assert not await store.end_turn(asked.record, end_of(asked, "second"), [a_record(asked, model="other"), late])
            assert (await store.messages(conversation.id))[1].text == "first"
            assert await store.records() == [a_record(asked), late]

        run(work)

    def test_checkpoint_after_the_end(self, run: Callable[..., None]) -> None:
        """A late checkpoint does not touch a finished answer."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.end_turn(asked.record, end_of(asked, "all"), [])
            await store.checkpoint(asked.record, [TextPart("late")])
            assert (await store.messages(conversation.id))[1].text == "all"

        run(work)

    def test_deleted_in_mid_turn(self, run: Callable[..., None]) -> None:
        """A turn whose conversation was deleted ends as False, without an error, and what it cost is settled."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.delete(conversation.id)
            await store.checkpoint(asked.record, [TextPart("x")])
            assert not await store.end_turn(asked.record, end_of(asked), [a_record(asked)])
            assert await store.records() == [a_record(asked)]

        run(work)

    def test_turn_of_cell(self, run: Callable[..., None]) -> None:
        """A cell's newest turn is found, in its own conversation alone."""

        async def work(store: Store) -> None:
            conversation, older = await self.asked(store, cell="c1")
            await store.end_turn(older.record, end_of(older), [])
            newer = a_turn(conversation, cell="c1")
            begun = await store.begin_turn(newer.record, newer.messages)
            other, _ = await self.asked(store, "other")
            assert await store.turn_of_cell(conversation.id, "c1") == begun
            assert await store.turn_of_cell(conversation.id, "c2") is None
            assert await store.turn_of_cell(other.id, "c1") is None

        run(work)

    def test_turns_of_any_cell_and_of_a_renamed_notebook(self, run: Callable[..., None]) -> None:
        """The newest turn of any cell; and, where the conversation has the notebook's name, of the same cell before that."""

        async def work(store: Store) -> None:
            conversation, first = await self.asked(store, cell="old#c1#0")
            await store.end_turn(first.record, end_of(first), [])
            turn = a_turn(conversation, cell="old#c2#0")
            begun = await store.begin_turn(replace(turn.record, asked="what"), turn.messages)
            assert begun.asked == "what"
            assert await store.turn_of_cell(conversation.id, None) == begun
            assert await store.turn_of_cell(conversation.id, "new#c2#0") is None
            await store.update(conversation.id, name="new")
            assert await store.turn_of_cell(conversation.id, "new#c2#0") == begun
            assert await store.turn_of_cell(conversation.id, "new#c1#0") == first.record
            assert await store.turn_of_cell(conversation.id, "new#c1#1") is None
            assert await store.turn_of_cell(None, "old#c2#0") == begun
            assert await store.turn_of_cell(None, "new#c2#0") is None
            assert await store.turn_of_cell(conversation.id, "other#c1#0") is None

        run(work)

    def test_own_turns_are_alive(self, run: Callable[..., None]) -> None:
        """Recovery never touches a turn that this process runs, however old its lease."""

        async def work(store: Store) -> None:
            conversation, _ = await self.asked(store)
            await store.heartbeat()
            assert await store.recover() == []
            assert await store.recover(conversation.id) == []
            assert (await store.messages(conversation.id))[1].status == "streaming"

        run(work)

    def test_awkward_text(self, run: Callable[..., None]) -> None:
        """NUL, U+2028, half an emoji, both halves apart and megabytes are saved; a lone half becomes U+FFFD."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store, name="n\ud83d", text="a\x00b\u2028c\ud83d")
            await store.checkpoint(asked.record, [TextPart("\ud83d")])
            final = end_of(asked, "\ud83d\ude00" + "x" * 2_000_000)
            await store.end_turn(asked.record, final, [])
            question, answer = await store.messages(conversation.id)
            assert question.text == "a\x00b\u2028c\ufffd"
            assert answer.text == "\U0001f600" + "x" * 2_000_000
            assert conversation.name == "n\ufffd"
            assert await store.find("n\ud83d") == await store.get(conversation.id)
            assert await store.turn_of_cell(conversation.id, "\ud83d") is None
            assert len(await store.summaries("N\ud83d")) == 1
            await store.set("\ud83d", "\ud83d")
            assert await store.settings() == {"\ufffd": "\ufffd"}

        run(work)

    def test_aclose_leaves_nothing_streaming(self, tmp_path: Path) -> None:
        """Closing drains what was handed over and is idempotent."""

        async def work() -> None:
            store = self.open(tmp_path, ManualClock())
            conversation, asked = await self.asked(store)
            late = asyncio.create_task(store.checkpoint(asked.record, [TextPart("partial")]))
            await asyncio.sleep(0)
            await store.aclose()
            await store.aclose()
            await late
            store = self.open(tmp_path, ManualClock())
            try:
                await self.check_reopened(store, conversation, asked)
            finally:
                await store.aclose()

        finish_all(work())

    async def check_reopened(self, store: Store, conversation: Conversation, asked: Asked) -> None:
        """What is there after the store was closed in mid-turn and opened again."""
        question, answer = await store.messages(conversation.id)
        assert question == asked.question
        assert (answer.status, answer.text) == ("interrupted", "partial")
        assert answer.error is not None
        assert answer.error.kind == "interrupted"

    def test_a_cancelled_caller(self, run: Callable[..., None]) -> None:
        """What was handed over is done, even when its caller is cancelled while it waits."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            ending = asyncio.create_task(store.end_turn(asked.record, end_of(asked), []))
            await asyncio.sleep(0)
            ending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await ending
            messages: list[Message] = await store.messages(conversation.id)
            assert messages[1].status == "complete"

        run(work)
