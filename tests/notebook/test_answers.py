"""What a view is told when somebody looks closer: models of a large catalogue, where the money went, a conversation as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nbchat
from nbchat.core.models import Model
from nbchat.core.price import Price
from nbchat.notebook.exports import PIECE
from nbchat.notebook.wire import Json
from nbchat.testing import Reply
from tests.notebook.browser import Browser
from tests.support.apps import app_of, running_app
from tests.support.priced import PricedServer


def ask(browser: Browser, op: str, **fields: Any) -> Json:
    browser.say(op, **{"ask": f"{op}-1", **fields})
    told = browser.got("reply")
    assert "error" not in told, told
    value: Json = told["value"]
    return value


def test_models_of_a_large_catalogue_are_found_in_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred at most and how many there are, those asked last first; prices per million tokens."""
    free = Price(input=None, output=None)
    many = [Model(f"m{n}", "lab", f"Model {n}", context_length=n, price=free) for n in range(10_000)]
    with running_app(Reply.text("one")) as server:

        async def listed(_registry: Any, provider: str, *, refresh: bool = False) -> tuple[Model, ...]:
            return (*many, Model("tiny", "lab", capabilities=frozenset({"tools"}))) if provider == "lab" else ()

        monkeypatch.setattr("nbchat.providers.registry.ProviderRegistry.models", listed)
        s = nbchat.session("notes")
        s.ask("hi")
        browser = Browser(s)
        told = ask(browser, "models", query="")
        assert (len(told["models"]), told["total"], told["error"]) == (100, 10_001, None)
        assert told["models"][0] == {"id": "lab/tiny", "name": "tiny", "context_length": None, "can": ["tools"], "recent": True}
        assert told["models"][1] == {"id": "lab/m0", "name": "Model 0", "context_length": 0}
        assert len(json.dumps(told)) < 20_000
        found = ask(browser, "models", query="M999")
        assert ([row["id"] for row in found["models"]][:2], found["total"]) == (["lab/m999", "lab/m9990"], 11)
        assert ask(browser, "models", query="none of these")["total"] == 0
        assert len(server.chats) == 1


def test_money_and_tokens_are_taken_apart_by_model_and_purpose(tmp_path: Path) -> None:
    """The whole conversation, as certain as it is; and the shares of the context add up to what will be sent."""
    usage = {"prompt_tokens": 100, "completion_tokens": 50}
    replies = [Reply.text("one", usage=usage), Reply.text("two", usage=usage)]
    with PricedServer(replies, length=1_000) as server, app_of(server, tmp_path / "chats.db"):
        nbchat.list_models("lab")
        s = nbchat.session("notes", model="lab/tiny", system="Be brief. " * 20)
        s.parameters = {"max_tokens": 100}
        s.ask("hi")
        s.ask("again")
        told = ask(Browser(s), "breakdown")
        assert (told["all"]["requests"], told["all"]["cost"], told["all"]["certainty"]) == (2, "$0.40", "reported")
        assert told["all"]["usage"]["input_tokens"] == 200
        assert [(row["name"], row["requests"], row["cost"]) for row in told["models"]] == [("lab/tiny", 2, "$0.40")]
        assert [row["name"] for row in told["purposes"]] == ["answer"]
        context = told["context"]
        assert (context["length"], context["kept"], context["omitted"]) == (1_000, 100, 0)
        assert sum(part["tokens"] for part in context["parts"]) == context["tokens"] == 150
        assert {part["name"] for part in context["parts"]} == {"system", "messages"}


def test_the_breakdown_of_a_cell_is_of_the_conversation() -> None:
    """Not of its own turn alone; threads are told what they would be told without it."""
    with running_app(Reply.text("one " * 100), Reply.text("two " * 100)):
        s = nbchat.session("notes")
        s.ask("hi " * 100)
        turn = s.send("again")
        turn.result()
        context = ask(Browser(s, turn), "breakdown")["context"]
        thread = Browser(s)
        s.system = "Be brief."
        s.system = None
        assert context["tokens"] == ask(thread, "breakdown")["context"]["tokens"]


def test_nothing_was_asked_and_nothing_is_known() -> None:
    """Zero is zero, and no share divides by it."""
    with running_app():
        told = ask(Browser(nbchat.session("notes")), "breakdown")
        assert (told["all"]["requests"], told["all"]["cost"], told["models"]) == (0, "$0.00", [])
        assert told["context"]["parts"] == []


@pytest.mark.parametrize("form", ["md", "json", "ipynb", "html"])
def test_an_export_is_what_the_session_exports(form: str, tmp_path: Path) -> None:
    """Piece by piece, the same text although the conversation goes on meanwhile; the name is made of the title."""
    with running_app(Reply.text("long " * 50_000), Reply.text("two")):
        s = nbchat.session("notes")
        s.ask("hi")
        s.title = "../What? <it> is\n"
        wanted = s.export(tmp_path / f"x.{form}").read_text("utf-8")
        browser = Browser(s)
        first = ask(browser, "export", form=form, piece=0)
        assert first["name"] == f"What- -it- is.{form}"
        assert first["pieces"] == -(-len(wanted) // PIECE) > 1
        s.ask("more")
        of = first["of"]
        rest = [ask(browser, "export", form=form, piece=number, of=of, ask=f"p{number}") for number in range(1, first["pieces"])]
        assert "".join(piece["text"] for piece in [first, *rest]) == wanted
        browser.close()
        assert browser.view.exported is None  # a closed widget may live as long as the kernel


def test_an_export_is_saved_beside_the_notebook_where_pages_download_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a name that is free."""
    monkeypatch.chdir(tmp_path)
    with running_app(Reply.text("one")):
        s = nbchat.session("notes")
        s.ask("hi")
        s.title = "Ships"
        browser = Browser(s)
        paths = [ask(browser, "export", form="md", piece=0, save=True, ask=f"e{n}")["path"] for n in range(2)]
        assert paths == [str(tmp_path / "Ships.md"), str(tmp_path / "Ships 2.md")]
        assert (tmp_path / "Ships 2.md").read_text("utf-8") == s.export(tmp_path / "x.md").read_text("utf-8")


def test_a_page_that_asked_again_and_again_gets_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that was busy hears all of it at once; and once more where the reply was lost."""
    monkeypatch.chdir(tmp_path)
    with running_app():
        browser = Browser(nbchat.session("notes"))
        for _ in range(6):
            browser.say("export", form="md", piece=0, save=True, ask="e1")
        path = browser.got("reply")["value"]["path"]
        assert ask(browser, "export", form="md", piece=0, save=True, ask="e1")["path"] == path
        assert [str(file) for file in tmp_path.glob("*.md")] == [path]


@pytest.mark.parametrize("fields", [{"form": "exe", "piece": 0}, {"form": "md", "piece": 1}, {"form": "md", "piece": -1}])
def test_an_export_that_there_is_not_is_refused(fields: Json) -> None:
    """Another form, a piece of none."""
    with running_app():
        browser = Browser(nbchat.session("notes"))
        browser.say("export", ask="a1", **fields)
        assert browser.got("reply")["error"]["kind"] == "invalid"
