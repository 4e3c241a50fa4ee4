"""What every ConversationStore must do when it searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.messages import ReasoningPart, TextPart, ToolResultPart
from nbchat.storage import Store
from tests.contracts.store_base import StoreBase
from tests.contracts.values import a_conversation, a_message, a_turn, end_of

FOUND = [
    ("Where is the Größe of a file?", "grösse", True),
    ("Where is the Größe of a file?", "GROSSE", True),
    ("Where is the Größe of a file?", "file where", True),
    ("Where is the Größe of a file?", "fil", True),
    ("Where is the Größe of a file?", "fil where", False),
    ("Where is the Größe of a file?", '"where is"', True),
    ("Where is the Größe of a file?", '"is where"', False),
    ("Where is the Größe of a file?", '"of a fil"', False),
    ("Where is the Größe of a file?", "where absent", False),
    ("don't use foo_bar(x-1)", "don't", True),
    ("don't use foo_bar(x-1)", "foo_bar", True),
    ("don't use foo_bar(x-1)", "foo_b", True),
    ("don't use foo_bar(x-1)", "bar_foo", False),
    ("don't use foo_bar(x-1)", "x-1)", True),
    ("don't use foo_bar(x-1)", "NOT use", False),
    ("don't use foo_bar(x-1)", "use*", True),
    ("don't use foo_bar(x-1)", 'use "foo', True),
    ("don't use foo_bar(x-1)", "-use ^foo", True),
    ("AND NEAR OR NOT", "NEAR AND", True),
    ("one two", 'text:one ) ( " { } + * NEAR(one two, 5) \\ \x00 ;', False),
    ("one two", "one -- ' ; DROP TABLE messages", False),
    ("a\x00b\u2028zebra\nquagga", "zebra", True),
    ("a\x00b\u2028zebra\nquagga", "quagga b", True),
    ("昨日は日本語を勉強しました", "日本語", True),
    ("昨日は日本語を勉強しました", "語", True),
    ("昨日は日本語を勉強しました", "日本人", False),
    ("昨日は日本語を勉強しました", "本日", False),
    ("Python で 日本語を書く", "python 日本", True),
    ("오늘 학교에서 만나요", "학교", True),
    ("ฉันเรียนภาษาไทย", "ภาษา", True),
    ("\uff26\uff55\uff4c\uff4c width ½ ﬁle", "full", True),
    ("\uff26\uff55\uff4c\uff4c width ½ ﬁle", "file", True),
    ("e\u0301cole", "école", True),
    ("école", "e\u0301cole", True),
    ("école", "ecole", True),
    ("naïve Οδυσσέας", "ΟΔΥΣΣΕΑΣ", True),
    ("emoji 😀 here", "emoji here", True),
    ("half \ud83d an emoji", "half emoji", True),
]


class SearchContract(StoreBase):
    async def saying(self, store: Store, *texts: str, name: str = "notes") -> Conversation:
        tree = [a_message("user", text, created=200.0 + number) for number, text in enumerate(texts)]
        return await store.add_conversation(a_conversation(name), tree)

    async def found(self, store: Store, text: str, **options: object) -> list[str]:
        return [hit.snippet for hit in await store.search(text, **options)]  # type: ignore[arg-type]

    @pytest.mark.parametrize(("text", "typed", "expected"), FOUND)
    def test_what_is_found(self, run: Callable[..., None], text: str, typed: str, expected: bool) -> None:
        """All words, in any order, whatever case, accent and width; the last may be a beginning; quotes make a phrase; signs
        mean nothing; scripts without spaces are found by any part."""

        async def work(store: Store) -> None:
            await self.saying(store, text, "something else")
            assert (len(await store.search(typed)) == 1) is expected

        run(work)

    @pytest.mark.parametrize("typed", ["", "   ", '"', '""', "* - ( ) / ^ \u2028", "😀", "\ud83d"])
    def test_without_words(self, run: Callable[..., None], typed: str) -> None:
        """A text without words finds nothing, and says so without an error."""

        async def work(store: Store) -> None:
            await self.saying(store, "something * - ( ) 😀")
            assert await store.search(typed) == []

        run(work)

    def test_hits(self, run: Callable[..., None]) -> None:
        """A hit says where it is, who said it and when, and shows one line around the first word; newest first, in pages."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store, text="where is the\n\nzebra?")
            final = end_of(asked, parts=(ReasoningPart("secret"), TextPart("x " * 500 + "a zebra, " + "y " * 500)))
            await store.end_turn(asked.record, final, [])
            await self.saying(store, *(f"zebra {number}" for number in range(3)), name="other")
            hits = await store.search("zebra")
            assert [hit.snippet for hit in hits[:3]] == ["zebra 2", "zebra 1", "zebra 0"]
            answer, question = hits[3:]
            assert (question.message, question.role, question.created) == (asked.question.id, "user", asked.question.created)
            assert question.conversation == await store.get(conversation.id)
            assert question.snippet == "where is the zebra?"
            assert answer.message == asked.answer.id
            assert "a zebra, y" in answer.snippet
            assert (answer.snippet[0], answer.snippet[-1], len(answer.snippet) <= 160) == ("…", "…", True)
            assert await store.search("zebra", limit=2, offset=1) == hits[1:3]
            assert await store.search("zebra", offset=5) == []
            assert await store.search("zebra", conversation_id=conversation.id) == hits[3:]
            assert await store.search("zebra", conversation_id="nobody") == []
            assert await store.search("secret") == []

        run(work)

    def test_what_changes(self, run: Callable[..., None]) -> None:
        """What is hidden is found; what is deleted is not, until it is restored; nor what was deleted or purged for good."""

        async def work(store: Store) -> None:
            conversation = await self.saying(store, "zebra one", "zebra two")
            other = await self.saying(store, "zebra three", name="other")
            one, two = await store.messages(conversation.id)
            assert len(await store.search("zebra")) == 3
            await store.mark(conversation.id, [one.id], hidden=True)
            await store.mark(conversation.id, [two.id], deleted=True)
            assert await self.found(store, "zebra") == ["zebra three", "zebra one"]
            assert await self.found(store, "two") == []
            await store.mark(conversation.id, [two.id], deleted=False)
            assert await self.found(store, "two") == ["zebra two"]
            await store.delete(other.id)
            assert await self.found(store, "three") == []
            await self.saying(store, "zebra four", name="other")
            assert await self.found(store, "three") == []
            assert len(await store.search("zebra")) == 3

        run(work)

    def test_a_running_answer(self, run: Callable[..., None]) -> None:
        """An answer is found once it has ended; one that is gone on with is found by what it says in the end alone."""

        async def work(store: Store) -> None:
            conversation, asked = await self.asked(store)
            await store.checkpoint(asked.record, [TextPart("zebra cro")])
            assert await store.search("zebra") == []
            cut = end_of(asked, "zebra cro", status="stopped")
            await store.end_turn(asked.record, cut, [])
            assert await self.found(store, "zebra cro") == ["zebra cro"]
            again = a_turn(conversation)
            record = replace(again.record, user_message=asked.question.id, assistant_message=asked.answer.id)
            record = await store.begin_turn(record, [asked.question, replace(cut, status="streaming")])
            await store.checkpoint(record, [TextPart("ssing")])
            assert await store.search("crossing") == []
            await store.end_turn(record, end_of(asked, "zebra crossing"), [])
            assert await self.found(store, "zebra crossing") == ["zebra crossing"]
            assert await self.found(store, '"cro"') == []
            assert len(await store.search("zebra")) == 1

        run(work)

    def test_only_what_is_shown_as_text(self, run: Callable[..., None]) -> None:
        """Reasoning and what tools gave are not searched; texts of an answer on both sides of a tool are."""

        async def work(store: Store) -> None:
            _, asked = await self.asked(store)
            parts = (ReasoningPart("quagga"), TextPart("zebra"), ToolResultPart("c", "okapi"), TextPart("lion"))
            await store.end_turn(asked.record, end_of(asked, parts=parts), [])
            assert [len(await store.search(word)) for word in ("quagga", "okapi", "zebra", "lion", "zebralion")] == [
                0,
                0,
                1,
                1,
                0,
            ]

        run(work)
