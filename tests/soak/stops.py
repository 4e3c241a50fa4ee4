"""Stop at random moments: the partial is saved, the session idle and the server's socket closed within 300 ms, every time.

`python -m tests.soak.stops [--samples 100] [--seed N]` runs the full number; the tests run a seeded sample.

A script, a turn's handle and a view take turns at pressing Stop; the database is read by a second connection.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import nbchat
from nbchat.api.session import Session
from nbchat.api.turn import Turn
from nbchat.app import app
from nbchat.core.messages import Message
from nbchat.notebook.intents import handle
from nbchat.notebook.view import View
from nbchat.storage.codec import MESSAGE_COLUMNS, message_from_row
from tests.soak.command import attack
from tests.support.apps import app_of
from tests.support.numbered import NumberedServer, asking, tokens_of, whole
from tests.support.stalls import Stalls, measured_stalls

SOON = 0.3
"""Seconds that a stop may take (P13)."""


@dataclass
class Result:
    """How the stops hit, and what they took: until the call returned, and until the server saw its socket closed."""

    states: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        slowest = max(self.seconds, default=0) * 1000, max(self.closed, default=0) * 1000
        took = "idle and saved within {:.0f} ms, sockets closed within {:.0f} ms".format(*slowest)
        return f"every partial saved as the session had it, {took}; hit {self.states}"


class Stopper:
    """A session with a view, and the three ways to press Stop."""

    def __init__(self, server: NumberedServer, path: Path, stalls: Stalls) -> None:
        self.server, self.path, self.stalls = server, path, stalls
        self.session: Session = nbchat.session("stops")
        self.core = self.session._core
        services = app().services
        self.view: View = services.background.call(services.hub.add, self.core)

    def press(self, turn: Turn, way: str) -> None:
        """Press Stop and wait until it is done."""
        if way == "session":
            self.session.stop()
        elif way == "turn":
            turn.stop()
        else:
            services = app().services
            services.background.post(handle, services, self.view, {"op": "stop", "turn": turn.id})
            turn._turn.future.result(10)

    def saved(self, message_id: str) -> Message:
        """Return a message as any other process would read it."""
        with closing(sqlite3.connect(self.path)) as db:
            row = db.execute(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = ?", (message_id,)).fetchone()
        return message_from_row(row)

    def stop_once(self, number: int, chance: random.Random, result: Result) -> None:
        """Ask, stop at a random moment, and check what is promised."""
        tokens, milliseconds = chance.randrange(1, 60), chance.randrange(0, 10)
        question, server = asking(f"q{number}", tokens, milliseconds), self.server
        asked, closed = len(server.chats), len(server.closed)
        turn = self.session.send(question)
        threading.Event().wait(chance.uniform(0, 0.03 + tokens * milliseconds / 1000))
        had, pressed = turn.text, time.monotonic()
        self.press(turn, chance.choice(("session", "turn", "view")))
        took = time.monotonic() - pressed
        message, status = turn.message, self.session.status
        assert message is not None
        assert (turn.done, status, self.core.busy) == (True, "idle", False)
        assert took - self.stalls.since(pressed) <= SOON, f"{took:.3f} s until the session was idle"
        assert message.status in ("stopped", "complete")
        assert tokens_of(question, message) >= 0  # an exact prefix
        assert message.text.startswith(had)
        assert self.saved(message.id) == message == self.session.messages[-1]
        assert message.status == "stopped" or (message.reasoning, message.text) == whole(question)
        if message.status == "stopped":
            result.seconds.append(took)
        state: str = message.status if message.text or message.reasoning else "nothing came"
        if len(server.chats) == asked:
            state = "before it was sent"
        elif message.status == "stopped":
            self._check_socket(pressed, closed, result)
        result.states[state] = result.states.get(state, 0) + 1
        self._check_next(number)

    def _check_socket(self, pressed: float, closed: int, result: Result) -> None:
        """The server's own clock says when its client went; an answer that was written whole has no socket to close."""
        self.server.wait_idle(10)
        gone = self.server.closed[closed:]
        if gone:
            result.closed.append(gone[-1].time - pressed)
            assert result.closed[-1] - self.stalls.since(pressed) <= SOON, (
                f"{result.closed[-1]:.3f} s until the socket was closed"
            )

    def _check_next(self, number: int) -> None:
        question = asking(f"next{number}", 2, 0)
        reply = self.session.ask(question)
        assert (reply.reasoning, reply.text) == whole(question)
        texts = [message.text for message in self.session.messages if message.role == "user"]
        assert texts[-1] == question
        assert len(texts) == len(set(texts)) == len(self.session.messages) // 2


def run(samples: int, seed: int, directory: Path) -> Result:
    """Stop `samples` running turns. Raises AssertionError for a broken promise."""
    chance, result, path = random.Random(seed), Result(), directory / "stops" / "nbchat.db"
    with NumberedServer() as server, app_of(server, path), measured_stalls() as stalls:
        stopper = Stopper(server, path, stalls)
        number = 0
        while len(result.seconds) < samples:  # one that found the answer complete is no stop
            stopper.stop_once(number, chance, result)
            number += 1
    return result


if __name__ == "__main__":
    attack("stops", 100, run)
