"""Context: how much of a conversation fits into what a model can read, and what is left out where it does not.

Owns the choice of the first message that is sent. Nothing is left out unasked: only where the conversation says "drop".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from nbchat.core.errors import ChatError
from nbchat.core.messages import Message
from nbchat.core.model_names import is_model

__all__ = ["first_sent", "left_out_before", "room_for", "shortened"]

_AIM = 0.6
"""What of the room is filled after messages were left out: the next turns then send the same beginning, which providers have in
their caches, until it is full again."""


def room_for(length: int | None, parameters: Callable[[str], object]) -> int | None:
    """Return how many tokens may be sent to a model of this context length: what is kept for the answer is not; None where
    nobody knows the length."""
    if length is None:
        return None
    kept = parameters("max_completion_tokens") or parameters("max_tokens")
    return length - kept if isinstance(kept, int) else length


def left_out_before(path: Sequence[Message], model: str) -> int:
    """Return how many messages the last answer of this model on the path was not sent; 0 where it was sent all."""
    answers = (each for each in reversed(path) if each.role == "assistant" and each.parts and is_model(model, each.model or ""))
    return next((each.omitted for each in answers), 0)


def first_sent(
    path: Sequence[Message], tokens_from: Callable[[int], int], room: int | None, *, drop: bool, before: int = 0
) -> int:
    """Return the index in `path` of the first message that is sent; whole turns are left out, never the last one.

    `tokens_from(index)` is what sending the path from there comes to, `before` the index of the last time, which stays as long
    as it fits. Raises ChatError (context_length) where too much would be sent: all of it, or, with `drop`, the last turn alone.
    """
    if room is not None and room <= 0:
        raise ChatError(
            "Not sent: max_tokens keeps as many tokens for the answer as the model can read in all, or more.",
            kind="context_length",
            hint="Make max_tokens smaller (s.parameters, or the option of this question), or ask a model with a longer context.",
        )
    begins = _begins(path)
    start = next((each for each in begins if each >= before), begins[-1]) if drop and before else 0
    if room is None or tokens_from(start) <= room:
        return start
    if not drop:
        raise _too_long(tokens_from(0), room)
    return _cut(begins, start, tokens_from, room)


def shortened(path: Sequence[Message], tokens_from: Callable[[int], int], start: int) -> int | None:
    """Return where to begin after the provider said that `start` is too long, None where there is nothing left to leave out."""
    begins = [each for each in _begins(path) if each > start]
    if not begins:
        return None
    aim = tokens_from(start) // 2
    at = bisect_left(begins, True, key=lambda begin: tokens_from(begin) <= aim)
    return begins[min(at, len(begins) - 1)]


def _cut(begins: Sequence[int], start: int, tokens_from: Callable[[int], int], room: int) -> int:
    later = [each for each in begins if each > start]
    at = bisect_left(later, True, key=lambda begin: tokens_from(begin) <= room * _AIM)
    if at < len(later):
        return later[at]
    last = begins[-1]
    if (alone := tokens_from(last)) > room:
        raise ChatError(
            f"Too long for the model also without the history: {_about(alone)} of question, system prompt and tools would be "
            f"sent, and it takes {room:,} beside its answer.",
            kind="context_length",
            hint="Shorten the question or the system prompt, or ask a model with a longer context.",
        )
    return last


def _begins(path: Sequence[Message]) -> list[int]:
    """Where turns begin; the path itself begins one."""
    return sorted({0, *(at for at, message in enumerate(path) if message.role == "user")})


def _too_long(tokens: int, room: int) -> ChatError:
    return ChatError(
        f"The conversation is too long for the model: {_about(tokens)} would be sent, and it takes {room:,} beside its answer.",
        kind="context_length",
        hint='Leave the oldest messages out (s.when_full = "drop"), begin another conversation, or choose a larger model.',
    )


def _about(tokens: int) -> str:
    return f"about {tokens:,} tokens"
