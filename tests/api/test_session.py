"""The handle of a session, in a plain script: no frontend, no loop."""

from __future__ import annotations

import asyncio
import datetime
import gc
import json
import threading
import traceback
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError
from traitlets.utils.bunch import Bunch

import nbchat
from nbchat.api.session import SessionEvent
from nbchat.core.errors import ConfigError, KernelLoopError, UsageError
from nbchat.core.messages import Message
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.apps import running_app


def test_ask_returns_the_message_with_what_it_took() -> None:
    """`ask` blocks and gives text, status, usage and cost; `messages` has both sides."""
    with running_app(Reply.text("Hello there.")) as server:
        s = nbchat.session("notes")
        m = s.ask("hi", temperature=0.5)
        assert (m.text, m.status, m.model) == ("Hello there.", "complete", "lab/tiny")
        assert m.usage is not None
        assert m.usage.output_tokens is not None
        assert [each.role for each in s.messages] == ["user", "assistant"]
        assert s.usage == m.usage
        assert server.chats[0].json["temperature"] == 0.5


def test_a_name_always_means_the_same_handle() -> None:
    """Observers stay where they were put."""
    with running_app():
        assert nbchat.session("a") is nbchat.session("a")
        assert nbchat.session("a") is not nbchat.session("b")
        assert set(nbchat.manager.active) == {"a", "b"}


def test_a_turn_can_be_iterated_awaited_and_stopped() -> None:
    """send returns at once; the deltas join to the answer; stop keeps what came, and result raises with the partial."""
    gate = Gate()
    with running_app(Reply.text("one two three"), Reply.text("four"), Reply.text(tokens=["five ", "six"], gate=gate)) as server:
        s = nbchat.session("notes")
        assert "".join(s.send("a")) == "one two three"

        async def main() -> str:
            deltas = [delta async for delta in s.send("b")]
            return "".join(deltas)

        assert asyncio.run(main()) == "four"
        turn = s.send("c")
        gate.release(1)
        assert next(iter(turn)) == "five "
        turn.stop()
        assert turn.done
        server.wait_closed()
        with pytest.raises(nbchat.ChatError) as caught:
            turn.result()
        assert caught.value.message is not None
        assert (caught.value.message.text, caught.value.message.status) == ("five ", "stopped")


def test_aask_works_in_any_loop_and_a_timeout_leaves_the_turn_running() -> None:
    """Waiting shorter than the answer takes is not stopping it."""
    gate = Gate()
    with running_app(Reply.text("one"), Reply.text("two", gate=gate)):
        s = nbchat.session("notes")
        assert asyncio.run(s.aask("a")).text == "one"
        turn = s.send("b")
        with pytest.raises(TimeoutError):
            turn.result(timeout=0.01)
        gate.open()
        assert turn.result().text == "two"


