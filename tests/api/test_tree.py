"""The handle's part that works on the tree, tools and files, in a plain script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from traitlets.utils.bunch import Bunch

import nbchat
from nbchat.app import app
from nbchat.core.errors import ChatError, UsageError
from nbchat.testing import Gate, Reply, Request
from tests.support.apps import running_app


def test_a_session_is_edited_branched_and_switched_from_python() -> None:
    """The surface as people write it: edit, regenerate, branches, switch, hide, delete, restore, edit_reply."""
    with running_app(*(Reply.text(text) for text in ("one", "two", "three", "four"))) as server:
        s = nbchat.session("notes")
        first = s.ask("first")
        second = s.edit(s.messages[0].id, "other").result()
        third = s.regenerate().result()
        assert [m.text for m in s.messages] == ["other", "three"]
        assert s.branches(third.id) == (second, third)
        s.switch(first.id)
        assert [m.text for m in s.messages] == ["first", "one"]
        mine = s.edit_reply(first.id, "mine")
        s.hide(s.messages[0].id)
        assert s.ask("and?").text == "four"
        assert [m["content"] for m in server.chats[3].json["messages"]] == ["mine", "and?"]
        gone = s.delete(mine.id)
        assert [m.text for m in s.messages] == ["first", "and?", "four"]
        s.restore(gone)
        assert [m.text for m in s.messages] == ["first", "mine", "and?", "four"]
        with pytest.raises(UsageError):
            s.edit(mine.id, "x").stop()


def test_a_stopped_answer_is_resumed() -> None:
    """`result` raises with the partial; `resume` gives the whole."""
    gate = Gate()
    gate.release(1)
    with running_app(Reply.text(tokens=["one ", "x"], gate=gate), Reply.text("two")):
        s = nbchat.session("notes")
        turn = s.send("count")
        assert next(iter(turn)) == "one "
        turn.stop()
        with pytest.raises(ChatError) as caught:
            turn.result()
        assert caught.value.message is not None
        assert caught.value.message.text == "one "
        assert "".join(s.resume()) == "one two"
        assert [m.text for m in s.messages] == ["count", "one two"]
        with pytest.raises(UsageError):
            s.resume().stop()


def test_functions_are_tools_once_they_are_allowed() -> None:
    """A script allows by name; what the model calls is the person's own function."""
    seen: list[int] = []

    def double(n: int) -> int:
        """Double a number."""
        seen.append(n)
        return 2 * n

    def reply(request: Request) -> Reply:
        last = request.json["messages"][-1]
        return (
            Reply.text(f"It is {last['content']}.") if last["role"] == "tool" else Reply.text(tool_calls=[("double", {"n": 21})])
        )

    with running_app() as server:
        server.then(*[reply] * 6)
        s = nbchat.session("notes")
        s.tools = [double]
        assert s.tools == (double,)
        refused = s.ask("go")
        assert "not run" in refused.text
        assert not seen
        s.allow("double")
        assert s.ask("go").text == "It is 42."
        assert seen == [21]
        s.tools = []
        with pytest.raises(UsageError):
            s.allow("double")


def test_a_tool_that_waits_for_its_own_conversation_is_told_so_at_once() -> None:
    """It would wait for itself until somebody stops it; asking elsewhere works, and nothing was sent in vain."""

    def ask_here() -> str:
        """Ask here."""
        return s.ask("and?").text

    def ask_there() -> str:
        """Ask there."""
        return nbchat.session("there").ask("and?").text

    def script(request: Request) -> Reply:
        if request.question == "and?":
            return Reply.text("there it is")
        last = request.json["messages"][-1]
        return Reply.text(last["content"]) if last["role"] == "tool" else Reply.text(tool_calls=[(request.question, {})])

    with running_app() as server:
        server.then(*[script] * 5)
        s = nbchat.session("notes")
        s.tools = [ask_here, ask_there]
        with pytest.raises(UsageError):
            s.allow()
        s.allow(all=True)
        assert "cannot wait" in s.ask("ask_here").text
        assert s.ask("ask_there").text == "there it is"
        assert [chat.question for chat in server.chats].count("and?") == 1


