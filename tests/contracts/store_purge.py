"""What every ConversationStore must do when it removes things for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.storage import Store
from tests.contracts.store_base import StoreBase
from tests.contracts.values import a_conversation, a_message, a_record, end_of


class PurgeContract(StoreBase):
    def test_purge_conversations(self, run: Callable[..., None]) -> None:
        """Old conversations go, those that are archived or the others or all; younger ones and running ones stay, and so
        does the ledger."""

        async def work(store: Store) -> None:
            for name, updated, archived in (("a", 1.0, False), ("b", 2.0, True), ("c", 3.0, False), ("d", 9.0, True)):
                await store.create(a_conversation(name, updated=updated, archived=archived))
            running, asked = await self.asked(store, "running")
            await store.update(running.id, updated=1.0)
            await store.settle(a_record(asked, id="r1"))

            async def names() -> list[str]:
                return sorted(row.conversation.name for row in await store.summaries(archived=None))

            assert await store.purge(0.5) == 0
            assert await store.purge(5.0, archived=True) == 1
            assert await names() == ["a", "c", "d", "running"]
            kept = await store.find("a")
            assert kept is not None
            assert await store.purge(2.5, archived=False, keep=[kept.id]) == 0
            assert await store.purge(2.5, archived=False) == 1
            assert await names() == ["c", "d", "running"]
            assert await store.purge(5.0) == 1
            assert await names() == ["d", "running"]
            assert len(await store.messages(running.id)) == 2
            assert await store.end_turn(asked.record, end_of(asked), [])
            assert [row.id for row in await store.records()] == ["r1"]
            await store.update(running.id, updated=1.0)
            assert await store.purge(5.0) == 1
            assert await store.messages(running.id) == []

        run(work)

    def test_purge_deleted_messages(self, run: Callable[..., None]) -> None:
        """Deleted messages go for good, whatever the age; their children follow their parents, over a chain of them too, and
        so does the head."""

        async def work(store: Store) -> None:
            tree: list[Message] = []
            for number in range(6):
                tree.append(a_message("user", str(number), tree[-1] if tree else None))
            sibling = a_message("user", "sibling", tree[1])
            conversation = await store.add_conversation(a_conversation(updated=50.0, head=tree[5].id), [*tree, sibling])
            await store.mark(conversation.id, [tree[number].id for number in (0, 2, 3, 5)], deleted=True)
            assert await store.purge(0.0) == 0
            found = await store.messages(conversation.id)
            assert [(message.text, message.parent) for message in found] == [
                ("1", None),
                ("4", tree[1].id),
                ("sibling", tree[1].id),
            ]
            after = await store.get(conversation.id)
            assert after is not None
            assert after.head == tree[4].id
            await store.mark(conversation.id, [message.id for message in found], deleted=True)
            await store.purge(0.0)
            after = await store.get(conversation.id)
            assert after is not None
            assert after.head is None

        run(work)

    def test_purge_during_a_turn(self, run: Callable[..., None]) -> None:
        """A deleted answer that is still being written stays until it has ended; the cell of one that went has no turn."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store, cell="c1")
            await store.mark(conversation.id, [asked.question.id, asked.answer.id], deleted=True)
            await store.purge(0.0)
            assert [message.id for message in await store.messages(conversation.id)] == [asked.answer.id]
            await store.checkpoint(asked.record, [TextPart("x")])
            assert await store.end_turn(asked.record, end_of(asked), [a_record(asked)])
            await store.purge(0.0)
            assert await store.messages(conversation.id) == []
            assert await store.turn_of_cell(conversation.id, "c1") is None
            again = replace(asked.record, id=new_id())
            assert (await store.begin_turn(again, asked.messages)).id == asked.record.id

        run(work)