def test_errors_name_the_fault_keep_the_question_and_the_next_one_works() -> None:
    """Wrong key, unknown model, a web page, a cut: each says what it is; the session goes on."""
    long = Reply.text("word " * 100)
    bad = {
        "auth": Reply.error(401, "Incorrect API key", code="invalid_api_key"),
        "not_found": Reply.error(404, "The model does not exist", code="model_not_found"),
        "protocol": Reply.html(),
        "interrupted": long.cut(len(long.body()) // 2),
    }
    with running_app(*(reply for kind in bad for reply in (bad[kind], Reply.text("fine")))):
        s = nbchat.session("notes")
        for kind in bad:
            with pytest.raises(nbchat.ChatError) as caught:
                s.ask(kind)
            assert caught.value.kind == kind
            assert caught.value.hint
            assert s.status == "error"
            assert s.ask("again").text == "fine"
            assert s.state.last_error is None
        assert [m.text for m in s.messages if m.role == "user"] == [q for kind in bad for q in (kind, "again")]
        partial = next(m for m in s.messages if m.status == "interrupted")
        assert partial.text.startswith("word word")


def test_a_server_that_is_not_there_is_a_network_error() -> None:
    """A wrong URL says where nobody answered, and costs nothing."""
    with running_app():
        nbchat.add_provider("gone", base_url="http://127.0.0.1:9/v1")
        s = nbchat.session("notes", model="gone/tiny")
        turn = s.send("hi")
        s.on("status-changed", lambda event: None)
        turn_retries = s.state.retry
        assert turn_retries is None or turn_retries.attempt >= 2
        turn.stop()
        assert s.cost.amount == 0


def test_an_empty_question_is_refused_before_anything_is_sent() -> None:
    """The caller's mistake is an exception at once."""
    with running_app() as server:
        s = nbchat.session("notes")
        for text in ("", "   ", "\n"):
            with pytest.raises(nbchat.UsageError, match="empty"):
                s.ask(text)
        with pytest.raises(nbchat.UsageError, match="needs a name"):
            nbchat.session("  ")
        assert not server.chats


def test_observers_and_listeners_hear_the_history() -> None:
    """Statuses in order; the text is readable from the callback; one that raises breaks nothing."""
    done = threading.Event()
    statuses: list[tuple[str, str]] = []
    texts: list[str] = []

    def heard(event: SessionEvent) -> None:
        statuses.append(event.data)

    def ended(event: SessionEvent) -> None:
        texts.append(event.data.text)
        done.set()

    def observed(change: Bunch) -> None:
        texts.append(change.new)
        raise RuntimeError("an observer's own fault")

    with running_app(Reply.text("Hello there.")):
        s = nbchat.session("notes")
        s.observe(observed, names="status")
        s.on("status-changed", heard)
        stop = s.on("turn-ended", ended)
        with pytest.raises(nbchat.UsageError, match="no event"):
            s.on("turn-finished", ended)
        s.ask("hi")
        assert done.wait(30)
        stop()
    assert statuses == [("idle", "submitted"), ("submitted", "streaming"), ("streaming", "idle")]
    assert texts[-1] == "Hello there."
    assert len(texts) > 1


def test_a_callback_may_use_the_session() -> None:
    """Calling back never deadlocks."""
    done = threading.Event()

    def again(event: SessionEvent) -> None:
        if s.ask("second").text == "two":
            done.set()

    with running_app(Reply.text("one"), Reply.text("two")):
        s = nbchat.session("notes")
        stop = s.on("turn-ended", again)
        s.send("first").result()
        stop()
        assert done.wait(30)


def test_what_the_session_does_cannot_be_set_and_what_people_choose_can() -> None:
    """`status` is read-only; title, model and system are the conversation's own and are saved."""
    with running_app(Reply.text("ok")) as server:
        s = nbchat.session("notes")
        with pytest.raises(TraitError, match="cannot be set"):
            s.status = "idle"
        s.title, s.model, s.system = "My notes", "lab/other", "be brief"
        assert (s.title, s.model, s.system) == ("My notes", "lab/other", "be brief")
        s.ask("hi")
        assert server.chats[0].json["model"] == "other"
        assert server.chats[0].json["messages"][0]["content"] == "be brief"
        assert "My notes" in repr(nbchat.manager.conversations())


def test_a_conversation_is_found_again_by_its_name_after_everything_closed() -> None:
    """A new process (here: a new app) shows what was said, and what it cost."""
    with running_app(Reply.text("kept")):
        nbchat.session("notes").ask("hi")
    with running_app():
        s = nbchat.session("notes")
        assert [m.text for m in s.messages] == ["hi", "kept"]
        assert s.usage.input_tokens is not None
        nbchat.manager.delete("notes")
        with pytest.raises(nbchat.UsageError, match="no conversation"):
            nbchat.manager.delete("notes")
        assert not nbchat.session("notes").messages
        assert len(nbchat.ledger()) == 1


def test_a_handle_that_is_dropped_lets_the_session_go() -> None:
    """No session lives on because somebody once looked at it."""
    with running_app():
        nbchat.session("notes")
        gc.collect()
        core = nbchat.manager._app.manager.get("notes")
        assert core is not None
        assert nbchat.manager._app.background.call(lambda: len(core._leases._held)) == 0


def test_it_can_be_taken_elsewhere(tmp_path: Path) -> None:
    """Data frames and files, with and without pandas' help."""
    with running_app(Reply.text("**Hello**")):
        s = nbchat.session("notes")
        s.ask("hi")
        assert list(s.to_dataframe()["text"]) == ["hi", "**Hello**"]
        assert s.to_dataframe()["created"][0].timestamp() == int(s.messages[0].created)
        assert "**Hello**" in s.export(tmp_path / "notes.md").read_text("utf-8")
        saved = json.loads(s.export(tmp_path / "notes.json").read_text("utf-8"))
        assert "**Hello**" in json.dumps(saved)
        with pytest.raises(nbchat.UsageError):
            s.export(tmp_path / "notes.docx")
        assert "lab/tiny" in repr(s)


def test_no_export_has_a_key(tmp_path: Path) -> None:
    """Not even where the server's error repeats it."""
    key = "sk-canary-0123456789"
    replies = [Reply.text("All is well."), Reply.error(401, f"Incorrect API key provided: {key}")]
    with running_app(), ScriptedServer(replies, api_key=key) as server:
        nbchat.add_provider("guarded", base_url=server.base_url, api_key=key)
        s = nbchat.session("notes", model="guarded/tiny")
        s.ask("hi")
        with pytest.raises(nbchat.ChatError):
            s.ask("again")
        assert key in server.chats[1].headers["authorization"]
        for name in ("a.md", "a.html", "a.json", "a.ipynb"):
            text = s.export(tmp_path / name).read_text("utf-8")
            assert "All is well." in text
            assert "API key" in text
            assert "canary" not in text


def test_a_database_that_cannot_be_written_is_said_and_the_chat_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In Python as in the view: what is wrong and what to do; questions are answered, from memory."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NBCHAT_HOME", str(tmp_path / "file" / "below"))
    with running_app(Reply.text("one"), Reply.text("two")):
        s = nbchat.session("notes")
        assert [s.ask(text).text for text in ("a", "b")] == ["one", "two"]
        assert s.notice.kind == "warning"
        assert "Nothing is being saved" in s.notice.text
        assert "NBCHAT_HOME" in s.notice.hint
        assert [m.text for m in nbchat.session("notes").messages] == ["a", "one", "b", "two"]
    assert "cannot save" in caplog.text