def test_tools_that_ask_each_others_conversations_do_not_wait_in_a_circle() -> None:
    """A's tool asks B, whose tool asks A: the innermost is told, and everybody gets an answer."""

    def ask_b() -> str:
        """Ask b."""
        return nbchat.session("b").ask("ask_a").text

    def ask_a() -> str:
        """Ask a."""
        return nbchat.session("a").ask("anything").text

    def script(request: Request) -> Reply:
        last = request.json["messages"][-1]
        return Reply.text(last["content"]) if last["role"] == "tool" else Reply.text(tool_calls=[(request.question, {})])

    with running_app() as server:
        server.then(*[script] * 6)
        a, b = nbchat.session("a"), nbchat.session("b")
        a.tools, b.tools = [ask_b], [ask_a]
        a.allow("ask_b")
        b.allow("ask_a")
        assert "cannot wait" in a.ask("ask_b").text
        assert [chat.question for chat in server.chats].count("anything") == 0


def test_a_listener_may_decide_about_calls() -> None:
    """`on("approval-needed")` makes a script somebody who can decide; the exact arguments are in the event."""

    def double(n: int) -> int:
        """Double a number."""
        return 2 * n

    with running_app(Reply.text(tool_calls=[("double", {"n": 21})]), Reply.text("42")):
        s = nbchat.session("notes")
        s.tools = [double]
        heard: list[str] = []

        def decide(event: nbchat.SessionEvent) -> None:
            heard.append(event.data.arguments)
            s.decide(event.data.call, "once")

        end = s.on("approval-needed", decide)
        assert s.ask("go").text == "42"
        assert heard == ['{"n": 21}']
        assert s.approvals == ()
        end()


def test_parameters_of_the_conversation_and_of_one_turn() -> None:
    """The turn's win, None takes one out, wrong ones are refused before anything is sent; the answer remembers them."""
    with running_app(Reply.text("one"), Reply.text("two")) as server:
        s = nbchat.session("notes")
        s.parameters = {"temperature": 0.2, "max_tokens": 50, "provider": {"sort": "price"}}
        s.ask("a")
        message = s.ask("b", temperature=None, seed=1)
        with pytest.raises(UsageError):
            s.ask("c", temperature=7)
        with pytest.raises(UsageError):
            s.parameters = {"top_p": 0}
        assert server.chats[0].json["provider"] == {"sort": "price"}
        assert "temperature" not in server.chats[1].json
        assert message.parameters == {"max_tokens": 50, "provider": {"sort": "price"}, "seed": 1}
        assert len(server.chats) == 2


def test_a_fork_goes_its_own_way() -> None:
    """The copy has the path up to a message; neither conversation sees what happens in the other, and costs stay."""
    with running_app(*(Reply.text(text) for text in ("one", "two", "three"))):
        s = nbchat.session("notes")
        first = s.ask("a")
        s.ask("b")
        other = s.fork(message_id=first.id)
        assert other.name == "notes (fork)"
        other.ask("c")
        assert [m.text for m in other.messages] == ["a", "one", "c", "three"]
        assert [m.text for m in s.messages] == ["a", "one", "b", "two"]
        assert other.usage.output_tokens == other.messages[-1].usage.output_tokens
        assert s.fork("mine").name == "mine"


