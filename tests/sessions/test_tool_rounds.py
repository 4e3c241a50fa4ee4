"""Tool rounds: the model asks, functions of the kernel answer, the model goes on; every request settled by itself."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

from nbchat.core.cost import Price
from nbchat.core.events import ToolResult
from nbchat.core.messages import TextPart, ToolCallPart, ToolResultPart
from nbchat.sessions.dialogue import MAX_ROUNDS
from nbchat.testing import Gate, Reply, Request
from tests.support.house import House, answer, eventually, live

PRICE = Price(Decimal(1), Decimal(2))


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calling(**arguments: Any) -> Reply:
    return Reply.text("Let me see. ", tool_calls=[("add", arguments)])


def test_a_call_is_run_and_its_result_goes_back_to_the_model() -> None:
    """The whole way: offered, called, allowed, run, sent back, answered; one message, two requests, two rows, one sum."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        turn = session.submit("2 + 3?")
        message = await answer(turn)
        assert [type(part).__name__ for part in message.parts] == ["TextPart", "ToolCallPart", "ToolResultPart", "TextPart"]
        assert (message.text, message.status, message.finish_reason) == ("Let me see. It is 5.", "complete", "stop")
        assert await house.store.messages(session.id) == list(session.path)
        rows = await house.store.records(session.id)
        assert [(row.purpose, row.status) for row in rows] == [("answer", "complete"), ("tool-round", "complete")]
        assert message.usage is not None
        assert message.usage.output_tokens == sum(row.usage.output_tokens or 0 for row in rows)
        assert message.cost is not None
        assert message.cost.amount == sum(row.cost.amount or 0 for row in rows) == session.state.cost.amount
        state = await house.ports.log.resume_state(turn.id)
        assert state is not None
        assert state.aggregated_content == message.parts

    server = live(test, calling(a=2, b=3), Reply.text("It is 5."), price=PRICE)
    first, second = (chat.json for chat in server.chats)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["add"]
    assert first["tools"] == second["tools"]
    assert [m["role"] for m in second["messages"]] == ["user", "assistant", "tool"]
    assert (second["messages"][1]["content"], second["messages"][2]["content"]) == ("Let me see. ", "5")


def test_a_request_id_that_looks_like_a_later_round_is_settled_too() -> None:
    """Request ids are anybody's to give; the rounds' own come from the turn, so no row is taken for one that is there."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        await answer(session.submit("2 + 3?", request_id="q"))
        await answer(session.submit("and?", request_id="q-2"))
        rows = await house.store.records(session.id)
        assert [row.purpose for row in rows] == ["answer", "tool-round", "answer"]
        assert session.state.cost.amount == sum(row.cost.amount or 0 for row in rows)

    live(test, calling(a=2, b=3), Reply.text("It is 5."), Reply.text("So."), price=PRICE)


def test_the_next_question_sends_the_whole_round() -> None:
    """G15: calls and results in pairs, in the order in which they were; the beginning is the same bytes."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        await answer(session.submit("2 + 3?"))
        await answer(session.submit("Thanks"))

    server = live(test, calling(a=2, b=3), Reply.text("It is 5."), Reply.text("Welcome."))
    before, after = (chat.json["messages"] for chat in server.chats[1:])
    assert after[: len(before)] == before
    assert [m["role"] for m in after] == ["user", "assistant", "tool", "assistant", "user"]


def test_a_call_waits_for_consent_with_its_exact_arguments() -> None:
    """The state shows it, a decision ends it; denied, the model is told and goes on."""
    ran: list[int] = []

    def count(n: int) -> int:
        """Count."""
        ran.append(n)
        return n

    async def test(house: House) -> None:
        session = await house.session()
        session.lease("view")
        session.tools.set([count], None)
        for decision, wanted in (("once", [7]), ("deny", [7]), ("session", [7, 7]), (None, [7, 7, 7])):
            turn = session.submit("go")
            if decision is not None:
                await eventually(lambda: len(session.state.approvals) == 1)
                approval = session.state.approvals[0]
                assert (approval.tool, approval.arguments) == ("count", '{"n": 7}')
                assert ran == wanted[: len(ran)]
                assert session.tools.decide(approval.call, decision)  # type: ignore[arg-type]
                assert not session.tools.decide(approval.call, decision)  # type: ignore[arg-type]
            assert (await answer(turn)).text == "done"
            assert session.state.approvals == ()
            assert ran == wanted

    def reply(request: Request) -> Reply:
        last = request.json["messages"][-1]
        return Reply.text("done") if last["role"] == "tool" else Reply.text(tool_calls=[("count", {"n": 7})])

    server = live(test, *[reply] * 8)  # type: ignore[arg-type]
    results = [chat.json["messages"][-1]["content"] for chat in server.chats if chat.json["messages"][-1]["role"] == "tool"]
    assert [results[n] for n in (0, 2, 3)] == ["7", "7", "7"]
    assert "7" not in results[1]