def test_money_is_summed_by_what_one_asks() -> None:
    """By day, session, model and provider; anything else is refused."""
    with running_app(Reply.text("a"), Reply.text("b", usage={"prompt_tokens": 7, "completion_tokens": 3, "cost": 0.25})):
        nbchat.session("one").ask("hi")
        nbchat.session("two").ask("hi")
        sums = nbchat.ledger("session")
        assert list(sums["session"]) == ["one", "two"]
        assert list(sums["cost"]) == [None, Decimal("0.25")]
        assert list(nbchat.ledger("provider")["requests"]) == [2]
        assert len(nbchat.ledger(since="2001-01-01")) == 2
        assert len(nbchat.ledger("day", since=datetime.date(2999, 1, 1))) == 0
        with pytest.raises(nbchat.UsageError, match="Cannot sum"):
            nbchat.ledger("moon")  # type: ignore[arg-type]
        with pytest.raises(nbchat.UsageError, match="since is a day"):
            nbchat.ledger(since="yesterday")


def test_a_blocking_call_on_nbchats_own_thread_is_refused_before_anything_is_sent() -> None:
    """It would wait for itself for ever, or raise and leave a paid turn behind; the async forms work there."""
    with running_app(Reply.text("fine")) as server:
        s = nbchat.session("notes")
        turn = s.send("hi")

        async def ask() -> Message:
            return s.ask("again")

        async def iterate() -> list[str]:
            return list(turn)

        for wrong in (ask, iterate):
            with pytest.raises(KernelLoopError, match="own thread"):
                nbchat.run_sync(wrong())
        turn.result()
        assert len(s.messages) == 2
        assert len(server.chats) == 1


def test_a_deleted_conversation_cannot_be_changed() -> None:
    """A handle that outlived its conversation says what to do."""
    with running_app():
        s = nbchat.session("notes")
        nbchat.manager.delete("notes")
        for name, value in (("model", "lab/other"), ("system", "be brief"), ("title", "Notes")):
            with pytest.raises(UsageError, match="was closed"):
                setattr(s, name, value)


def test_a_refused_provider_shows_no_key_in_a_traceback() -> None:
    """P25: Verbose tracebacks print what arguments are bound to, and notebooks keep them."""
    with running_app(), pytest.raises(ConfigError) as refused:
        nbchat.add_provider("bad", base_url="ftp://nowhere", api_key="sk-CANARY-in-a-frame")
    frames = [frame for frame, _ in traceback.walk_tb(refused.tb) if "/nbchat/" in frame.f_code.co_filename]
    assert len(frames) > 2
    assert not [frame for frame in frames if "CANARY" in repr(frame.f_locals)]


def test_what_is_no_text_is_the_callers_mistake() -> None:
    """It must not be taken for a fault of the database, which would switch saving off."""
    wrong: Any = 5
    with running_app() as server:
        s = nbchat.session("notes")
        for call in (
            lambda: s.ask(wrong),
            lambda: setattr(s, "system", wrong),
            lambda: setattr(s, "model", wrong),
            lambda: nbchat.session("other", system=wrong),
            lambda: nbchat.session(wrong),
        ):
            with pytest.raises(UsageError):
                call()
        assert s.notice is None
        assert not server.chats
