"""What every ConversationStore must do with conversations and their listing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from nbchat.core.errors import UsageError
from nbchat.storage import Store
from tests.contracts.store_base import StoreBase
from tests.contracts.values import a_conversation, a_record, a_turn, end_of


class ConversationsContract(StoreBase):
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
                titled=True,
                archived=True,
                budget=Decimal("0.30"),
                when_full="drop",
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
            changed = await store.update(first.id, titled=True, archived=True, system="brief", provider="lab")
            assert (changed.titled, changed.archived, changed.system, changed.provider) == (True, True, "brief", "lab")
            changed = await store.update(first.id, budget=Decimal("0.10"), when_full="drop")
            assert (changed.budget, changed.when_full) == (Decimal("0.10"), "drop")
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

    def test_archived(self, run: Callable[..., None]) -> None:
        """A listing has those that are not archived, or the archived ones, or all; with paging and search in each."""

        async def work(store: Store) -> None:
            for number, archived in enumerate((False, True, False, True)):
                await store.create(a_conversation(f"n{number}", archived=archived, updated=float(number)))

            async def names(**options: Any) -> list[str]:
                return [row.conversation.name for row in await store.summaries(**options)]

            assert await names() == ["n2", "n0"]
            assert await names(archived=True) == ["n3", "n1"]
            assert await names(archived=None) == ["n3", "n2", "n1", "n0"]
            assert await names(archived=True, offset=1, limit=1) == ["n1"]
            assert await names(query="N3") == []
            assert await names(query="N3", archived=True) == ["n3"]
            found = await store.find("n3")
            assert found is not None
            await store.update(found.id, archived=False, updated=3.0)
            assert await names() == ["n3", "n2", "n0"]
            assert await names(archived=True) == ["n1"]

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
