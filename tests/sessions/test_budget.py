"""Budgets: what would pass one is not sent, and nothing is lost by that."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from nbchat.core.cost import Price
from nbchat.core.errors import UsageError
from nbchat.sessions.budget import Allowance, amount_of
from nbchat.sessions.ports import Limits
from nbchat.sessions.state import Notice
from nbchat.storage import open_store
from nbchat.testing import Gate, Reply
from tests.support.clock import ManualClock
from tests.support.house import House, answer, eventually, live
from tests.support.records import spent

DOLLAR = Price(Decimal(0), Decimal(1_000))
"""An answer of 500 tokens, as is expected without a bound, costs half a dollar."""


def used(tokens: int, text: str = "Yes.", **reply: Any) -> Reply:
    return Reply.text(text, usage={"prompt_tokens": 1_000, "completion_tokens": tokens}, **reply)


def limits(**given: str) -> Any:
    return lambda: Limits(**{name: Decimal(amount) for name, amount in given.items()})


@pytest.mark.parametrize(
    ("given", "amount"),
    [("0.50", "0.50"), (0.1, "0.1"), (2, "2"), (Decimal("1E-3"), "0.001"), ("$3", "3"), (0, "0")],
)
def test_an_amount_is_taken_as_it_is_written(given: Any, amount: str) -> None:
    """A float too: 0.1 is a tenth, not what its bits are."""
    assert amount_of(given) == Decimal(amount)
    assert amount_of(None) is None


@pytest.mark.parametrize(
    "given", [-1, "much", float("nan"), float("inf"), True, "", [1], "1e999", 1e300, "1e999999999", "1e-999", "NaN", "-0.1"]
)
def test_what_is_no_amount_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="A budget is an amount"):
        amount_of(given)


def test_what_would_pass_a_turns_budget_is_not_sent_and_the_question_stays() -> None:
    """No request, no row, and the answer that failed can be asked for again with a higher budget; the estimate is said."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("Why?", budget="0.40"))
        assert message.status == "error"
        assert message.error is not None
        assert message.error.kind == "budget"
        assert message.error.text == (
            "Not sent: it would cost ~$0.50 (about 1 tokens in, about 500 out), and $0.40 is left of this turn's budget of $0.40."
        )
        assert "--budget" in message.error.hint
        assert await house.store.records() == []
        assert [m.text for m in await house.store.messages(session.id)] == ["Why?", ""]
        assert message.cost is not None
        assert message.cost.amount == 0
        assert (await answer(session.resume())).status == "error"
        again = await answer(session.resume(budget="0.6"))
        assert (again.id, again.text) == (message.id, "Yes.")
        assert session.notice is None

    assert len(live(test, used(10), price=DOLLAR).chats) == 1


def test_a_bound_of_the_answer_bounds_the_estimate() -> None:
    """`max_tokens` at the price of the output; without it an answer as long as those so far."""

    async def test(house: House) -> None:
        session = await house.session()
        refused = await answer(session.submit("Why?", budget="0.10", parameters={"max_tokens": 101}))
        assert refused.error is not None
        assert "up to 101 out" in refused.error.text
        assert (await answer(session.submit("Why?", budget="0.10", parameters={"max_tokens": 100}))).status == "complete"
        refused = await answer(session.submit("And?", budget="0.85"))
        assert refused.error is not None
        assert "about 900 out" in refused.error.text

    assert len(live(test, used(900), price=DOLLAR).chats) == 1


def test_nothing_passes_a_budget_of_zero_but_what_costs_nothing() -> None:
    """0 refuses everything that costs; a price of 0 costs nothing."""

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_budget(0)
        assert (await answer(session.submit("Why?"))).status == ("complete" if free else "error")

    for free in (False, True):
        live(test, used(10), price=Price(Decimal(0), Decimal(0)) if free else DOLLAR)


