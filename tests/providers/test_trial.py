"""The trial: one small answer, and what the way in which it came says; real servers and a real proxy before them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from nbchat.core.cost import Price
from nbchat.providers.probe import Probe
from nbchat.providers.trial import Trial
from nbchat.sessions.ports import Limits
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.house import answer, eventually, house
from tests.support.probing import TOKENS, against, counting, probed
from tests.support.reverse_proxy import reverse_proxy

pytestmark = pytest.mark.alone

PRICE = Price(Decimal("0.15"), Decimal("0.60"), source="a list", dated="2026-11-27")

# ---------------------------------------------------------------- how an answer comes


@pytest.mark.parametrize("buffer", [1_000_000, 4_096])
def test_a_proxy_that_buffers_is_found_by_timing(buffer: int) -> None:
    """It keeps everything to the end, or lets go when its buffer is full, as nginx does; the same server without it streams."""
    with ScriptedServer(counting()) as server, reverse_proxy(server.base_url, buffer=buffer) as proxy:
        seen = probed(server, base_url=proxy.base_url)
    assert seen.wrong == {"streaming"}
    assert "holds the stream back" in seen.text("streaming")
    assert "proxy_buffering off" in seen.found["streaming"].hint
    assert ("all at once" in seen.text("streaming")) == (buffer > 4_096)


def test_servers_that_stream_are_not_suspected() -> None:
    """A slow one, one behind a proxy that passes everything on, a fast one, and one that is fast after a long silence."""
    with ScriptedServer(counting()) as server, reverse_proxy(server.base_url) as proxy:
        assert "nothing holds them back" in probed(server).text("streaming")
        assert "nothing holds them back" in probed(server, base_url=proxy.base_url).text("streaming")
    for reply in (counting(0.0), counting(0.002).after(1.2)):
        assert not against(reply).wrong
    with ScriptedServer(counting(0.001)) as server, reverse_proxy(server.base_url, buffer=1_000_000) as proxy:
        assert "too quick to tell" in probed(server, base_url=proxy.base_url).text("streaming")


def test_a_whole_answer_is_no_stream() -> None:
    """A server that does not heed `stream` answers with one JSON object."""
    whole = {"choices": [{"message": {"role": "assistant", "content": "1\n2\n3"}, "finish_reason": "stop"}]}
    seen = against(Reply.json(whole))
    assert seen.wrong == {"streaming"}
    assert "in one piece" in seen.text("streaming")


def test_few_pieces_say_nothing() -> None:
    """Some providers send an answer of this size in three."""
    seen = against(Reply.text(tokens=["1\n2\n3", "\n4\n5", "\n6"]))
    assert (seen.wrong, seen.found["streaming"].state) == (set(), "ok")
    assert "too few to tell" in seen.text("streaming")


def test_a_kernel_that_was_busy_blames_nobody() -> None:
    """What came while nothing of this process could run came all at once, to it."""
    with ScriptedServer(counting()) as server:

        async def hog() -> None:
            await eventually(lambda: server.open_streams > 0)
            await asyncio.sleep(0.15)
            time.sleep(1.0)  # noqa: ASYNC251 - it is what the test is about

        tasks: list[asyncio.Task[None]] = []
        seen = probed(server, change=lambda _: tasks.append(asyncio.ensure_future(hog())))
    assert (seen.wrong, seen.found["streaming"].state) == (set(), "note")
    assert "this kernel was up to 1.0 s late itself" in seen.text("streaming")


# ---------------------------------------------------------------- what it counts and costs


def test_the_question_is_small_and_stands_in_the_ledger() -> None:
    """One row, purpose "check", with what it cost; the answer's length is bounded beforehand."""
    usage = {"prompt_tokens": 20, "completion_tokens": 80, "total_tokens": 100}
    with ScriptedServer(Reply.text(tokens=TOKENS, usage=usage), models=("tiny",)) as server:
        seen = probed(server, price=PRICE)
        (asked,) = [request.json for request in server.chats]
    assert asked["max_tokens"] <= 200
    (row,) = seen.rows
    assert (row.purpose, row.status, row.model, row.conversation) == ("check", "complete", "tiny", "")
    assert row.cost.amount == (20 * Decimal("0.15") + 80 * Decimal("0.60")) / 1_000_000
    assert seen.text("price") == "$0.15 in, $0.6 out a million tokens, from a list of 2026-11-27"
    assert seen.text("ledger") == "this check took 20 tokens in and 80 out, and cost <$0.0001 (%nbchat cost purpose: “check”)"
    assert not seen.wrong


