"""Budgets and full contexts from Python: set, kept, shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import nbchat
from nbchat.app import app
from nbchat.notebook.manage import run
from nbchat.testing import Reply
from tests.support.apps import running_app
from tests.support.priced import PricedServer


def test_budgets_are_set_kept_and_shown() -> None:
    """Settings for this and later kernels; a conversation's own comes back with it; what is no amount is refused."""
    with running_app():
        s = nbchat.session("notes")
        assert (s.budget, s.when_full) == (None, "refuse")
        s.budget, s.when_full = "0.50", "drop"
        nbchat.settings.budget_turn = 0.1
        nbchat.settings.budget_day = "2"
        assert nbchat.settings.budget_turn == Decimal("0.1")
        with pytest.raises(nbchat.UsageError, match="A budget is an amount"):
            nbchat.settings.budget_session = "much"
        with pytest.raises(nbchat.UsageError, match="A budget is an amount"):
            s.budget = -1
        with pytest.raises(nbchat.UsageError, match="when_full cannot be 'ask'"):
            s.when_full = "ask"
        assert "budget_day      2 " in repr(nbchat.settings)
    with running_app():
        s = nbchat.session("notes")
        assert (s.budget, s.when_full) == (Decimal("0.50"), "drop")
        limits = app().ports.limits()
        assert (limits.turn, limits.session, limits.day) == (Decimal("0.1"), None, Decimal(2))
        nbchat.settings.budget_day = None
        assert nbchat.settings.budget_day is None


def test_a_question_beyond_the_budget_raises_and_is_kept() -> None:
    """Elsewhere than on this machine and without a price nothing is sent; here it costs nothing that anybody could know."""
    with running_app(Reply.text("Yes.")) as server:
        assert nbchat.session("here").ask("Why?", budget="0.01").text == "Yes."
        nbchat.add_provider("far", base_url="https://far.invalid/v1", api_key="k-far-away")
        s = nbchat.session("there", model="far/tiny")
        with pytest.raises(nbchat.ChatError, match="nobody knows what far/tiny costs") as raised:
            s.ask("Why?", budget=1)
        assert raised.value.kind == "budget"
        assert [m.text for m in s.messages] == ["Why?", ""]
        with pytest.raises(nbchat.UsageError, match="A budget is an amount"):
            s.ask("Why?", budget="much")
        assert len(server.chats) == 1


def test_costs_are_written_where_one_says_with_options_in_any_order(tmp_path: Path) -> None:
    """And a folder that is not there is said, not raised as Python's own error."""
    with running_app(Reply.text("Yes.")):
        nbchat.session("notes").ask("Why?")
        path = tmp_path / "all of it.csv"
        for line in ("cost --since 2026-01-01 model --csv '{}'", "cost --csv '{}' model", "cost model --csv '{}'"):
            assert str(run(app().services, line.format(path), None)) == f"1 row of the ledger is in {path}."
            assert path.read_text().startswith("model,requests,")
        run(app().services, f"cost --csv '{path}'", None)
        assert path.read_text().startswith("started,seconds,")
        with pytest.raises(nbchat.UsageError, match="cannot be written: No such file or directory"):
            run(app().services, f"cost --csv {tmp_path}/none/x.csv", None)
        for wrong in ("cost --csv", "cost model day", "cost --until 2026-01-01"):
            with pytest.raises(nbchat.UsageError, match=r"Usage: %nbchat cost \[by\]"):
                run(app().services, wrong, None)


def length_of(provider: str, model: str) -> int | None:
    async def look() -> int | None:
        return await app().ports.context_length(provider, model)

    return app().background.wait(look())


def test_what_this_machine_and_its_models_can_read_is_known_without_asking_anybody() -> None:
    """Loopback and the demo are here; a context length comes from data that ship with the package, or a listing at hand."""
    with running_app() as server:
        nbchat.add_provider("openai", preset="openai", api_key="k-openai")
        ports = app().ports
        assert [ports.local(name) for name in ("lab", "demo", "openai")] == [True, True, False]
        assert length_of("openai", "gpt-4o") == 128_000
        assert [length_of(*each) for each in (("openai", "none-such"), ("nowhere", "tiny"), ("lab", "tiny"))] == [None] * 3
        assert not server.requests


def test_what_a_server_of_ones_own_lists_is_known_with_its_first_answer() -> None:
    """Its price and its model's context length stand in its listing, and nobody has to look at that before."""

    async def length() -> int | None:
        return await app().ports.context_length("own", "tiny")

    with running_app(), PricedServer([Reply.text("Yes.")], length=8_000, api_key=None) as server:
        nbchat.add_provider("own", base_url=server.base_url)
        cost = nbchat.session("notes", model="own/tiny").ask("Why?").cost
        assert cost is not None
        assert (cost.certainty, cost.source) == ("reported", "own listing")
        assert app().background.wait(length()) == 8_000
        assert [each.path for each in server.requests].count("/v1/models") == 1
