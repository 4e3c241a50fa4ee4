"""Transcripts of threads: how often they are sent, whose they are, and that a lost kernel socket ends nothing."""

from __future__ import annotations

from typing import Any, cast

import pytest

from nbchat.core.events import TextDelta
from nbchat.core.messages import Message, TextPart
from nbchat.export.transcript import MARKER
from nbchat.notebook import transcript
from nbchat.notebook.transcript import PAUSE, ThreadTranscript
from nbchat.sessions.session import Session
from tests.notebook.stage import ActedSession, Stage, play
from tests.support.clock import settle

NAMES = ("first", "other", "secret")


class Sent:
    """What stands for the kernel: it notes the updates that it is to send."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = self.iopub_socket = self
        self.texts: list[str] = []
        self.broken = False
        monkeypatch.setattr("IPython.display.publish_display_data", self._display)

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_id": "cell"}}

    def _display(self, data: dict[str, Any], transient: dict[str, Any]) -> None:
        self.id = transient["display_id"]
        self.texts.append(data["text/markdown"])

    def send(self, _socket: Any, kind: str, content: dict[str, Any], *, parent: Any, ident: bytes) -> None:
        if self.broken:
            raise OSError("closed")
        assert (kind, ident, parent["header"]["msg_id"]) == ("update_display_data", b"update_display_data", "cell")
        assert content["transient"] == {"display_id": self.id}
        self.texts.append(content["data"]["text/markdown"])


def path(count: int) -> list[Message]:
    return [Message(f"u{n}", "user", (TextPart(f"no. {n}"),)) for n in range(count)]


def test_a_thousand_changes_are_two_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first goes at once, the last one a second later; what changes nothing is not sent."""
    sent = Sent(monkeypatch)

    async def act(stage: Stage) -> None:
        kept = ThreadTranscript(sent, "notes", path(0), stage.clock)
        kept.display()
        for count in range(1, 1005):
            kept.show(path(count % 10 + 1))
        assert len(sent.texts) == 2
        await settle()  # its pause begins
        await stage.clock.advance(PAUSE)
        assert len(sent.texts) == 3
        assert "no. 4" in sent.texts[-1]
        await stage.clock.advance(10 * PAUSE)
        kept.show(path(5))
        assert len(sent.texts) == 3
        await stage.clock.advance(PAUSE)
        kept.show(path(3))
        assert "no. 2" in sent.texts[-1]

    play(act)


def test_a_transcript_that_cannot_be_sent_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A kernel that shuts down closes its sockets first: the stream goes on to its end."""
    sent = Sent(monkeypatch)

    async def act(stage: Stage) -> None:
        kept = ThreadTranscript(sent, "notes", path(0), stage.clock)
        kept.display()
        sent.broken = True
        kept.show(path(1))

    play(act)
    assert [record.name for record in caplog.records] == [transcript.__name__.rpartition(".")[0]]


def test_a_thread_that_shows_another_conversation_keeps_that_one_and_of_a_private_one_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under its own name; also what is said in the private one while it is shown stays out of the notebook."""
    sent = Sent(monkeypatch)

    async def act(stage: Stage) -> None:
        first, other, secret = (stage.session(name, [Message(f"u-{name}", "user", (TextPart(f"of {name}"),))]) for name in NAMES)
        secret.private = True
        view, _ = stage.view(first)
        kept = stage.hub.keep(view, lambda shown: ThreadTranscript(sent, "first", shown, stage.clock))
        kept.display()

        async def show(session: ActedSession) -> None:
            stage.hub.show(view, cast(Session, session))
            await settle()
            await stage.clock.advance(2 * PAUSE)

        await show(other)
        assert sent.texts[-1].startswith("*Chat “other”*\n\n> of other")
        await show(secret)
        await secret.begin(secret.submit("a secret"), 1)
        await secret.end(TextDelta("another secret"))
        await stage.clock.advance(2 * PAUSE)
        assert sent.texts[-1] == f"*Chat “secret”: nothing of it is kept.*\n\n{MARKER}"
        assert "of secret" not in "".join(sent.texts)
        await show(first)
        assert sent.texts[-1].startswith("*Chat “first”*\n\n> of first")

    play(act)
