"""What every ConversationStore must do with trees that no turn made: imports, forks, edited replies, marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from nbchat.core.errors import UsageError
from nbchat.storage import Store
from tests.contracts.store_base import StoreBase
from tests.contracts.values import a_conversation, a_message, a_turn, end_of


class TreesContract(StoreBase):
    # ------------------------------------------------------------ whole conversations

    def test_add_a_conversation(self, run: Callable[..., None]) -> None:
        """An imported tree comes back whole and equal, with its branches, marks and what made its answers, and can be gone on
        with."""

        async def work(store: Store) -> None:
            question = a_message("user", "why?")
            answers = [
                a_message("assistant", text, question, parameters={"top_p": 0.5}, first_token_seconds=0.25, seconds=2.5)
                for text in ("one", "two")
            ]
            tree = [question, replace(answers[0], hidden=True), replace(answers[1], deleted=True)]
            given = a_conversation("fork", head=answers[0].id, titled=True, archived=True, parameters={"n": 1})
            assert await store.add_conversation(given, tree) == given
            assert await store.get(given.id) == given
            assert await store.messages(given.id) == tree
            asked = a_turn(given, parent=answers[0].id)
            assert (await store.begin_turn(asked.record, asked.messages)).generation == 1

        run(work)

    def test_add_under_a_taken_name(self, run: Callable[..., None]) -> None:
        """An imported conversation whose name is taken gets a number, the first that is free."""

        async def work(store: Store) -> None:
            await store.create(a_conversation("notes"))
            names = [(await store.add_conversation(a_conversation("notes"), [])).name for _ in range(2)]
            assert names == ["notes (2)", "notes (3)"]
            assert len(await store.summaries()) == 3

        run(work)

    def test_add_only_what_is_new(self, run: Callable[..., None]) -> None:
        """Ids of conversations or messages that are there, or twice in the import, are refused, and nothing is added."""

        async def work(store: Store) -> None:
            old = a_message("user", "old")
            first = await store.add_conversation(a_conversation("first"), [old])
            twin = a_message("user", "twin")
            for given, tree in (
                (replace(first, name="other"), []),
                (a_conversation("second"), [a_message("user", "new"), old]),
                (a_conversation("third"), [twin, twin]),
            ):
                with pytest.raises(UsageError, match="there already"):
                    await store.add_conversation(given, tree)
            assert [row.conversation.name for row in await store.summaries()] == ["first"]

        run(work)

    def test_add_what_was_running(self, run: Callable[..., None]) -> None:
        """An answer that was being written where it comes from is interrupted here: no turn goes on with it."""

        async def work(store: Store) -> None:
            running = a_message("assistant", "so f", status="streaming")
            conversation = await store.add_conversation(a_conversation(), [running])
            (found,) = await store.messages(conversation.id)
            assert (found.text, found.status) == ("so f", "interrupted")
            assert found.error is not None

        run(work)

    def test_add_messages(self, run: Callable[..., None]) -> None:
        """A reply written by hand is added beside the model's, the head moves to it, and the conversation is updated."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.end_turn(asked.record, end_of(asked), [])
            own = a_message("assistant", "my own", asked.question)
            await store.add_messages(conversation.id, [own], head=own.id)
            assert (await store.messages(conversation.id))[1:] == [end_of(asked), own]
            found = await store.get(conversation.id)
            assert found is not None
            assert found.head == own.id
            assert found.updated > conversation.updated
            with pytest.raises(UsageError, match="deleted"):
                await store.add_messages("nobody", [a_message("user", "x")], head="x")

        run(work)

    # ------------------------------------------------------------ marks

    def test_marks(self, run: Callable[..., None]) -> None:
        """Marks are set and taken away one by one; None leaves one; ids of nobody, or of another conversation, are ignored."""

        async def work(store: Store) -> None:
            tree = [a_message("user", text) for text in "abc"]
            conversation = await store.add_conversation(a_conversation(), tree)
            foreign = a_message("user", "x")
            other = await store.add_conversation(a_conversation("other"), [foreign])

            async def marks() -> list[tuple[bool, bool]]:
                return [(message.hidden, message.deleted) for message in await store.messages(conversation.id)]

            await store.mark(conversation.id, [tree[0].id, tree[1].id, "nobody", foreign.id], hidden=True)
            assert await marks() == [(True, False), (True, False), (False, False)]
            await store.mark(conversation.id, [tree[1].id, tree[2].id], deleted=True)
            await store.mark(conversation.id, [tree[1].id], hidden=False)
            assert await marks() == [(True, False), (False, True), (False, True)]
            await store.mark(conversation.id, [tree[1].id], deleted=False)
            assert await marks() == [(True, False), (False, False), (False, True)]
            assert await store.messages(other.id) == [foreign]
            (row,) = [row for row in await store.summaries() if row.conversation.id == conversation.id]
            assert row.messages == 2

        run(work)

    def test_a_mark_outlives_the_end(self, run: Callable[..., None]) -> None:
        """An answer that is hidden while it is written stays hidden when it ends."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.mark(conversation.id, [asked.answer.id], hidden=True)
            await store.end_turn(asked.record, end_of(asked), [])
            assert (await store.messages(conversation.id))[1] == replace(end_of(asked), hidden=True)

        run(work)