def test_a_conversations_own_budget_counts_all_its_requests() -> None:
    """It comes before the setting's, and what was spent before is read from the ledger."""

    async def test(house: House) -> None:
        session = await house.session()
        assert (await answer(session.submit("one"))).status == "error"
        await session.set_budget("1.30")
        assert (await answer(session.submit("two"))).status == "complete"
        message = await answer(session.submit("three"))
        assert message.error is not None
        assert "$0.40 is left of the conversation's budget of $1.30" in message.error.text
        assert session.notice is None
        await session.set_budget(None)
        assert (await answer(session.submit("four"))).status == "error"

    server = live(test, used(900), price=DOLLAR, limits=limits(session="0.2"))
    assert [chat.question for chat in server.chats] == ["two"]


def test_the_warning_comes_at_exactly_80_percent_and_goes_with_a_higher_budget() -> None:
    """In the session's notice, which trouble with the database keeps."""

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_budget("1")
        await answer(session.submit("one", parameters={"max_tokens": 799}))
        assert session.notice is None
        await answer(session.submit("two", parameters={"max_tokens": 1}))
        assert session.notice is not None
        assert session.notice.text == "80 % of the conversation's budget is spent: $0.80 of $1.00."
        trouble = Notice("warning", "Nothing is being saved.")
        session.set_notice(trouble)
        assert session.notice == trouble
        session.set_notice(None)
        assert session.notice is not None
        await session.set_budget("2")
        assert session.notice is None

    live(test, used(799), used(1), price=DOLLAR)


