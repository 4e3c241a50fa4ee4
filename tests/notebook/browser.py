"""Browser: a view of a real session in the test's own process, with a page that shows it; no kernel and no comm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import nbchat
from nbchat.app import app
from nbchat.notebook.intents import handle
from nbchat.notebook.wire import Json
from tests.notebook.page import Page, text_of
from tests.support.house import eventually

__all__ = ["Browser"]


class Browser:
    """The page of a session's thread, or of one of its turns; `messages` are those that were sent besides what the page took."""

    def __init__(self, session: nbchat.Session, turn: Any = None) -> None:
        self.services, self.background = app().services, app().background
        self.messages: list[Json] = []
        self.state: Json = {}
        self._came = threading.Condition()
        hub = self.services.hub
        self.view = self.background.call(hub.add, session._core, None if turn is None else turn._turn)
        look = self.background.call(hub.look, self.view)
        self.state.update(look)
        kind = "thread" if turn is None else "turn"
        self.page = Page("page", kind, look["snapshot"], look["status"], time.monotonic(), self._post)
        self.background.call(hub.connect, self.view, self)

    # ------------------------------------------------------------ what the kernel sends, on its loop

    def custom(self, content: Json) -> None:
        with self._came:
            self.messages.append(content)
            self.state.update(content.get("state", {}))
            self.page.custom(content, time.monotonic())
            self._came.notify_all()

    def update(self, state: Json) -> None:
        with self._came:
            self.state.update(state)
            self.page.update(state, time.monotonic())
            self._came.notify_all()

    # ------------------------------------------------------------ what the test does

    def say(self, op: str, **fields: Any) -> None:
        """Send what a click sends."""
        self._post({"op": op, **fields})

    def _post(self, message: Json) -> None:
        self.background.post(handle, self.services, self.view, message)

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until this holds."""
        with self._came:
            assert self._came.wait_for(holds, 30), (self.texts, self.messages[-3:])

    def shows(self, *texts: str) -> None:
        """Wait until the page shows these texts, and the session is at rest, and all of that was told: the state comes behind
        the words, and the one of before them may look the same."""

        def holds() -> bool:
            return self.texts == list(texts) and self.state["status"] in ("idle", "error") and self.page.position[2]

        self.wait(holds)
        self.background.wait(eventually(lambda: not self.view.state_changed), 60)
        self.wait(holds)

    def got(self, op: str) -> Json:
        """Wait for a message of this kind, and take it away."""
        self.wait(lambda: any(each["op"] == op for each in self.messages))
        with self._came:
            found = next(each for each in self.messages if each["op"] == op)
            self.messages.remove(found)
            return found

    @property
    def texts(self) -> list[str]:
        """What the page shows."""
        return [text_of(message) for message in self.page.messages]

    def id(self, at: int) -> str:
        """The id of the message that the page shows there."""
        return str(self.page.messages[at]["id"])

    def close(self) -> None:
        """The comm is closed."""
        self.background.call(self.services.hub.remove, self.view)
