"""What is said about a message beside its content: who spoke, which version it is, what it cost, how it ended. Plain text; each
form escapes it in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from nbchat.core.conversations import Conversation
from nbchat.core.cost import format_cost
from nbchat.core.messages import Message, ToolCallPart, ToolResultPart
from nbchat.sessions.tree import ConversationTree

__all__ = ["Branches", "answered_before", "call_names", "facts", "heading", "result_label", "trouble"]

_SPEAKERS = {"user": "You", "assistant": "Assistant", "system": "System", "tool": "Tool"}


@dataclass(frozen=True, slots=True)
class Branches:
    """Which messages of a path have others beside them (`versions`: its place among how many), and how many messages of the
    conversation are not on the path (`elsewhere`)."""

    versions: dict[str, tuple[int, int]]
    elsewhere: int = 0

    @classmethod
    def of(cls, conversation: Conversation, path: Iterable[Message], messages: Iterable[Message]) -> Branches:
        """Return the branches of a path within all messages of its conversation."""
        tree = ConversationTree(conversation, messages, ())
        on_path = [message.id for message in path]
        versions = {}
        for message_id in on_path:
            beside = tree.siblings(message_id)
            if len(beside) > 1:
                versions[message_id] = (beside.index(message_id) + 1, len(beside))
        shown = {message.id for message in tree.all if not message.deleted}
        return cls(versions, len(shown - set(on_path)))

    @property
    def note(self) -> str:
        """One sentence about what is not on the path; "" where all is."""
        if not self.elsewhere:
            return ""
        what = "1 message" if self.elsewhere == 1 else f"{self.elsewhere:,} messages"
        return f"One branch of the conversation; {what} on other branches can be exported as JSON."


def heading(message: Message, branches: Branches) -> tuple[str, tuple[str, ...]]:
    """Return who speaks, and what else there is to know at once: when, which version, whether the model sees it."""
    notes = [date(message.created)] if message.created else []
    if message.id in branches.versions:
        notes.append("version {} of {}".format(*branches.versions[message.id]))
    if message.role == "assistant" and message.model is None and message.status == "complete":
        notes.append("written by hand")
    if message.hidden:
        notes.append("hidden from the model")
    return _SPEAKERS[message.role], tuple(notes)


def facts(answer: Message) -> list[str]:
    """Return the model, tokens, cost and time of an answer as far as they are known; and how it ended, if not well."""
    said = [answer.model] if answer.model else []
    usage = answer.usage
    asked = usage is None or usage.total_tokens != 0  # else nothing was sent, or nothing that is billed
    if usage is not None and usage.input_tokens is not None and usage.output_tokens is not None and asked:
        about = "" if usage.certainty == "reported" else "~"
        said.append(f"{about}{usage.input_tokens:,} in, {usage.output_tokens:,} out")
    if answer.cost is not None and answer.cost.amount is not None and asked:
        said.append(format_cost(answer.cost))
    if answer.seconds is not None:
        said.append(f"{answer.seconds:.1f} s")
    if answer.status == "streaming":
        said.append("not finished when this was saved")
    elif answer.status != "complete":
        said.append(answer.status)
    elif answer.finish_reason == "length":
        said.append("cut at the length limit")
    return said


def trouble(answer: Message) -> str:
    """Return what went wrong and what to do, "" if nothing did."""
    return "" if answer.error is None else answer.error.sentences


def call_names(message: Message) -> dict[str, str]:
    """Return the names of the functions that a message calls, by the id of the call; empty where it calls at most one, so
    that nothing has to be told apart."""
    calls = {part.id: part.name for part in message.parts if isinstance(part, ToolCallPart)}
    return calls if len(calls) > 1 else {}


def result_label(result: ToolResultPart, names: Mapping[str, str]) -> str:
    """Return what stands above a tool's result: whose it is where `names` has that, and whether it is one."""
    what, whose = ("Not allowed", "to run") if result.denied else ("Failure", "in") if result.error else ("Result", "of")
    return f"{what} {whose} {names[result.call_id]}" if result.call_id in names else what


def answered_before(answer: Message) -> str:
    """Return what is said of an answer that a cell shows again, without having asked anew."""
    return f"answered on {date(answer.created)}, run again to ask anew"


def date(seconds: float) -> str:
    """Return seconds since the epoch as people read them, in UTC: a file travels."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
