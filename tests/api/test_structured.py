"""Answers as values: classes of four kinds, over real HTTP; what fits, what is corrected once, and what is told at last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest

import nbchat
from nbchat.api.structured import Misfit, Wanted
from nbchat.app import app
from nbchat.core.errors import ChatError, UsageError
from nbchat.core.messages import Message, TextPart
from nbchat.testing import Reply, Request, ScriptedServer

EARTH = '{"name": "Earth", "mass": 5.97, "moons": [{"name": "Moon"}]}'


@dataclass
class Moon:
    name: str


@dataclass
class Planet:
    """A body that circles a star."""

    name: str
    mass: float
    moons: list[Moon] = field(default_factory=list)


class PlanetDict(TypedDict):
    name: str
    mass: float


class PlanetModel(pydantic.BaseModel):
    name: str
    mass: float = pydantic.Field(gt=0)


class PlanetStruct(msgspec.Struct):
    name: str
    mass: float


Script = Callable[..., "tuple[nbchat.Session, ScriptedServer]"]


@pytest.fixture
def script() -> Iterator[Script]:
    """Makes a session whose server gives these replies."""
    servers: list[ScriptedServer] = []

    def make(*replies: Any) -> tuple[nbchat.Session, ScriptedServer]:
        server = ScriptedServer(replies if len(replies) != 1 or isinstance(replies[0], Reply) else replies[0])
        servers.append(server.__enter__())
        nbchat.add_provider("lab", base_url=server.base_url, api_key=server.api_key)
        return nbchat.session("planets", model="lab/tiny"), server

    yield make
    app().close()
    for server in servers:
        server.__exit__(None, None, None)


def message(text: str) -> Message:
    return Message("a", "assistant", (TextPart(text),))


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (Planet, Planet("Earth", 5.97, [Moon("Moon")])),
        (PlanetDict, {"name": "Earth", "mass": 5.97}),
        (PlanetModel, PlanetModel(name="Earth", mass=5.97)),
        (PlanetStruct, PlanetStruct("Earth", 5.97)),
    ],
)
def test_an_answer_is_a_value_of_the_class(script: Script, cls: Any, expected: Any) -> None:
    """Its JSON schema goes along as the response format; one question, one answer, one row in the ledger."""
    session, server = script(Reply.text(EARTH))
    assert session.ask("Which planet is this?", schema=cls, temperature=0) == expected
    sent = server.chats[0].json
    assert (sent["temperature"], sent["messages"]) == (0, [{"role": "user", "content": "Which planet is this?"}])
    described = sent["response_format"]["json_schema"]
    assert sent["response_format"]["type"] == "json_schema"
    assert described["name"] == cls.__name__
    assert described["schema"]["additionalProperties"] is False
    assert set(described["schema"]["properties"]) >= {"name", "mass"}
    assert described.get("strict", False) is (cls is not Planet)  # a field with a default is not required
    assert len(session.messages) == 2


@pytest.mark.parametrize(
    "text",
    [
        EARTH,
        f"Here it is:\n\n```json\n{EARTH}\n```\n\nAnything else?",
        f"Sure! {EARTH} Done.",
        f"```\n{EARTH}",
    ],
)
def test_json_is_found_in_what_models_write_around_it(text: str) -> None:
    """Alone, in a code block, in a sentence, in a block that was not closed."""
    assert Wanted(Planet).read(message(text)).name == "Earth"


def test_an_answer_that_does_not_fit_is_corrected_once(script: Script) -> None:
    """The model is told where and why, with the schema in words; both questions are in the conversation and in the ledger."""
    session, server = script(Reply.text('{"name": "Earth", "mass": "much"}'), Reply.text(EARTH))
    planet = session.ask("Which planet?", schema=Planet)
    assert planet.mass == 5.97
    asked = [str(chat.question) for chat in server.chats]
    assert asked[0] == "Which planet?"
    assert asked[1].startswith("That does not fit: Expected `float`, got `str` - at `$.mass`\nAnswer again, with JSON alone")
    assert '"required": ["name", "mass"]' in asked[1]
    assert [m.role for m in session.messages] == ["user", "assistant"] * 2
    assert [row.purpose for row in app().background.wait(app().ports.ledger.records())] == ["answer", "answer"]
    assert session.usage.output_tokens == sum(m.usage.output_tokens or 0 for m in session.messages if m.usage)


def test_a_second_misfit_is_an_error_that_carries_the_message(script: Script) -> None:
    """A validator of the class counts as much as its types; the text stays in the conversation."""
    session, server = script(Reply.text('{"name": "Earth", "mass": -1}'), Reply.text("I cannot say."))
    with pytest.raises(ChatError, match="The answer is no PlanetModel") as caught:
        session.ask("Which planet?", schema=PlanetModel)
    assert "mass: Input should be greater than 0" in str(server.chats[1].question)
    assert caught.value.message is not None
    assert caught.value.message.text == "I cannot say."
    assert "message.text" in caught.value.hint
    assert len(server.chats) == 2


def test_a_cut_answer_is_not_asked_again(script: Script) -> None:
    """The next one would be cut as well."""
    session, server = script(Reply.text('{"name": "Ear', finish_reason="length"))
    with pytest.raises(ChatError, match="cut at the length limit") as caught:
        session.ask("Which planet?", schema=Planet)
    assert caught.value.message is not None
    assert len(server.chats) == 1


def test_a_server_without_response_formats_is_asked_in_words(script: Script) -> None:
    """Learned from its refusal, for this model; the stored question stays as it was, and the answer says what was left out."""

    def answer(request: Request) -> Reply:
        if "response_format" in request.json:
            text = "This model does not support response format `json_schema`."
            return Reply.error(400, text, type="invalid_request_error")
        return Reply.text(EARTH)

    session, server = script(answer)
    assert session.ask("Which planet?", schema=Planet).name == "Earth"
    assert session.ask("And now?", schema=Planet).name == "Earth"
    assert ["response_format" in chat.json for chat in server.chats] == [True, False, False]
    question = server.chats[-1].json["messages"][-1]["content"]
    assert question.startswith("And now?\n\nAnswer with JSON alone, that fits this JSON schema:\n{")
    assert json.loads(question.partition("schema:\n")[2])["properties"]["mass"] == {"type": "number"}
    assert server.chats[-1].json["messages"][0]["content"] == "Which planet?"
    assert [m.text for m in session.messages if m.role == "user"] == ["Which planet?", "And now?"]
    assert (session.messages[-1].parameters or {})["response_format"] is None


def test_await_gives_the_same(script: Script) -> None:
    """`aask` corrects once, too; what was attached goes along with the first question alone."""
    session, server = script(Reply.text("no"), Reply.text(EARTH))
    found = asyncio.run(session.aask("Which planet?", schema=PlanetDict, attachments=b"a file"))
    assert found == {"name": "Earth", "mass": 5.97}
    assert len(session.messages[0].attachments) == 1
    assert session.messages[2].attachments == ()
    assert len(server.chats) == 2


class Odd:
    pass


@pytest.mark.parametrize("cls", [int, list[int], Odd, dict, "Planet"])
def test_what_is_no_class_with_fields_is_refused_before_anything_is_sent(script: Script, cls: Any) -> None:
    """With what to give instead."""
    session, server = script(Reply.text(EARTH))
    with pytest.raises(UsageError, match="cannot be asked for") as caught:
        session.ask("Which planet?", schema=cls)
    assert "a dataclass" in caught.value.hint
    assert not server.chats


def test_strict_is_said_only_where_it_is_taken() -> None:
    """Every field required, at every depth; no dict of any names; nothing else allowed beside the fields."""

    class Whole(TypedDict):
        one: int
        more: list[PlanetStruct]

    @dataclass
    class Loose:
        any: dict[str, int]

    whole = Wanted(Whole).response_format["json_schema"]
    assert whole["strict"] is True
    assert whole["schema"]["$defs"]["PlanetStruct"]["additionalProperties"] is False
    assert "strict" not in Wanted(Loose).response_format["json_schema"]


@pytest.mark.parametrize("kind", [PlanetDict, PlanetModel])
def test_an_answer_that_is_too_deep_does_not_fit(kind: type[Any]) -> None:
    """What a model sends may be nested as deep as it likes: that is an answer that does not fit, as others."""
    deep = '{"name": "x", "mass": 1, "more": ' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(Misfit):
        Wanted(kind).read(Message("a", "assistant", (TextPart(deep),)))
