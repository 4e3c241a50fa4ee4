"""What a provider is sent."""

from __future__ import annotations

from nbchat.core.messages import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart
from nbchat.sessions.history import history_for


def test_the_system_prompt_comes_first_and_an_empty_one_not_at_all() -> None:
    """A byte-stable beginning, so that prompt caches hit."""
    question = Message("q", "user", (TextPart("hi"),))
    assert [m.role for m in history_for([question], "be brief")] == ["system", "user"]
    assert [m.role for m in history_for([question], "")] == ["user"]


def test_a_stopped_answer_goes_as_its_text_without_a_marker() -> None:
    """G14: how an answer ended is a field, never text that goes back to the model."""
    stopped = Message("a", "assistant", (TextPart("half an ans"),), status="stopped")
    assert history_for([stopped], None)[0].text == "half an ans"


def test_what_no_provider_takes_stays_behind() -> None:
    """G15: reasoning, tool calls without results and empty answers never poison the next request."""
    path = [
        Message("q", "user", (TextPart("look"), ImagePart("data:image/png;base64,AA=="))),
        Message("a", "assistant", (ReasoningPart("hmm"),), status="error"),
        Message("b", "assistant", (TextPart(""), ToolCallPart("1", "f", "{")), status="stopped"),
        Message("c", "assistant", (ReasoningPart("hmm"), TextPart("yes"), ToolCallPart("2", "f", "{}"))),
    ]
    sent = history_for(path, None)
    assert [(m.id, [part.type for part in m.parts]) for m in sent] == [("q", ["text", "image"]), ("c", ["text"])]