def test_a_budget_holds_for_the_check_too() -> None:
    """What it would cost at most is held against a turn's and a day's budget before anything is sent; nothing is settled, and
    nothing stays reserved."""
    for limits, words in (
        (Limits(day=Decimal("0.00001")), "today's budget"),
        (Limits(turn=Decimal("0.00001")), "this turn's budget"),
        (Limits(session=Decimal(0)), ""),
        (Limits(day=Decimal(1)), ""),
    ):
        with ScriptedServer(counting(0.0), models=("tiny",)) as server:
            seen = probed(server, price=PRICE, limits=lambda limits=limits: limits)
            assert len(server.chats) == len(seen.rows) == (not words)
        assert (seen.found["answer"].state == "wrong") is bool(words)
        if words:
            assert seen.text("answer").startswith("tiny: Not sent: it would cost")
            assert words in seen.text("answer")
            assert "Raise it" in seen.found["answer"].hint
            assert "ledger" not in seen.found


def test_a_check_whose_price_nobody_knows_is_not_sent_where_there_is_a_budget() -> None:
    """As no question is, but to a server on this machine."""
    for local in (False, True):
        with ScriptedServer(counting(0.0), models=("tiny",)) as server:
            seen = probed(server, limits=lambda: Limits(day=Decimal(1)), local=lambda _, local=local: local)
            assert len(server.chats) == local
        assert ("nobody knows what lab/tiny costs" in seen.text("answer")) is not local


def test_what_it_may_cost_is_reserved_while_it_runs() -> None:
    """A question that begins meanwhile cannot take the same money; afterwards it can."""
    gate = Gate()

    async def main(server: ScriptedServer) -> None:
        async with house(server, price=PRICE, limits=lambda: Limits(day=Decimal("0.0005"))) as built:
            probe = asyncio.create_task(Probe(built.registry, built.ports, built.manager.budgets, "lab", "tiny").run())
            await asyncio.to_thread(gate.wait_reached, 4)
            session = await built.session()
            refused = await answer(session.submit("hi", parameters={"max_tokens": 800}))
            assert refused.error is not None
            assert refused.error.kind == "budget"
            gate.open()
            await probe
            assert (await answer(session.submit("hi", parameters={"max_tokens": 600}))).status == "complete"

    with ScriptedServer([Reply.text(tokens=TOKENS, gate=gate), Reply.text("hi")], models=("tiny",)) as server:
        gate.release(3)
        asyncio.run(main(server))


def test_a_model_that_is_still_loading_is_named() -> None:
    """Not a fault: a note that says how far it is, and to look again."""
    loading = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error", "progress": 0.4}}

    async def main(server: ScriptedServer) -> Trial:
        async with house(server) as built:
            trial = Trial(built.registry.endpoint("lab"), built.ports, built.manager.budgets, "tiny")
            await trial.ask(0.5)
            return trial

    with ScriptedServer(Reply.json(loading, status=503), models=("tiny",)) as server:
        trial = asyncio.run(main(server))
    found = trial.findings("")[0]
    assert (found.about, found.state) == ("answer", "note")
    assert found.text == "tiny: The server was still loading the model after 0 s, 40%."
    assert "Look again" in found.hint


def test_it_teaches_nothing_of_what_a_character_is_worth() -> None:
    """Numbers are no prose: estimates of real answers must not be made from them."""
    with ScriptedServer(counting(0.0), models=("tiny",)) as server:

        async def main() -> None:
            async with house(server) as built:
                await Probe(built.registry, built.ports, built.manager.budgets, "lab", "tiny").run()
                (row,) = await built.ports.ledger.records()
                assert row.usage.certainty == "reported"
                assert not (await built.ports.ledger.calibration("lab", "tiny")).rows
                await built.ports.ledger.settle(replace(row, id="r", purpose="answer"))
                assert (await built.ports.ledger.calibration("lab", "tiny")).rows == 1

        asyncio.run(main())


def test_a_server_that_counts_nothing_makes_estimates() -> None:
    """That is told, not hidden."""
    seen = against(Reply.text(tokens=TOKENS, usage_shape="never"))
    assert (seen.found["usage"].state, seen.wrong) == ("note", set())
    assert "~" in seen.text("ledger")