def test_conversations_are_found_named_archived_and_removed() -> None:
    """Listing, search, rename, archive, purge; the observable list hears of it."""
    with running_app(Reply.text("Monads are burritos."), Reply.text("two")):
        s = nbchat.session("notes")
        s.ask("What is a monad?")
        nbchat.session("other").ask("hi")
        manager = nbchat.manager
        assert [row["name"] for row in manager.conversations()] == ["other", "notes"]
        assert [row["name"] for row in manager.conversations(limit=1, offset=1)] == ["notes"]
        hits = manager.search("burrito")
        assert [(row["conversation"], row["who"]) for row in hits] == [("notes", "assistant")]
        manager.rename("notes", "monads")
        assert s.name == "monads"
        manager.archive("monads")
        assert [row["name"] for row in manager.conversations()] == ["other"]
        assert [row["name"] for row in manager.conversations(archived=True)] == ["monads"]
        assert manager.names == ("other",)
        assert manager.purge(0) == 0  # live ones stay
        for days in (-1, float("nan"), True):
            with pytest.raises(nbchat.UsageError, match="no number of days"):
                manager.purge(days)
        manager.close("monads")
        manager.close("other")
        assert manager.purge(0, archived=True) == 1
        assert [row["name"] for row in manager.conversations(archived=None)] == ["other"]
        assert len(nbchat.ledger()) == 2
        with pytest.raises(UsageError):
            manager.rename("nobody", "x")


def test_private_sessions_leave_nothing_behind(tmp_path: Path) -> None:
    """Nothing in the database, the ledger or the recent models; the name is free again."""
    with running_app(Reply.text("a secret answer"), Reply.text("two")):
        s = nbchat.session("hush", private=True)
        assert s.private
        assert s.ask("a secret question").text == "a secret answer"
        assert [m.text for m in s.messages] == ["a secret question", "a secret answer"]
        assert list(nbchat.manager.conversations(archived=None)) == []
        assert list(nbchat.manager.search("secret")) == []
        assert len(nbchat.ledger()) == 0
        assert nbchat.settings.recent_models == ()
        with pytest.raises(UsageError):
            s.fork()
        nbchat.manager.close("hush")
        again = nbchat.session("hush")
        assert not again.private
        assert again.messages == ()
        with pytest.raises(UsageError):
            nbchat.session("hush", private=True)


def test_files_bring_a_conversation_back(tmp_path: Path) -> None:
    """JSON and notebooks hold every branch; Markdown and HTML the active path."""
    with running_app(*(Reply.text(text) for text in ("one", "two"))):
        s = nbchat.session("notes")
        s.ask("a")
        s.regenerate().result()
        for ending in (".json", ".ipynb"):
            back = nbchat.manager.load(s.export(tmp_path / f"notes{ending}"))
            assert back.name.startswith("notes (")
            assert [m.text for m in back.messages] == ["a", "two"]
            assert [m.text for m in back.branches(back.messages[-1].id)] == ["one", "two"]
        assert "two" in s.export(tmp_path / "notes.html").read_text("utf-8")
        assert json.loads((tmp_path / "notes.ipynb").read_text("utf-8"))["nbformat"] == 4
        with pytest.raises(UsageError):
            nbchat.manager.load(tmp_path / "notes.html")


def test_settings_prompts_and_recent_models_are_kept() -> None:
    """Later kernels find them; prompts are copied into the conversation; wrong values are refused."""
    with running_app(Reply.text("one"), Reply.text("two"), Reply.text("three")) as server:
        nbchat.prompts["mine"] = "Be mine."
        s = nbchat.session("notes")
        s.system = nbchat.prompts["mine"]
        s.ask("a")
        nbchat.prompts["mine"] = "Be other."
        s.ask("b", model="lab/other")
        assert [chat.json["messages"][0]["content"] for chat in server.chats] == ["Be mine.", "Be mine."]
        assert nbchat.settings.recent_models == ("lab/other", "lab/tiny")
        nbchat.settings.titles = "off"
        nbchat.settings.retention_days = 30
        nbchat.settings.drain_seconds = 2.5
        assert (nbchat.settings.titles, nbchat.settings.retention_days) == ("off", 30)
        assert nbchat.settings.drain_seconds == 2.5
        assert "drain_seconds" in repr(nbchat.settings)
        del nbchat.prompts["mine"]
        assert "mine" not in nbchat.prompts
        assert "concise" in nbchat.prompts
        for wrong in (-1, 0, True):
            with pytest.raises(UsageError):
                nbchat.settings.retention_days = wrong
        for seconds in (-1, True, 601, float("nan")):
            with pytest.raises(UsageError):
                nbchat.settings.drain_seconds = seconds
        nbchat.settings.drain_seconds = 0
        assert nbchat.settings.drain_seconds == 0
        with pytest.raises(UsageError):
            nbchat.settings.titles = "sometimes"
        with pytest.raises(UsageError):
            del nbchat.prompts["concise"]
        with pytest.raises(UsageError):
            nbchat.prompts["nobody"]


