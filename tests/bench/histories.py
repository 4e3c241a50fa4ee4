"""A database full of conversations that look like people's: few words that are everywhere, many that are rare."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost
from nbchat.core.messages import Message, TextPart
from nbchat.core.usage import Usage
from nbchat.storage import Place, conversations
from nbchat.storage.database import Database

__all__ = ["LONG", "VOCABULARY", "fill"]

_SYLLABLES = ("ba", "den", "fo", "gri", "ka", "lu", "men", "no", "pra", "ris", "so", "ter", "ul", "vi", "zan", "qe", "yx")
VOCABULARY = [
    "".join(parts) for length in (1, 2, 3, 4) for parts in itertools.islice(itertools.product(_SYLLABLES, repeat=length), 20_000)
]
"""The most frequent first."""
_WEIGHTS = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(VOCABULARY))))
LONG = "long"
"""The id of the longest conversation."""


def fill(path: Path, *, count: int, in_long: int, others: int, seed: int = 20261127) -> None:
    """Save `count` messages: `in_long` in one conversation, the rest spread over `others`; questions of 5 to 60 words,
    answers of 40 to 400."""
    chance = random.Random(seed)
    db = Database(Place(path))
    try:
        with db.transaction():
            _conversation(db, chance, LONG, in_long, 0.0)
            shares = [(count - in_long) * (n + 1) // others - (count - in_long) * n // others for n in range(others)]
            for number, share in enumerate(shares):
                _conversation(db, chance, f"c{number}", share, float(number))
    finally:
        db.close()


def _conversation(db: Database, chance: random.Random, name: str, count: int, updated: float) -> None:
    archived = chance.random() < 0.1
    row = Conversation(name, name, f"Title of {name}", created=updated, updated=updated, archived=archived)
    tree: list[Message] = []
    for number in range(count):
        length = chance.randrange(40, 400) if number % 2 else chance.randrange(5, 60)
        text = " ".join(chance.choices(VOCABULARY, cum_weights=_WEIGHTS, k=length))
        message = Message(f"{name}-{number}", "user", (TextPart(text),), tree[-1].id if tree else None, created=updated)
        tree.append(_answer(message) if number % 2 else message)
    conversations.adopt_within(db, conversations.Whole(row, tuple(tree), 0))


def _answer(message: Message) -> Message:
    usage = Usage(100, None, None, 50)
    made = {"temperature": 0.5}
    return replace(
        message,
        role="assistant",
        model="lab/tiny",
        usage=usage,
        cost=Cost(None),
        parameters=made,
        first_token_seconds=0.5,
        seconds=2.5,
    )
