"""Finding a model and watching its engine, from Python, from a magic and from a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

import nbchat
from nbchat.app import app
from nbchat.core.engine import EngineStatus
from nbchat.core.errors import ChatError, UsageError
from nbchat.core.models import Model
from nbchat.core.price import Price
from nbchat.export.listings import format_bytes, model_table
from nbchat.notebook.manage import run
from nbchat.testing import Reply, Request, ScriptedServer
from tests.notebook.browser import Browser
from tests.support.apps import running_app


@pytest.fixture
def two() -> Iterator[ScriptedServer]:
    """Two providers that answer, and one that does not."""
    with running_app(*[Reply.text("fine")] * 3) as lab, ScriptedServer(models=("qwen2.5-coder:7b", "tiny")) as more:
        nbchat.add_provider("more", base_url=more.base_url, api_key=more.api_key)
        nbchat.add_provider("gone", base_url=more.base_url, api_key="sk-of-yesterday")
        yield lab


def labels(table: list[dict[str, object]]) -> list[object]:
    return [row["model"] for row in table]


def test_the_active_provider_is_asked_unless_another_is_named(two: ScriptedServer) -> None:
    """Of one provider, or of all that answer."""
    assert labels(nbchat.list_models()) == ["lab/tiny", "lab/other"]
    assert labels(nbchat.list_models("more")) == ["more/qwen2.5-coder:7b", "more/tiny"]
    assert labels(nbchat.list_models("*"))[:4] == ["lab/tiny", "lab/other", "more/qwen2.5-coder:7b", "more/tiny"]
    with pytest.raises(ChatError, match="401"):
        nbchat.list_models("gone")


def test_a_search_finds_models_by_all_its_words(two: ScriptedServer) -> None:
    """Also in the names that were made of their ids."""
    assert labels(nbchat.list_models("*", search="coder 7B")) == ["more/qwen2.5-coder:7b"]
    assert labels(nbchat.list_models("*", search="TINY")) == ["lab/tiny", "more/tiny"]
    assert labels(nbchat.list_models(search="coder")) == []
    assert repr(nbchat.list_models(search="coder")) == "No model matches."


def test_the_models_that_were_asked_last_come_first_where_one_wants_them(two: ScriptedServer) -> None:
    """Of any provider, newest first, also one that does not answer (any more)."""
    s = nbchat.session("notes")
    assert labels(nbchat.list_models(recent=True)) == []
    for model in ("lab/other", "gone/m", "lab/tiny"):
        s.model = model
        s.send("hi")._turn.future.result()
    assert labels(nbchat.list_models(recent=True)) == ["lab/tiny", "gone/m", "lab/other"]
    assert [row["name"] for row in nbchat.list_models(recent=True)] == ["Tiny", "M", "Other"]
    assert labels(nbchat.list_models("lab", recent=True, search="other")) == ["lab/other"]
    browser = Browser(s)
    browser.say("models", ask="m1", query="")
    rows = browser.got("reply")["value"]["models"]
    assert [(row["id"], row.get("recent", False)) for row in rows[:3]] == [
        ("lab/tiny", True),
        ("lab/other", True),
        ("more/qwen2.5-coder:7b", False),
    ]


def test_the_magic_lists_searches_and_names_a_provider(two: ScriptedServer) -> None:
    """`%nbchat models [provider | *] [words]`: a word that is no provider is searched for."""

    def found(line: str) -> list[object]:
        return labels(run(app().services, line, None))

    assert found("models") == ["lab/tiny", "lab/other"]
    assert found("models tin") == ["lab/tiny"]
    assert found("models more coder 7b") == ["more/qwen2.5-coder:7b"]
    assert found("models * tiny") == ["lab/tiny", "more/tiny"]
    with pytest.raises(UsageError):
        run(app().services, "models --all", None)


def test_a_price_that_was_set_is_the_one_that_is_shown(two: ScriptedServer) -> None:
    """In Python's table and in a page's list: what is paid, whatever a listing says."""
    nbchat.set_price("lab/tiny", input="0.15", output="0.60")
    assert [row["input $/M"] for row in nbchat.list_models("lab")] == ["0.15", "–"]
    assert [row["output $/M"] for row in nbchat.list_models("*", search="tiny")] == ["0.6", "–"]
    browser = Browser(nbchat.session("t"))
    browser.say("models", ask="m1", query="")
    rows = browser.got("reply")["value"]["models"]
    assert next(row for row in rows if row["id"] == "lab/tiny")["price"] == ["$0.15", "$0.6"]


LOCAL = Model(
    "llama3.2:latest",
    "ollama",
    "Llama3.2",
    context_length=4096,
    capabilities=frozenset({"tools", "vision"}),
    tags=("llama", "3.2B"),
    size=2019393189,
    memory=3401853952,
    downloaded=True,
    loaded=True,
)


def test_a_table_of_models_says_what_they_cost_and_can() -> None:
    """Of hosted ones."""
    model = Model("m", "lab", "M", price=Price(Decimal("0.15"), Decimal("0.60")), capabilities=frozenset({"tools"}))
    assert model_table([model]) == [
        {"model": "lab/m", "name": "M", "context": None, "input $/M": "0.15", "output $/M": "0.6", "capabilities": "tools"}
    ]


def test_a_table_with_local_models_says_where_they_are_too() -> None:
    """Size, memory and tags, as far as their server says so."""
    table = model_table([LOCAL, Model("other", "ollama", "Other", downloaded=False), Model("m", "lab", "M")])
    assert table[0]["capabilities"] == "tools, vision"
    assert [(row["size"], row["state"], row["tags"]) for row in table] == [
        ("2.0 GB", "loaded, 3.4 GB", "llama, 3.2B"),
        ("–", "not downloaded", ""),
        ("–", "", ""),
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"),
        (5, "5 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (241410208, "241 MB"),
        (4683075271, "4.7 GB"),
        (10**15, "1000 TB"),
    ],
)
def test_bytes_as_people_read_them(count: int | None, text: str) -> None:
    """Decimal units, as disks and memory are sold."""
    assert format_bytes(count) == text


def test_a_listing_that_says_what_is_loaded_reaches_the_sessions() -> None:
    """Python sees it, and what observes the engine is told."""
    listing = {"data": [{"id": "tiny", "owned_by": "llamacpp", "meta": {"n_ctx": 4096}}]}

    class LlamaCpp(ScriptedServer):
        def _route(self, request: Request) -> Reply:
            return Reply.json(listing) if request.path == "/v1/models" else super()._route(request)

    with running_app(), LlamaCpp() as server:
        nbchat.add_provider("local", base_url=server.base_url, api_key=server.api_key)
        s = nbchat.session("notes", model="local/tiny")
        seen: list[EngineStatus] = []
        told = threading.Event()

        def changed(change: dict[str, EngineStatus]) -> None:
            seen.append(change["new"])
            told.set()

        s.observe(changed, names="engine")
        assert s.engine == EngineStatus()
        nbchat.list_models("local")
        assert s.engine == EngineStatus("ready")
        assert told.wait(30)
        assert seen[-1] == EngineStatus("ready")


def test_a_page_is_told_of_loading_and_each_cell_of_its_own_turn_alone() -> None:
    """The thread shows the engine; a cell whose turn has ended hears nothing of another's."""
    ready = threading.Event()

    def answer(request: Request) -> Reply:
        return Reply.text("fine") if ready.is_set() else Reply.loading(0.4)

    with ScriptedServer(answer, models=("tiny",)) as server, running_app():
        nbchat.add_provider("slow", base_url=server.base_url, api_key=server.api_key)
        s = nbchat.session("notes", model="slow/tiny")
        ready.set()
        first = s.send("one")
        first.result()
        ready.clear()
        turn = s.send("two")
        thread, running, ended = Browser(s), Browser(s, turn), Browser(s, first)
        loading = {"state": "loading", "text": "Loading the model", "progress": 0.4}
        thread.wait(lambda: thread.state["engine"] == loading)
        running.wait(lambda: running.state["engine"] == loading)
        ready.set()
        turn.result()
        thread.wait(lambda: thread.state["engine"]["state"] == "ready")
        assert ended.state["engine"]["state"] == "idle"
        thread.shows("one", "fine", "two", "fine")
