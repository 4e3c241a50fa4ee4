"""The history that a provider is sent: always valid, byte-stable in its beginning (so that prompt caches hit).

Owns what of a path goes out, and in which order; how it is spelled on the wire is the provider's dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nbchat.core.messages import FilePart, ImagePart, Message, Part, TextPart, ToolCallPart, ToolResultPart

__all__ = ["history_for"]

_NO_OUTPUT = "(no output)"
"""Sent for an empty result: some servers refuse messages without content."""


def history_for(path: Iterable[Message], system: str | None) -> tuple[Message, ...]:
    """Return the messages to send: the system prompt first, then what has content and is neither hidden nor deleted.

    An answer with tool rounds, which is one message, becomes several: the text with its calls, a message of role "tool" with
    one result for each of them in the order of the calls, the text after that, and so on. Left out are reasoning (providers
    refuse it or bill it again), calls without a result and results without a call (a crash, a stop), and what is empty then.
    A stopped answer goes as the text that it has. Call ids are unique in what is returned, whatever providers gave.

    Of a path that ends with an answer to go on with, the last message tells how: "assistant", it broke off in its text, and
    that is what is to be continued; "tool", the model is to be asked as after any tool round; "user", nothing had come that
    can be sent, and the question is asked again.
    """
    sent = [Message(id="system", role="system", parts=(TextPart(system),))] if system and system.strip() else []
    return tuple(_spelled(path, sent))


@dataclass
class _Step:
    """One request's worth of an answer: its text, its calls, and the results by the number of their call."""

    content: list[Part] = field(default_factory=list)
    calls: list[ToolCallPart] = field(default_factory=list)
    results: dict[int, ToolResultPart] = field(default_factory=dict)

    def answer(self, result: ToolResultPart) -> bool:
        """Take a result for the first call of its id that has none; False when there is no such call."""
        for number, call in enumerate(self.calls):
            if call.id == result.call_id and number not in self.results:
                self.results[number] = result
                return True
        return False


def _spelled(path: Iterable[Message], sent: list[Message]) -> list[Message]:
    """Append the messages of `path` to those that are sent already, and return them all."""
    ids: set[str] = set()
    for message in _folded(path):
        if message.hidden or message.deleted:
            continue
        if message.role == "assistant":
            sent.extend(_messages(message, ids))
        elif content := _content(message.parts, attached=message.role == "user"):
            sent.append(message.with_parts(content))
    return sent


def _folded(path: Iterable[Message]) -> list[Message]:
    """The path with messages of role "tool" (of conversations from elsewhere) made parts of the answers that they follow."""
    found: list[Message] = []
    for each in path:
        if each.role != "tool":
            found.append(each)
        elif found and found[-1].role == "assistant" and not (each.hidden or each.deleted):
            results = tuple(part for part in each.parts if isinstance(part, ToolResultPart))
            found[-1] = found[-1].with_parts(found[-1].parts + results)
    return found


def _steps(parts: Iterable[Part]) -> list[_Step]:
    """Sort an answer's parts into its steps: a new one begins with the first text or call after a result."""
    steps: list[_Step] = []
    for part in parts:
        if isinstance(part, ToolResultPart):
            any(step.answer(part) for step in reversed(steps))
        elif isinstance(part, ToolCallPart | TextPart):
            if not steps or steps[-1].results:
                steps.append(_Step())
            if isinstance(part, ToolCallPart):
                steps[-1].calls.append(part)
            else:
                steps[-1].content.append(part)
    return steps


def _messages(message: Message, ids: set[str]) -> Iterator[Message]:
    """Yield an answer as the messages of its steps."""
    for step in _steps(message.parts):
        calls, results = [], []
        for number, result in sorted(step.results.items()):
            call_id = _unique(step.calls[number].id, ids)
            calls.append(replace(step.calls[number], id=call_id))
            results.append(replace(result, call_id=call_id, text=result.text if result.text.strip() else _NO_OUTPUT))
        if parts := (*_content(step.content), *calls):
            yield message.with_parts(parts)
        if results:
            yield replace(message, role="tool", parts=tuple(results))


def _content(parts: Iterable[Part], *, attached: bool = False) -> tuple[Part, ...]:
    """The parts that can be sent as content; none where they are nothing but white space, which servers refuse."""
    found = tuple(part for part in parts if isinstance(part, TextPart) or (attached and isinstance(part, ImagePart | FilePart)))
    return found if any(not isinstance(part, TextPart) or part.text.strip() for part in found) else ()


def _unique(call_id: str, ids: set[str]) -> str:
    """The call's id, or one made of it where it is taken (or empty); it depends on what comes before alone."""
    found, number = call_id, 1
    while not found or found in ids:
        number += 1
        found = f"{call_id or 'call'}-{number}"
    ids.add(found)
    return found
