"""Whatever was saved comes back equal; whatever was cut into pieces is whole again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost, Price
from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import FilePart, ImagePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Certainty, Usage
from nbchat.storage import Place, SqliteStore
from nbchat.storage.codec import (
    conversation_from_row,
    conversation_row,
    dump_parts,
    load_parts,
    message_from_row,
    message_row,
)
from nbchat.storage.pieces import fold
from tests.contracts.values import a_conversation, a_record, a_turn
from tests.support.clock import ManualClock

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
AMOUNTS = st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False)
SECONDS = st.floats(0, 1e10)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, TEXTS),
    st.builds(ReasoningPart, TEXTS, st.none() | SECONDS),
    st.builds(ToolCallPart, TEXTS, TEXTS, TEXTS),
    st.builds(ToolResultPart, TEXTS, TEXTS, st.booleans()),
    st.builds(ImagePart, TEXTS, TEXTS, st.none() | st.integers(0, 9_999)),
    st.builds(FilePart, TEXTS, TEXTS),
)
PARAMETERS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    TEXTS, st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS | st.lists(TEXTS, max_size=2), max_size=4
)
CERTAINTIES: st.SearchStrategy[Certainty] = st.sampled_from(["reported", "estimated", "partial", "unknown"])
COSTS = st.builds(Cost, st.none() | AMOUNTS, CERTAINTIES, TEXTS, st.sampled_from(["USD", "EUR"]))
PRICES = st.builds(Price, *[st.none() | AMOUNTS] * 5, source=TEXTS, dated=TEXTS)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    tokens = st.none() | st.integers(0, 10**9)
    whole_in, whole_out = draw(tokens), draw(tokens)

    def part(whole: int | None) -> int | None:
        return draw(st.none() | st.integers(0, 10**9 if whole is None else whole))

    return Usage(whole_in, part(whole_in), part(whole_in), whole_out, part(whole_out), draw(CERTAINTIES))


MESSAGES = st.builds(
    Message,
    id=TEXTS,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    parts=st.lists(PARTS, max_size=4).map(tuple),
    parent=st.none() | TEXTS,
    status=st.sampled_from(["streaming", "complete", "stopped", "error", "interrupted"]),
    finish_reason=st.none() | TEXTS,
    model=st.none() | TEXTS,
    created=SECONDS,
    usage=st.none() | usages(),
    cost=st.none() | COSTS,
    error=st.none() | st.builds(ErrorInfo, st.sampled_from(["network", "internal"]), TEXTS, TEXTS),
    parameters=st.none() | PARAMETERS,
    first_token_seconds=st.none() | SECONDS,
    seconds=st.none() | SECONDS,
    hidden=st.booleans(),
    deleted=st.booleans(),
)
CONVERSATIONS = st.builds(
    Conversation,
    id=TEXTS,
    name=TEXTS,
    title=TEXTS,
    provider=TEXTS,
    model=TEXTS,
    system=st.none() | TEXTS,
    parameters=PARAMETERS,
    head=st.none() | TEXTS,
    created=SECONDS,
    updated=SECONDS,
    titled=st.booleans(),
    archived=st.booleans(),
)


@given(MESSAGES)
def test_message_rows(message: Message) -> None:
    """A message survives its row."""
    assert message_from_row(message_row(message)) == message


@given(CONVERSATIONS)
def test_conversation_rows(conversation: Conversation) -> None:
    """A conversation survives its row."""
    assert conversation_from_row(conversation_row(conversation)) == conversation


@settings(max_examples=25, deadline=None)
@given(CONVERSATIONS, st.lists(MESSAGES, max_size=5, unique_by=lambda message: message.id))
def test_whole_trees(conversation: Conversation, tree: list[Message]) -> None:
    """An imported conversation comes back equal, whatever its messages are; only what was running has ended."""

    async def work() -> None:
        store = SqliteStore(Place(None), ManualClock())
        assert await store.add_conversation(conversation, tree) == conversation
        assert await store.get(conversation.id) == conversation
        found = await store.messages(conversation.id)
        assert [message.id for message in found] == [message.id for message in tree]
        for message, given_ in zip(found, tree, strict=True):
            if given_.status == "streaming":
                assert message.status == "interrupted"
            else:
                assert message == given_
        await store.aclose()

    asyncio.run(work())


@settings(max_examples=25, deadline=None)
@given(
    parameters=PARAMETERS,
    system=st.none() | TEXTS,
    usage=usages(),
    cost=COSTS,
    price=st.none() | PRICES,
    message=MESSAGES,
)
def test_through_the_database(
    parameters: dict[str, Any], system: str | None, usage: Usage, cost: Cost, price: Price | None, message: Message
) -> None:
    """Conversations, answers and ledger rows come back equal, digit for digit."""

    async def work() -> None:
        store = SqliteStore(Place(None), ManualClock())
        conversation = await store.create(a_conversation(parameters=parameters, system=system))
        assert conversation.parameters == parameters
        assert conversation.system == system
        asked = a_turn(conversation)
        record = await store.begin_turn(asked.record, asked.messages)
        final = replace(message, id=asked.answer.id, role="assistant", parent=asked.question.id, created=asked.answer.created)
        await store.mark(conversation.id, [final.id], hidden=final.hidden, deleted=final.deleted)
        row = a_record(asked, usage=usage, cost=cost, price=price)
        await store.end_turn(record, replace(final, status="complete"), [row])
        assert (await store.messages(conversation.id))[1] == replace(final, status="complete")
        (found,) = await store.records()
        assert found == row
        assert str(found.cost.amount) == str(cost.amount)
        await store.aclose()

    asyncio.run(work())


def cut(parts: Sequence[Part], cuts: Sequence[int]) -> list[list[Part]]:
    """Split an answer into pieces at these characters, as checkpoints do."""
    pieces: list[list[Part]] = [[]]
    position = 0
    for part in parts:
        assert isinstance(part, TextPart | ReasoningPart)
        text = part.text
        start = 0
        for place in sorted({each - position for each in cuts if 0 < each - position < len(text)}):
            pieces[-1].append(replace(part, text=text[start:place]))
            pieces.append([])
            start = place
        pieces[-1].append(replace(part, text=text[start:]))
        position += len(text)
    return pieces


ALTERNATING = st.lists(st.text(min_size=1, max_size=20), max_size=6).map(
    lambda texts: [TextPart(text) if number % 2 else ReasoningPart(text) for number, text in enumerate(texts)]
)


@given(ALTERNATING, st.lists(st.integers(1, 120), max_size=12))
def test_pieces_fold_to_the_answer(parts: list[Part], cuts: list[int]) -> None:
    """An answer cut anywhere folds to itself, also when pieces are folded in two steps or saved as JSON in between."""
    pieces = cut(parts, cuts)
    assert fold(pieces) == tuple(parts)
    middle = len(pieces) // 2
    assert fold([fold(pieces[:middle]), fold(pieces[middle:])]) == tuple(parts)


@given(st.lists(PARTS, max_size=5))
def test_parts_as_text(parts: list[Part]) -> None:
    """Parts survive their JSON."""
    assert load_parts(dump_parts(parts)) == tuple(parts)


def test_a_decimal_keeps_its_form() -> None:
    """Trailing zeros and exponents are digits too."""
    price = Price(input=Decimal("1.50"), output=Decimal("1E-7"))
    from nbchat.storage.codec import dump, price_from_json

    assert str(price_from_json(dump(price.to_json()))) == str(price)
