"""Screen: a page that shows a session through the hub, and notes what it was sent."""

from __future__ import annotations

import json

from nbchat.notebook.hub import Hub
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json
from nbchat.sessions.session import Session

__all__ = ["Screen"]


class Screen:
    """A view of a session's thread."""

    def __init__(self, hub: Hub, session: Session) -> None:
        self.messages: list[Json] = []
        self.states: list[Json] = []
        self.view: View = hub.add(session)
        hub.connect(self.view, self)

    def custom(self, content: Json) -> None:
        """Take a message of the wire."""
        self.messages.append(content)

    def update(self, state: Json) -> None:
        """Take new values of synced state."""
        self.states.append(state)

    def ops(self) -> list[str]:
        """The kinds of messages that came, in order."""
        return [message["op"] for message in self.messages]

    @property
    def text(self) -> str:
        """All text deltas that came."""
        events = [event for message in self.messages if message["op"] == "append" for event in message["events"]]
        return "".join(event["text"] for event in events if event["type"] == "text-delta")

    @property
    def bytes(self) -> int:
        """How much came, as JSON."""
        return sum(len(json.dumps(each)) for each in (*self.messages, *self.states))
