"""Conversations with branches, deleted messages and every kind of part, and a strategy that makes more of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import FilePart, ImagePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage

__all__ = ["ALL", "ANSWER", "CONVERSATION", "PATH", "trees"]

CONVERSATION = Conversation(
    "c1",
    "notes",
    "On <b>monads</b>",
    "lab",
    "tiny",
    "Be *brief*.",
    {"temperature": 0.5, "stop": ["a"]},
    "a2",
    1_760_000_000.0,
    1_760_000_100.5,
    titled=True,
    when_full="drop",
)
QUESTION = Message("u1", "user", (TextPart("what is a *monad*?"),), created=1_760_000_000.0)
PARTS: tuple[Part, ...] = (
    ReasoningPart("hm\nhm", 1.5),
    TextPart("I *add*."),
    ToolCallPart("c1", "add_up", '{"a": 1}'),
    ToolCallPart("c2", "fail", "{"),
    ToolResultPart("c1", "```\n2"),
    ToolResultPart("c2", "<b>bad</b>", error=True),
    TextPart("So:\n\n```py\nprint(1 < 2)\n```\n\nand\n\n```r\nx <- 1\n```\n"),
    ImagePart("https://pics.test/a.png", "a picture"),
    ImagePart("data:image/png;base64,iVBORw0KGgo=", "a dot"),
)
ANSWER = Message(
    "a1",
    "assistant",
    PARTS,
    "u1",
    finish_reason="stop",
    model="lab/tiny_model",
    created=1_760_000_001.0,
    usage=Usage(1234, 34, None, 56, 7),
    cost=Cost(Decimal("0.00120"), "estimated", "lab"),
    parameters={"temperature": 0.5},
    first_token_seconds=0.25,
    seconds=2.0,
    omitted=3,
)
OTHER = replace(ANSWER, id="a0", parts=(TextPart("Other."),), usage=None, cost=None)
GONE = Message("u2", "user", (TextPart("SECRETLY DELETED"),), "a1", deleted=True)
LAST = Message(
    "a2",
    "assistant",
    (TextPart("half"),),
    "u2",
    "interrupted",
    model="lab/tiny",
    error=ErrorInfo("interrupted", "The kernel ended.", "Resume."),
    hidden=True,
)
PATH = (QUESTION, ANSWER, replace(LAST, parent="a1"))
ALL = (QUESTION, OTHER, ANSWER, GONE, LAST)

_others = st.sampled_from([(), (("EUR", Decimal("0.30")), ("GBP", Decimal("1E-7")))])
_texts = st.text(max_size=12) | st.sampled_from(["```python\nx = 1\n```", "\ud83d", "<b>", "\x00"])
_parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, _texts),
    st.builds(ReasoningPart, _texts, st.none() | st.floats(0, 1e6)),
    st.builds(ToolCallPart, _texts, _texts, _texts),
    st.builds(ToolResultPart, _texts, _texts, st.booleans(), st.booleans()),
    st.builds(ImagePart, _texts, _texts, st.none() | st.integers(0, 9_999), st.none() | st.integers(0, 9_999)),
    st.builds(FilePart, _texts, _texts),
)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Conversation, list[Message]]:
    """A conversation and its messages, parents first, some of them deleted."""
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 7))):
        parent = draw(st.sampled_from([None, *(message.id for message in messages)]))
        messages.append(
            Message(
                f"m{number}",
                draw(st.sampled_from(["user", "assistant"])),
                tuple(draw(st.lists(_parts, max_size=3))),
                parent,
                draw(st.sampled_from(["complete", "stopped", "error"])),
                created=draw(st.floats(0, 1e10)),
                model=draw(st.none() | _texts),
                usage=draw(st.none() | st.builds(Usage, st.none() | st.integers(0, 2**40))),
                cost=draw(st.none() | st.builds(Cost, st.none() | st.decimals(0, 1000, places=8), others=_others)),
                hidden=draw(st.booleans()),
                deleted=draw(st.booleans()),
                omitted=draw(st.integers(0, 9)),
                parameters=draw(st.none() | st.dictionaries(_texts, st.none() | st.integers(0, 9) | _texts, max_size=2)),
            )
        )
    head = draw(st.sampled_from([None, *(message.id for message in messages)]))
    return Conversation("c", draw(_texts), draw(_texts), system=draw(st.none() | _texts), head=head), messages
