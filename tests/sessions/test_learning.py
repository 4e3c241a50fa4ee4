"""Parameters that a server refuses: asked once more without them, told, remembered, and not sent again."""

from __future__ import annotations

from typing import Any

from nbchat.core.events import LeftOut, Retry
from nbchat.providers.making import make_provider
from nbchat.testing import Reply
from tests.support.house import House, answer, live


def refusal(parameter: str, code: str = "unsupported_parameter") -> Reply:
    message = f"Unsupported parameter: '{parameter}' is not supported with this model."
    error = {"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": code}}
    return Reply.json(error, status=400)


def sent(chats: Any, name: str) -> list[bool]:
    return [name in chat.json for chat in chats]


def test_asked_once_more_and_never_again_with_it() -> None:
    """One question, one answer, one row in the ledger; the next question goes out without it, and both answers say so."""

    async def test(house: House) -> None:
        session = await house.session()
        turns = [session.submit(text, parameters={"temperature": 0.5, "seed": 7}) for text in ("one", "two")]
        messages = [await answer(turn) for turn in turns]
        for message in messages:
            assert (message.text, message.status, message.parameters) == ("fine", "complete", {"temperature": None, "seed": 7})
        assert (await house.store.messages(session.id))[-1] == messages[-1]
        assert len(await house.store.records(session.id)) == 2
        events = [
            e for turn in turns for entry in await house.ports.log.read(turn.id, turn.generation, 0) or [] for e in entry.events
        ]
        retry = next(e for e in events if isinstance(e, Retry))
        assert (retry.attempt, retry.delay) == (2, 0.0)
        assert retry.reason.endswith("Asked again without temperature.")
        assert [e.parameter for e in events if isinstance(e, LeftOut)] == ["temperature"] * len(turns)
        assert house.registry.get("lab").provider.learned == {"tiny:temperature": ""}

    chats = live(test, refusal("temperature"), Reply.text("fine"), Reply.text("fine")).chats
    assert sent(chats, "temperature") == [True, False, False]
    assert sent(chats, "seed") == [True, True, True]


def test_nothing_is_learned_from_a_request_that_stays_refused() -> None:
    """Only what helped is kept: the refusal may have meant something else."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi", parameters={"seed": 7}))
        assert message.error is not None
        assert (message.status, message.error.kind) == ("error", "invalid")
        assert house.registry.get("lab").provider.learned == {}

    assert len(live(test, refusal("seed"), Reply.error(400)).chats) == 2


def test_a_refusal_inside_a_200_is_not_asked_again() -> None:
    """There the answer has begun, and with it the bill."""
    error = {"message": "Unknown parameter: 'seed'.", "param": "seed", "code": "unknown_parameter", "status": 400}

    async def test(house: House) -> None:
        session = await house.session()
        for _ in range(2):
            assert (await answer(session.submit("hi", parameters={"seed": 7}))).status == "error"

    whole, streamed = Reply.json({"error": {**error, "code": 400}}), Reply.events([{"error": error}])
    assert len(live(test, whole, streamed).chats) == 2


def test_tools_are_never_left_out() -> None:
    """A model that takes no tools is an error that says so, not an answer of a model that was told of none."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        message = await answer(session.submit("hi"))
        assert message.error is not None
        assert "'tools' is not supported" in message.error.text

    assert len(live(test, refusal("tools")).chats) == 1


def test_it_is_saved_with_the_provider_and_forgotten_with_its_server() -> None:
    """Another process knows it too; under another base URL nothing is known."""

    async def test(house: House) -> None:
        lab = house.registry.get("lab").provider
        await house.registry.save(lab, house.registry.keys.key(lab))
        session = await house.session()
        await answer(session.submit("hi"))
        assert [each.learned for each in await house.store.providers()] == [{"stream_options": ""}]
        await house.registry.save(lab)
        assert house.registry.get("lab").provider.learned == {"stream_options": ""}
        elsewhere, _ = make_provider("lab", base_url="http://127.0.0.1:1/v1")
        await house.registry.save(elsewhere)
        assert house.registry.get("lab").provider.learned == {}

    unknown = {
        "detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]
    }
    assert sent(live(test, Reply.json(unknown, status=422), Reply.text("fine")).chats, "stream_options") == [True, False]
