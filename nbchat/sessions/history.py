"""The history that a provider is sent: always valid, byte-stable in its beginning (so that prompt caches hit).

Owns what of a path goes out; how it is spelled on the wire is the provider's dialect.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbchat.core.messages import ImagePart, Message, TextPart

__all__ = ["history_for"]


def history_for(path: Iterable[Message], system: str | None) -> tuple[Message, ...]:
    """Return the messages to send: the system prompt first, then what has text or images.

    Reasoning stays behind (providers refuse or bill it again), so do answers without content (stopped or failed before
    their first token) and tool calls whose results are missing. A stopped answer goes as the text that it has.
    """
    sent = [Message(id="system", role="system", parts=(TextPart(system),))] if system else []
    for message in path:
        parts = tuple(part for part in message.parts if isinstance(part, TextPart | ImagePart))
        if any(not isinstance(part, TextPart) or part.text for part in parts):
            sent.append(message.with_parts(parts))
    return tuple(sent)
