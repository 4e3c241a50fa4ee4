"""Values that the contract suites save and expect back."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, Role, TextPart
from nbchat.core.price import Price, Tier
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import Usage
from nbchat.sessions.ports import TurnRecord

__all__ = ["Asked", "a_conversation", "a_message", "a_record", "a_turn", "end_of", "finish_all"]

T = TypeVar("T")


def finish_all(work: Coroutine[Any, Any, T]) -> T:
    """Run one async test to its end, on a loop of its own."""
    import asyncio

    return asyncio.run(work)


def a_conversation(name: str = "notes", **changes: Any) -> Conversation:
    return Conversation(**{"id": new_id(), "name": name, "created": 100.0, "updated": 100.0, **changes})


def a_message(role: Role, text: str, parent: Message | None = None, **changes: Any) -> Message:
    values: dict[str, Any] = {"parent": None if parent is None else parent.id, "created": 100.0, **changes}
    return Message(new_id(), role, (TextPart(text),), **values)


@dataclass(frozen=True)
class Asked:
    """A turn with its question and its empty answer."""

    record: TurnRecord
    question: Message
    answer: Message

    @property
    def messages(self) -> list[Message]:
        return [self.question, self.answer]


def a_turn(
    conversation: Conversation, *, parent: str | None = None, request_id: str = "", cell: str | None = None, text: str = "hi?"
) -> Asked:
    question = Message(new_id(), "user", (TextPart(text),), parent, created=101.0)
    answer = Message(new_id(), "assistant", (), question.id, "streaming", model="lab/tiny", created=101.0)
    record = TurnRecord(new_id(), conversation.id, question.id, answer.id, request_id or new_id(), cell, started=101.0)
    return Asked(record, question, answer)


def end_of(asked: Asked, text: str = "answer", **changes: Any) -> Message:
    """The final form of the answer."""
    values: dict[str, Any] = {
        "parts": (TextPart(text),) if text else (),
        "status": "complete",
        "finish_reason": "stop",
        "usage": Usage(3, 1, None, 2),
        "cost": Cost(Decimal("0.00001230")),
        "omitted": 2,
        **changes,
    }
    return Message(asked.answer.id, "assistant", parent=asked.question.id, model="lab/tiny", created=101.0, **values)


def a_record(asked: Asked, **changes: Any) -> RequestRecord:
    values: dict[str, Any] = {
        "id": asked.record.request_id,
        "conversation": asked.record.conversation,
        "conversation_name": "notes",
        "turn": asked.record.id,
        "message": asked.answer.id,
        "purpose": "answer",
        "provider": "lab",
        "model": "tiny",
        "status": "complete",
        "started": 101.0,
        "ended": 102.5,
        "usage": Usage(3, 1, None, 2, None, "estimated", input_audio_tokens=1, output_image_tokens=2),
        "cost": Cost(Decimal("0.000012300000000000000001"), "estimated", "prices", "EUR"),
        "price": Price(
            input=Decimal("0.10"),
            output=Decimal("1E-7"),
            source="prices",
            dated="2026-01-01",
            currency="EUR",
            reasoning=Decimal("0.2"),
            output_audio=Decimal("8.00"),
            tiers=(Tier(200_000, Price(input=Decimal("0.20"))),),
        ),
        "raw_usage": '{"prompt_tokens": 3}',
        "first_token_seconds": 0.25,
        "notebook": "notes.ipynb",
        "input_characters": 12,
        "output_characters": 6,
        **changes,
    }
    return RequestRecord(**values)
