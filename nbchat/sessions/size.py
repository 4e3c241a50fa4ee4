"""Size: how many tokens a request will be. The one place: budgets, the price of the next question and the gauge ask here.

What a provider said of an answer's last request is believed as far as the same is sent again; only what is new is guessed, by
its characters and what those are worth to this model (`core/calibration.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbchat.core.attachments import image_tokens
from nbchat.core.calibration import Calibration
from nbchat.core.messages import ImagePart, Message
from nbchat.core.model_names import is_model
from nbchat.core.requests import ModelRequest, RequestRecord
from nbchat.core.tools import ToolSpec

__all__ = ["LEAST_OUTPUT", "Size", "Told", "characters_of", "size_of", "told_by"]

_PER_TOKEN = 4
"""Characters that stand for one token of an image, as four of English text do."""
LEAST_OUTPUT = 500
"""Tokens that an answer is expected to have where no `max_tokens` bounds it and none has come, or only shorter ones."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was reported of the last request of an answer: the tokens that were sent and how many characters that was, and the
    tokens of the answer that are sent again (not its reasoning)."""

    input_tokens: int
    output_tokens: int
    characters: int
    model: str


@dataclass(frozen=True, slots=True)
class Size:
    """How many tokens are sent; `estimated` where nobody has reported all of them."""

    tokens: int
    estimated: bool


def told_by(row: RequestRecord) -> Told | None:
    """Return what the ledger's row tells of the size of an answer, if it was reported."""
    usage = row.usage
    if row.purpose == "title" or row.input_characters is None or usage.certainty != "reported":
        return None
    if not usage.input_tokens or usage.output_tokens is None:
        return None
    kept = usage.output_tokens - (usage.reasoning_tokens or 0)
    return Told(usage.input_tokens, kept, row.input_characters, f"{row.provider}/{row.model}")


def characters_of(messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
    """Return how much text a request is: messages, calls with their arguments and results, and what it says of tools."""
    images = (part for message in messages for part in message.parts if isinstance(part, ImagePart))
    tokens = sum(image_tokens(image.width, image.height) for image in images)
    return sum(map(len, ModelRequest("", "", tuple(messages), tools=tuple(tools)).texts)) + tokens * _PER_TOKEN


def size_of(
    sent: Sequence[Message],
    tools: Sequence[ToolSpec],
    told: Callable[[str], Told | None],
    model: str,
    calibration: Calibration,
) -> Size:
    """Return the size of a request to `model` ("provider/model") that sends these messages (of `history_for`) and tools;
    `told` gives what was reported of an answer, by its id, and `calibration` what a character is worth to this model."""
    for at in range(len(sent) - 1, -1, -1):
        known = told(sent[at].id) if sent[at].role == "assistant" else None
        if known is not None:
            changed = characters_of(sent[:at], tools) - known.characters
            new = characters_of(sent[at + 1 :])
            tokens = max(known.input_tokens + calibration.input(changed), 0) + known.output_tokens + calibration.input(new)
            return Size(tokens, bool(changed or new) or not is_model(model, known.model))
    characters = characters_of(sent, tools)
    return Size(calibration.input(characters), characters > 0)
