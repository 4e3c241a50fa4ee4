"""Two views and a script send at the same instant: one request for each message, in order, none lost, none double.

`python -m tests.soak.sends [--samples 1000] [--seed N]` runs the full number; the tests run a seeded sample.

The views ask on the browsers' way (`intents.handle` with views of the hub), one of them often twice with the same client id, as
a message that comes over two channels does; the script calls `Session.send` on a thread of its own.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbchat
from nbchat.api.session import Session
from nbchat.api.turn import Turn
from nbchat.app import app
from nbchat.notebook.intents import handle
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json
from nbchat.testing import Reply, ScriptedServer
from tests.soak.command import attack
from tests.support.apps import app_of

ROUNDS_A_CONVERSATION = 20
"""A request carries the whole conversation: one of a thousand rounds would measure JSON."""


class Browser:
    """A page's side of a view: what it was sent."""

    def __init__(self, session: Session) -> None:
        services = app().services
        self.view: View = services.background.call(services.hub.add, session._core)
        self.replies: list[Json] = []
        self._replied = threading.Condition()
        services.background.call(services.hub.connect, self.view, self)

    def custom(self, content: Json) -> None:
        if content["op"] in ("sent", "refused"):
            with self._replied:
                self.replies.append(content)
                self._replied.notify_all()

    def wait(self, replies: int) -> None:
        """Wait until the kernel has answered this often."""
        with self._replied:
            assert self._replied.wait_for(lambda: len(self.replies) >= replies, 10), "a view was not answered"

    def update(self, state: Json) -> None:
        """Synced state is not what this is about."""

    def send(self, text: str) -> None:
        services = app().services
        services.background.post(
            handle, services, self.view, {"op": "send", "text": text, "client_id": f"{self.view.session.name}, {text}"}
        )


class Crowd:
    """One conversation, two views of it and a script."""

    def __init__(self, name: str, server: ScriptedServer) -> None:
        self.server = server
        self.session = nbchat.session(name)
        self.views = Browser(self.session), Browser(self.session)
        self.sent: list[Turn] = []
        self.before = len(server.chats)
        self.repeats = 0

    def send_together(self, number: int, chance: random.Random, pool: ThreadPoolExecutor) -> None:
        """Three send at once (one of them twice, perhaps); returns when all is answered."""
        start, twice = threading.Barrier(4), chance.random() < 0.4
        self.repeats += twice

        def at_once(send: Callable[[], object]) -> None:
            start.wait(10)
            send()

        one, two = self.views
        calls: list[Callable[[], object]] = [
            lambda: one.send(f"one {number}"),
            lambda: two.send(f"two {number}"),
            lambda: self.sent.append(self.session.send(f"script {number}")),
            lambda: one.send(f"one {number}") if twice else None,
        ]
        for done in [pool.submit(at_once, call) for call in calls]:
            done.result(10)
        one.wait(number + 1 + self.repeats)
        two.wait(number + 1)
        core = self.session._core
        while core.busy:
            last = (core.turn, *core.queue)[-1]
            assert last is not None
            last.future.result(10)

    def judge(self, rounds: int) -> None:
        """Check that each message was asked once, in the order of the conversation, on a history that alternates."""
        one, two = self.views
        path = self.session.messages
        asked = [message.text for message in path if message.role == "user"]
        wanted = Counter(f"{who} {number}" for number in range(rounds) for who in ("one", "two", "script"))
        assert Counter(asked) == wanted, f"lost {wanted - Counter(asked)}, double {Counter(asked) - wanted}"
        assert [message.role for message in path] == ["user", "assistant"] * (3 * rounds)
        assert all(message.status == "complete" for message in path)
        for number in range(rounds):  # those of one round may come in any order, those of two rounds may not
            assert {text.split()[1] for text in asked[3 * number : 3 * number + 3]} == {str(number)}
        chats = self.server.chats[self.before :]
        assert [request.question for request in chats] == asked, "one request for each message, in order"
        for at, request in enumerate(chats):
            assert [message["content"] for message in request.messages] == [message.text for message in path[: 2 * at + 1]]
        background, store = app().background, app().store
        assert background.wait(store.messages(self.session.id)) == list(path)
        assert [row.message for row in background.wait(store.records(self.session.id))] == [m.id for m in path[1::2]]
        self._judge_replies(one, rounds + self.repeats)
        self._judge_replies(two, rounds)

    @staticmethod
    def _judge_replies(browser: Browser, count: int) -> None:
        """Each time that a view sent it was told so, with the turn; a repeated one with the same turn."""
        assert [reply["op"] for reply in browser.replies] == ["sent"] * count
        assert len({(reply["client_id"], reply["turn"]) for reply in browser.replies}) == len(
            {reply["client_id"] for reply in browser.replies}
        )


def run(samples: int, seed: int, directory: Path) -> str:
    """Let three send together `samples` times. Raises AssertionError for a broken promise."""
    chance, requests, repeats = random.Random(seed), 0, 0

    with (
        ScriptedServer(lambda request: Reply.text(f"You said {request.question}.")) as server,
        app_of(server, directory / "sends" / "nbchat.db"),
        ThreadPoolExecutor(4) as pool,
    ):
        for first in range(0, samples, ROUNDS_A_CONVERSATION):
            crowd = Crowd(f"crowd {first}", server)
            rounds = min(ROUNDS_A_CONVERSATION, samples - first)
            for number in range(rounds):
                crowd.send_together(number, chance, pool)
            crowd.judge(rounds)
            requests, repeats = len(server.chats), repeats + crowd.repeats
    assert requests == 3 * samples
    return f"{requests} messages, {requests} requests, in order, none lost or double ({repeats} sent twice)"


if __name__ == "__main__":
    attack("times that two views and a script send together", 1000, run)