def test_lists_of_sessions_and_conversations_can_be_observed() -> None:
    """`active`, `running` and `names` tell their history; a callback that raises changes nothing."""
    gate = Gate()
    with running_app(Reply.text("one", gate=gate)):
        heard: dict[str, list[tuple[str, ...]]] = {"active": [], "running": [], "names": []}
        told = threading.Event()

        def listen(change: Bunch) -> None:
            heard[change.name].append(change.new)
            if change.name == "running" and change.new == () and heard["active"]:
                told.set()
            raise RuntimeError("a callback that fails")

        nbchat.manager.observe(listen, names=["active", "running", "names"])
        s = nbchat.session("notes")
        turn = s.send("hi")
        gate.open()
        turn.result()
        assert told.wait(20)
        wait_until(lambda: ("notes",) in heard["names"])
        nbchat.manager.rename("notes", "other")
        wait_until(lambda: ("other",) in heard["names"])
        nbchat.manager.delete("other")
        wait_until(lambda: heard["names"] and heard["names"][-1] == ())
        assert heard["active"][0] == ("notes",)
        assert ("notes",) in heard["running"]


def wait_until(condition: Callable[[], object]) -> None:
    """Let the callbacks' thread come so far."""
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("this never came true")


def test_a_handle_of_a_closed_session_changes_nothing_behind_its_successors_back() -> None:
    """The session that lives would not hear of it: another handle's edits would be in the database alone."""
    with running_app(Reply.text("one")):
        old = nbchat.session("notes")
        m = old.ask("hi")
        nbchat.manager.close("notes")
        live = nbchat.session("notes")
        for change in (
            lambda: old.hide(m.id),
            lambda: old.edit_reply(m.id, "by hand"),
            lambda: old.delete(m.id),
            lambda: old.switch(m.id),
            lambda: old.restore([m.id]),
        ):
            with pytest.raises(UsageError, match="was closed"):
                change()
        assert live.messages == tuple(app().background.wait(app().store.messages(live.id)))
        assert not live.messages[-1].hidden


def test_a_conversation_that_another_kernel_deleted_says_so() -> None:
    """A changed fact, or another branch, finds nothing to be saved in: a sentence, not a KeyError."""
    with running_app(Reply.text("one"), Reply.text("two")):
        s = nbchat.session("notes")
        first = s.ask("hi")
        s.regenerate().result()
        app().background.wait(app().store.delete(s.id))
        with pytest.raises(UsageError, match="was deleted"):
            s.title = "Gone"
        with pytest.raises(UsageError, match="was deleted"):
            s.switch(first.id)


def test_no_conversation_is_saved_without_a_name_or_under_the_name_of_a_private_one() -> None:
    """It could never be opened again, or not while the other one lives."""
    with running_app(Reply.text("one")):
        s = nbchat.session("notes")
        s.ask("hi")
        with pytest.raises(UsageError):
            s.fork("  ")
        with pytest.raises(UsageError):
            s.fork(5)  # type: ignore[arg-type]
        hush = nbchat.session("hush", private=True)
        with pytest.raises(UsageError, match="Choose another name"):
            nbchat.manager.rename("hush", "notes")
        with pytest.raises(UsageError, match="Choose another name"):
            nbchat.manager.rename("notes", "hush")
        nbchat.manager.rename("hush", "quiet")
        assert (hush.name, hush.private) == ("quiet", True)
        assert [row["name"] for row in nbchat.manager.conversations(archived=None)] == ["notes"]