def test_a_days_budget_counts_the_requests_of_all_conversations_and_kernels_since_midnight() -> None:
    """Where the person is; what was asked yesterday is not of today."""
    clock = ManualClock(spent("1").started)

    async def test(house: House) -> None:
        other = spent("0.30", id="other kernel")
        yesterday = replace(other, id="yesterday", started=other.started - 86_400)
        for row in (other, yesterday):
            await house.store.settle(row)
        session = await house.session()
        assert (await answer(session.submit("one"))).status == "complete"
        refused = await answer((await house.session("second")).submit("two"))
        assert refused.error is not None
        assert "$0.20 is left of today's budget of $1.00" in refused.error.text
        clock.jump(86_400)
        assert (await answer(session.submit("three"))).status == "complete"

    live(test, used(500), used(500), price=DOLLAR, limits=limits(day="1"), clock=clock)


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25)], ids=["23 hours", "25 hours"])
def test_a_day_begins_at_midnight_where_clocks_change_in_it(month: int, day: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked half an hour before midnight is of yesterday, half an hour after it is of today."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    midnight, late = (time.mktime((2026, month, day, *hour, 0, 0, 0, -1)) for hour in ((0, 0), (23, 59)))
    clock = ManualClock(late)

    async def test(house: House) -> None:
        for name, started in (("yesterday", midnight - 1_800), ("today", midnight + 1_800)):
            await house.store.settle(spent("0.30", id=name, started=started))
        refused = await answer((await house.session()).submit("hi"))
        assert refused.error is not None
        assert "$0.40 is left of today's budget of $0.70" in refused.error.text

    try:
        live(test, price=replace(DOLLAR, output=Decimal(2_000)), limits=limits(day="0.70"), clock=clock)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_two_sessions_at_once_do_not_both_take_what_is_left() -> None:
    """What runs is reserved until it is settled; then only what it came to is gone."""
    gate = Gate()

    async def test(house: House) -> None:
        first, second = await house.session("first"), await house.session("second")
        running = first.submit("one")
        gate.release(1)
        await eventually(lambda: running.content.text != "")
        refused = await answer(second.submit("two"))
        assert refused.error is not None
        assert "$0.30 is left" in refused.error.text
        gate.open()
        await answer(running)
        assert (await answer(second.resume())).status == "complete"

    server = live(test, used(10, gate=gate), used(10), price=DOLLAR, limits=limits(day="0.80"))
    assert len(server.chats) == 2


def test_two_questions_sent_together_share_the_day() -> None:
    """However their checks interleave, one of the two is refused."""

    async def test(house: House) -> None:
        sessions = [await house.session(name) for name in ("a", "b", "c")]
        found = await asyncio.gather(*(answer(session.submit("hi")) for session in sessions))
        assert sorted(message.status for message in found) == ["complete", "error", "error"]

    live(test, used(500), price=DOLLAR, limits=limits(day="0.95"))


def test_each_round_of_tools_is_checked() -> None:
    """What a turn has come to counts: the round that would pass the budget is not asked, and what is there stays."""

    async def test(house: House) -> None:
        session = await house.session()

        def look() -> str:
            """Look."""
            return "seen"

        session.tools.set((look,))
        session.tools.allow("look")
        message = await answer(session.submit("Look.", budget="0.9"))
        assert message.status == "error"
        assert message.error is not None
        assert message.error.kind == "budget"
        assert message.text == "I look."
        assert [row.purpose for row in await house.store.records()] == ["answer"]
        assert message.cost is not None
        assert message.cost.amount == Decimal("0.5")
        assert (await answer(session.resume(budget=1))).status == "complete"

    first = Reply.text("I look.", tool_calls=[("look", {})], usage={"prompt_tokens": 10, "completion_tokens": 500})
    assert len(live(test, first, used(1), price=DOLLAR).chats) == 2


def test_without_a_price_only_what_runs_on_this_machine_passes() -> None:
    """Elsewhere nobody could say what it costs."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        if local:
            assert message.status == "complete"
        else:
            assert message.error is not None
            assert message.error.text == "Not sent: a budget is set, and nobody knows what lab/tiny costs."
            assert 'nbchat.set_price("lab/tiny", ' in message.error.hint

    for local in (True, False):
        server = live(test, used(10), limits=limits(day="1"), local={"lab": local}.__getitem__)
        assert len(server.chats) == local


def test_an_amount_in_another_currency_is_no_dollars() -> None:
    """A price in euros cannot be held against a budget in dollars, also one of this machine; nothing is nothing in each."""

    async def test(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        assert message.error is not None
        assert message.error.kind == "budget"
        assert message.error.text == (
            "Not sent: it would cost ~€0.50 (about 1 tokens in, about 500 out), and budgets are in US dollars."
        )
        assert 'nbchat.set_price("lab/tiny", ' in message.error.hint

    euros = replace(DOLLAR, currency="EUR")
    for local in (True, False):
        assert not live(test, price=euros, limits=limits(day="100"), local=lambda _, local=local: local).chats

    async def free(house: House) -> None:
        assert (await answer((await house.session()).submit("hi"))).status == "complete"

    assert live(free, used(10), price=replace(euros, output=Decimal(0)), limits=limits(day="100")).chats


def test_a_budget_that_was_passed_many_times_is_not_told_in_percent() -> None:
    """Nor is one of nothing."""
    for limit in ("0", "0.0000001"):
        notice = Allowance("day", Decimal(limit), Decimal("0.5")).notice
        assert notice is not None
        assert notice.text.startswith("More than all of today's budget is spent: $0.50 of ")
    notice = Allowance("day", Decimal("0.2"), Decimal("0.5")).notice
    assert notice is not None
    assert notice.text == "250 % of today's budget is spent: $0.50 of $0.20."


def test_a_title_that_would_pass_a_budget_is_not_asked_for() -> None:
    """It is not worth an error: the first words are the title."""

    async def test(house: House) -> None:
        house.manager._ports = replace(house.ports, helper_requests=lambda _: True)
        session = await house.session()
        await answer(session.submit("Why is the sky blue?", parameters={"max_tokens": 300}))
        titles = session._titles
        await eventually(lambda: titles._task is not None and titles._task.done())
        assert session.conversation.title == "Why is the sky blue?"

    server = live(test, used(300), price=DOLLAR, limits=limits(session="0.69"))
    assert len(server.chats) == 1


def test_a_private_conversation_counts_for_the_day_though_it_is_saved_nowhere() -> None:
    """The day's budget is about money, not about words."""

    async def test(house: House) -> None:
        private = open_store("memory:", clock=house.ports.clock)
        hidden = replace(house.ports, store=private, ledger=private)
        house.manager._ports = replace(house.ports, private=lambda: hidden)
        session = await house.manager.open("hush", model="lab/tiny", private=True)
        session.lease()
        assert (await answer(session.submit("one"))).status == "complete"
        refused = await answer((await house.session()).submit("two"))
        assert refused.error is not None
        assert "$0.10 is left" in refused.error.text
        assert await house.store.records() == []
        await house.manager.close(session)
        await private.aclose()

    live(test, used(500), price=DOLLAR, limits=limits(day="0.60"))
