"""What every ConversationStore, RequestLedger and SettingsStore must do; a backend's file says only how to open it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ErrorInfo, UsageError
from nbchat.core.messages import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.sessions.ports import Clock
from nbchat.storage import Store
from tests.contracts.values import Asked, a_conversation, a_record, a_turn, end_of, finish_all
from tests.support.clock import ManualClock

T = TypeVar("T")


class StoreContract:
    """Inherit and define `open`."""

    def open(self, directory: Path, clock: Clock) -> Store:
        raise AssertionError("a backend says how it is opened")

    @pytest.fixture
    def run(self, tmp_path: Path) -> Callable[[Callable[[Store], Awaitable[T]]], T]:
        def run_with_store(work: Callable[[Store], Awaitable[T]]) -> T:
            async def main() -> T:
                store = self.open(tmp_path, ManualClock())
                try:
                    return await work(store)
                finally:
                    await store.aclose()

            return finish_all(main())

        return run_with_store

    # ------------------------------------------------------------ conversations

    def test_create_and_read_back(self, run: Callable[..., None]) -> None:
        """Every field of a conversation comes back as it was given, by id and by name."""

        async def work(store: Store) -> None:
            given = a_conversation(
                "Übung: π/2 'x'",
                title="a \U0001f600",
                provider="lab",
                model="m/1",
                system="be\nbrief",
                parameters={"temperature": 0.1, "stop": ["\n"], "n": None},
            )
            assert await store.create(given) == given
            assert await store.get(given.id) == given
            assert await store.find(given.name) == given
            assert await store.get("nobody") is None
            assert await store.find("nobody") is None

        run(work)

    def test_name_that_is_taken(self, run: Callable[..., None]) -> None:
        """Creating under a name in use returns the conversation that has it, also when both are created at once."""

        async def work(store: Store) -> None:
            made = await asyncio.gather(*(store.create(a_conversation("one")) for _ in range(5)))
            assert len({conversation.id for conversation in made}) == 1

        run(work)

    def test_update(self, run: Callable[..., None]) -> None:
        """An update changes the fields it names and the time, refuses names in use, unknown fields and unknown ids."""

        async def work(store: Store) -> None:
            first = await store.create(a_conversation("first"))
            await store.create(a_conversation("second"))
            changed = await store.update(first.id, model="m2", title="T", parameters={"top_p": 1})
            assert (changed.model, changed.title, changed.parameters, changed.name) == ("m2", "T", {"top_p": 1}, "first")
            assert changed.updated > first.updated
            assert await store.get(first.id) == changed
            assert (await store.update(first.id, head="m-1")).updated == changed.updated
            assert (await store.update(first.id, name="first")).name == "first"
            with pytest.raises(UsageError, match="second"):
                await store.update(first.id, name="second")
            with pytest.raises(UsageError, match="colour"):
                await store.update(first.id, colour="red")
            with pytest.raises(KeyError):
                await store.update("nobody", title="x")

        run(work)

    def test_summaries(self, run: Callable[..., None]) -> None:
        """A listing is newest first, searched in names and titles whatever the case, paged, and says what runs."""

        async def work(store: Store) -> None:
            for number, (name, title) in enumerate((("alpha", "Größe"), ("beta", ""), ("gamma", "100% _x_"))):
                await store.create(a_conversation(name, title=title, updated=float(number)))
            assert [row.conversation.name for row in await store.summaries()] == ["gamma", "beta", "alpha"]
            assert [row.conversation.name for row in await store.summaries(limit=1, offset=1)] == ["beta"]
            assert [row.conversation.name for row in await store.summaries("GRÖSSE".lower())] == ["alpha"]
            assert [row.conversation.name for row in await store.summaries("BET")] == ["beta"]
            assert [row.conversation.name for row in await store.summaries("% _")] == ["gamma"]
            alpha = await store.find("alpha")
            assert alpha is not None
            asked = a_turn(alpha)
            asked = replace(asked, record=await store.begin_turn(asked.record, asked.messages))
            (newest, *_) = await store.summaries()
            assert (newest.conversation.name, newest.messages, newest.running) == ("alpha", 2, True)
            await store.end_turn(asked.record, end_of(asked), [])
            assert not (await store.summaries())[0].running

        run(work)

    def test_delete(self, run: Callable[..., None]) -> None:
        """Deleting removes the conversation, its messages and turns, twice without complaint; its ledger rows stay."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.end_turn(asked.record, end_of(asked), [a_record(asked)])
            await store.delete(conversation.id)
            await store.delete(conversation.id)
            assert await store.get(conversation.id) is None
            assert await store.messages(conversation.id) == []
            assert await store.records() == [a_record(asked)]
            assert await store.records(conversation.id) == [a_record(asked)]

        run(work)

    # ------------------------------------------------------------ turns

    async def asked(self, store: Store, name: str = "notes", **options: str) -> tuple[Conversation, Asked]:
        conversation = await store.create(a_conversation(name))
        asked = a_turn(conversation, **options)
        return conversation, replace(asked, record=await store.begin_turn(asked.record, asked.messages))

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
            conversation, _ = await self.asked(store)
            for expected in (2, 3):
                asked = a_turn(conversation)
                assert (await store.begin_turn(asked.record, asked.messages)).generation == expected
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
            conversation, _ = await self.asked(store, cell="c1")
            newer = a_turn(conversation, cell="c1")
            begun = await store.begin_turn(newer.record, newer.messages)
            other, _ = await self.asked(store, "other")
            assert await store.turn_of_cell(conversation.id, "c1") == begun
            assert await store.turn_of_cell(conversation.id, "c2") is None
            assert await store.turn_of_cell(other.id, "c1") is None

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

    # ------------------------------------------------------------ ledger and settings

    def test_settle(self, run: Callable[..., None]) -> None:
        """A row is appended once per id, keeps its order and every digit; unknown stays None."""

        async def work(store: Store) -> None:
            _, asked = await self.asked(store)
            plain = a_record(asked, id="r1", price=None, raw_usage=None, first_token_seconds=None)
            assert await store.settle(plain)
            assert not await store.settle(replace(plain, model="other"))
            assert await store.settle(a_record(asked, id="r2"))
            rows = await store.records()
            assert rows == [plain, a_record(asked, id="r2")]
            assert str(rows[1].cost.amount) == "0.000012300000000000000001"
            assert await store.records("other") == []

        run(work)

    def test_settings(self, run: Callable[..., None]) -> None:
        """Settings are JSON values by name; None removes one; what JSON cannot hold is refused."""

        async def work(store: Store) -> None:
            assert await store.settings() == {}
            for name, value in (("model", "a/b"), ("limits", {"usd": [1, 2.5, None, True]}), ("zero", 0)):
                await store.set(name, value)
            await store.set("model", "c/d")
            assert await store.settings() == {"model": "c/d", "limits": {"usd": [1, 2.5, None, True]}, "zero": 0}
            await store.set("model", None)
            await store.set("never", None)
            assert set(await store.settings()) == {"limits", "zero"}
            with pytest.raises(UsageError, match="JSON"):
                await store.set("object", object())

        run(work)

    def test_providers(self, run: Callable[..., None]) -> None:
        """Providers come back equal, in the order of their first saving; saving again replaces."""

        async def work(store: Store) -> None:
            lab = Provider("lab", "http://127.0.0.1:1/v1", key=KeyPlace("env", "LAB_KEY"), headers=(("X-A", "b"),), created=5.0)
            hub = Provider("hub", "https://hub.test/v1", "openrouter", "Hub", insecure=True, enabled=False)
            await store.save_provider(lab)
            await store.save_provider(hub)
            await store.save_provider(replace(lab, name="Lab"))
            assert await store.providers() == [replace(lab, name="Lab"), hub]
            await store.delete_provider("lab")
            await store.delete_provider("lab")
            assert await store.providers() == [hub]

        run(work)

    # ------------------------------------------------------------ life

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