def test_stop_while_a_tool_runs_ends_the_turn_with_valid_history() -> None:
    """Stop does not wait for a thread; the call has a result that says so, and the next question works."""
    release, entered = threading.Event(), threading.Event()

    def slow() -> str:
        """Take long."""
        entered.set()
        release.wait(60)
        return "too late"

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([slow], None)
        session.tools.allow("slow")
        turn = session.submit("go")
        await eventually(entered.is_set)
        await session.stop()
        assert session.tools.still_running == ("slow",)
        message = await answer(turn)
        assert message.status == "stopped"
        call, result = message.parts
        assert isinstance(call, ToolCallPart)
        assert isinstance(result, ToolResultPart)
        assert (result.call_id, result.error) == (call.id, True)
        assert await house.store.messages(session.id) == list(session.path)
        release.set()
        await eventually(lambda: not session.tools.still_running)
        assert session.path[-1] == message
        assert (await answer(session.submit("and?"))).text == "fine"
        rows = await house.store.records(session.id)
        assert [row.status for row in rows] == ["complete", "complete"]
        assert session.state.cost.amount == sum(row.cost.amount or 0 for row in rows)
        assert message.cost is not None
        assert message.cost.amount == rows[0].cost.amount

    server = live(test, Reply.text(tool_calls=[("slow", {})]), Reply.text("fine"), price=PRICE)
    assert [m["role"] for m in server.chats[1].json["messages"]] == ["user", "assistant", "tool", "user"]


def test_the_cap_on_rounds_ends_the_turn() -> None:
    """G5: a model that calls for ever is stopped with an error; the session is idle, all its requests are in the ledger."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        message = await answer(session.submit("go"))
        assert (message.status, message.error and message.error.kind) == ("error", "tools")
        assert sum(isinstance(part, ToolResultPart) for part in message.parts) == MAX_ROUNDS
        assert session.state.status == "error"
        assert len(await house.store.records(session.id)) == MAX_ROUNDS + 1
        assert len({part.id for part in message.parts if isinstance(part, ToolCallPart)}) == MAX_ROUNDS + 1
        assert (await answer(session.submit("and?"))).text == "fine"

    live(test, *[calling(a=1, b=1)] * (MAX_ROUNDS + 1), Reply.text("fine"))


def test_an_error_in_a_later_round_keeps_the_earlier_ones_paid_for() -> None:
    """G10: usage is settled per request, whatever the last one does; resume goes on behind the results."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        message = await answer(session.submit("go"))
        assert message.status == "error"
        first, second = await house.store.records(session.id)
        assert [first.status, second.status] == ["complete", "error"]
        assert second.cost.amount == 0
        assert first.cost.amount
        assert message.cost is not None
        assert message.cost.amount == first.cost.amount
        whole = await answer(session.resume())
        assert (whole.id, whole.status) == (message.id, "complete")
        assert whole.parts[-1] == TextPart("It is 2.")

    server = live(test, calling(a=1, b=1), Reply.error(401), Reply.text("It is 2."), price=PRICE)
    assert [m["role"] for m in server.chats[2].json["messages"]] == ["user", "assistant", "tool"]


def test_nobody_to_ask_is_said_to_the_model() -> None:
    """A script without views and without `allow` does not hang."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        message = await answer(session.submit("go"))
        result = next(part for part in message.parts if isinstance(part, ToolResultPart))
        assert result.error
        assert message.status == "complete"

    live(test, calling(a=1, b=1), Reply.text("I may not."))


def test_two_calls_at_once_have_ids_of_their_own_even_when_the_server_gives_none() -> None:
    """Results find their calls; both run at the same time."""
    together = threading.Barrier(2, timeout=20)

    def meet(n: int) -> int:
        """Meet."""
        together.wait()
        return n

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([meet], None)
        session.tools.allow("meet")
        message = await answer(session.submit("go"))
        calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
        results = {part.call_id: part.text for part in message.parts if isinstance(part, ToolResultPart)}
        assert len({call.id for call in calls}) == 2
        assert [results[call.id] for call in calls] == ["1", "2"]

    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "tiny"}
    calls = [{"index": n - 1, "type": "function", "function": {"name": "meet", "arguments": f'{{"n": {n}}}'}} for n in (1, 2)]
    events = [
        {**chunk, "choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}]},
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        "[DONE]",
    ]
    live(test, Reply.events(events), Reply.text("Both."))


def test_a_tool_that_asks_its_own_session_waits_for_itself_no_more_than_a_person_would() -> None:
    """A function may queue a question; the turn that called it ends first."""
    gate = Gate()
    gate.open()

    async def test(house: House) -> None:
        session = await house.session()
        queued = []

        async def ask_later() -> str:
            """Queue a question."""
            queued.append(session.submit("later"))
            return "queued"

        session.tools.set([ask_later], None)
        session.tools.allow("ask_later")
        await answer(session.submit("go"))
        assert (await answer(queued[0])).text == "later it is"
        assert [signal.name for signal in house.signals].count("turn-ended") == 2

    live(test, Reply.text(tool_calls=[("ask_later", {})]), Reply.text("ok", gate=gate), Reply.text("later it is"))


def test_results_are_events_of_the_log() -> None:
    """Whoever reads the log sees calls and results in their order."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        turn = session.submit("go")
        await answer(turn)
        entries = await house.ports.log.read(turn.id, turn.generation, 0)
        assert entries is not None
        results = [event for entry in entries for event in entry.events if isinstance(event, ToolResult)]
        assert [result.text for result in results] == ["2"]

    live(test, calling(a=1, b=1), Reply.text("It is 2."))


def test_what_is_said_before_a_tool_and_after_it_are_paragraphs() -> None:
    """The answer's text is all of it joined; where the model put no space between, there is a break, in the log as well."""

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([add], None)
        session.tools.allow("add")
        turn = session.submit("go")
        told: list[str | None] = []
        turn.watch(told.append)
        message = await answer(turn)
        assert message.text == "".join(each or "" for each in told) == "Let me see.\n\nIt is 2."
        assert (await house.store.messages(session.id))[-1] == message

    live(test, Reply.text("Let me see.", tool_calls=[("add", {"a": 1, "b": 1})]), Reply.text("It is 2."))
