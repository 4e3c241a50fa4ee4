"""What the model's server does, as a session tells it: loading, generating, ready, error; and what loading costs: nothing."""

from __future__ import annotations

import pytest

from nbchat.core.engine import GENERATING, IDLE, EngineStatus, engine_after, engine_listed
from nbchat.core.events import Loading, TextDelta, Waiting
from nbchat.core.models import Model
from nbchat.testing import Gate, Reply
from tests.support.clock import ManualClock
from tests.support.house import House, answer, eventually, live

LOADING = EngineStatus("loading", "Loading the model", 0.5)


def test_a_turn_waits_while_the_model_is_loaded() -> None:
    """One question and one answer, one row in the ledger; the state and the log say how far it was."""
    clock = ManualClock()

    async def test(house: House) -> None:
        session = await house.session()
        seen: list[EngineStatus] = []
        session.listen(lambda signal: None if session.state.engine in seen[-1:] else seen.append(session.state.engine))
        turn = session.submit("hi")
        for number, share in enumerate((None, 0.25, 0.5)):
            wanted = EngineStatus("loading", "Loading the model", share)
            await eventually(lambda wanted=wanted: session.state.engine == wanted)
            assert session.state.status == "submitted"
            assert session.state.retry is None
            await clock.advance(1.0)
            await eventually(lambda number=number: len(house.server.chats) > number + 1)
        message = await answer(turn)
        assert (message.text, message.status) == ("fine", "complete")
        loading = [EngineStatus("loading", "Loading the model", share) for share in (None, 0.25, 0.5)]
        assert seen == [IDLE, *loading, GENERATING, EngineStatus("ready")]
        assert [(m.role, m.text) for m in await house.store.messages(session.id)] == [("user", "hi"), ("assistant", "fine")]
        assert len(await house.store.records(session.id)) == 1
        entries = await house.ports.log.read(turn.id, turn.generation, 0) or []
        told = [event for entry in entries for event in entry.events if isinstance(event, Loading)]
        assert [(event.progress, event.again) for event in told] == [(None, 1.0), (0.25, 1.0), (0.5, 1.0)]

    live(test, Reply.loading(), Reply.loading(0.25), Reply.loading(0.5), Reply.text("fine"), clock=clock)


def test_stop_while_the_model_is_loaded_costs_nothing() -> None:
    """At once; nothing was billed, and nobody knows what the engine does by now."""
    clock = ManualClock()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: session.state.engine.state == "loading")
        await session.stop()
        message = await answer(turn)
        assert (message.status, session.state.status, session.state.engine) == ("stopped", "idle", IDLE)
        (record,) = await house.store.records(session.id)
        assert record.cost.amount == 0
        assert record.usage.output_tokens == 0
        assert (await answer(session.submit("again"))).text == "fine"

    live(test, Reply.loading(), Reply.text("fine"), clock=clock)


def test_a_model_that_is_not_loaded_in_time_ends_the_turn() -> None:
    """As an error of the engine that says so, and the next question asks anew."""
    clock = ManualClock()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: session.state.engine.state == "loading")
        await clock.advance(200.0)
        message = await answer(turn)
        assert message.error is not None
        assert (message.status, message.error.kind) == ("error", "timeout")
        assert session.state.engine == EngineStatus("error", message.error.text)
        (record,) = await house.store.records(session.id)
        assert record.cost.amount == 0
        assert (await answer(session.submit("again"))).text == "fine"
        assert session.state.engine.state == "ready"

    slow = Reply.loading(headers={"retry-after": "200"})
    live(test, slow, slow, Reply.text("fine"), clock=clock)


def test_an_error_of_the_engine_is_kept_until_the_next_turn_begins() -> None:
    """A server's failure is the engine's; a wrong key, or a question that is too long, is not."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("one"))
        assert session.state.engine.state == "error"
        assert session.state.engine.text == "501 Not Implemented: no"
        turn = session.submit("two")
        await eventually(lambda: session.state.status == "submitted")
        assert session.state.engine == IDLE
        gate.open()
        await answer(turn)
        await answer(session.submit("three"))
        assert (session.state.status, session.state.engine.state) == ("error", "ready")

    live(test, Reply.error(501, "no"), Reply.text("fine").after(gate), Reply.error(401, "no"))


def test_another_model_is_another_engine() -> None:
    """Whose state nobody knows."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hi"))
        assert session.state.engine.state == "ready"
        await session.set_title("A title")
        assert session.state.engine.state == "ready"
        await session.set_model("lab/other")
        assert session.state.engine == IDLE

    live(test, Reply.text("fine"))


def test_a_listing_says_what_is_loaded() -> None:
    """Sessions that rest learn it; where the listing does not say, or one is busy, nothing changes."""
    gate = Gate()

    async def test(house: House) -> None:
        session, other = await house.session(), await house.session("other", "lab/other")
        loaded, not_loaded, silent = (Model("tiny", "lab", loaded=each) for each in (True, False, None))
        house.manager.models_listed([loaded, Model("else", "lab", loaded=True)])
        assert (session.state.engine.state, other.state.engine) == ("ready", IDLE)
        house.manager.models_listed([Model("other:latest", "lab", loaded=True)])
        assert other.state.engine == EngineStatus("ready")
        house.manager.models_listed([silent])
        assert session.state.engine == EngineStatus("ready")
        house.manager.models_listed([not_loaded])
        assert session.state.engine == IDLE
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: session.state.engine == GENERATING)
        house.manager.models_listed([not_loaded])
        assert session.state.engine == GENERATING
        gate.open()
        await answer(turn)

    live(test, Reply.text(tokens=["a", "b"], gate=gate))


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        (IDLE, Loading("Loading the model", 0.5), LOADING),
        (LOADING, Waiting(3.0), EngineStatus("ready")),
        (IDLE, Waiting(3.0), IDLE),
        (LOADING, TextDelta("x"), GENERATING),
        (GENERATING, TextDelta("x"), GENERATING),
    ],
)
def test_what_a_provider_sends_changes_it(
    before: EngineStatus, event: Loading | Waiting | TextDelta, after: EngineStatus
) -> None:
    """Loading, then waiting for a loaded one, then generating."""
    assert engine_after(before, event) == after


def test_a_listing_that_lacks_the_model_takes_no_error_away() -> None:
    """What went wrong is news until the model is there again."""
    error = EngineStatus("error", "gone")
    assert engine_listed(error, Model("tiny", "lab", loaded=False)) == error
    assert engine_listed(error, Model("tiny", "lab", loaded=True)).state == "ready"


def test_the_status_as_json() -> None:
    """As pages are told it."""
    assert LOADING.to_json() == {"state": "loading", "text": "Loading the model", "progress": 0.5}
