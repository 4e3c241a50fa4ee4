"""TreeHandle: the part of a session's handle that works on the conversation as a tree: branches, other words, another try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from traitlets import HasTraits

from nbchat.api.turn import Turn
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message

if TYPE_CHECKING:
    from nbchat.api.session import Session
    from nbchat.app import App
    from nbchat.sessions.session import Session as CoreSession
    from nbchat.sessions.turn import Turn as CoreTurn

__all__ = ["TreeHandle"]


class TreeHandle(HasTraits):
    """What `Session` stands on. Messages are named by their id (`m.id`); nothing here ever overwrites what was said."""

    _core: CoreSession
    _app: App

    # ------------------------------------------------------------ another answer

    def edit(self, message_id: str, text: str, *, model: str = "") -> Turn:
        """Ask the question `message_id` anew, in other words (`text`), beside the old one, of another `model` if one is given;
        returns the Turn. Raises UsageError for what is no question."""
        return self._turn(lambda: self._core.edit(message_id, text, model=model))

    def regenerate(self, message_id: str | None = None, *, model: str = "") -> Turn:
        """Ask again for the answer `message_id` (default: the last one), of another `model` if one is given, beside the old one;
        returns the Turn. One that failed before anything came is asked for in its place. Raises UsageError while it runs."""
        return self._turn(lambda: self._core.regenerate(message_id, model=model))

    def resume(self, message_id: str | None = None, *, budget: Decimal | str | float | None = None) -> Turn:
        """Go on with the answer `message_id` (default: the last one) that was stopped, cut off or ended at its length limit;
        returns the Turn, whose text is the whole answer. `budget` is the turn's, without one that of the turn before stays.
        Raises UsageError for an answer that is complete, or that runs."""
        return self._turn(lambda: self._core.resume(message_id, budget=budget))

    # ------------------------------------------------------------ branches

    def branches(self, message_id: str) -> tuple[Message, ...]:
        """Return the messages in the same place of the tree as `message_id`, this one among them, oldest first; none for an
        unknown one."""
        return self._app.background.call(self._core.siblings, message_id)

    def switch(self, message_id: str) -> None:
        """Make the newest branch through the message `message_id` the active path. Views that chose a branch of their own stay
        there. Raises UsageError for an unknown one."""
        self._app.background.wait(self._core.switch(message_id))

    def fork(self, name: str = "", message_id: str | None = None) -> Session:
        """Begin a new conversation with the active path, or the path to the message `message_id`; returns its Session. A `name`
        that is taken gets a number; without one it is made of this conversation's. Raises UsageError for an unknown message."""
        from nbchat.api.functions import the_manager

        manager = self._app.manager
        return the_manager()._handle(self._app.background.wait(manager.fork(self._core.id, name, message_id)))

    # ------------------------------------------------------------ single messages

    def edit_reply(self, message_id: str, text: str) -> Message:
        """Put the answer `message_id` in other words (`text`) by hand, beside the old one, and go on from there; returns it. No
        request is made. Raises UsageError for what is no answer, and for an empty text."""
        return self._app.background.wait(self._core.edit_reply(message_id, text))

    def hide(self, message_id: str, hidden: bool = True) -> None:
        """Keep the message `message_id` from the model from the next request on; `hidden=False` takes that back. Raises
        UsageError for an unknown one."""
        self._app.background.wait(self._core.hide(message_id, hidden))

    def delete(self, message_id: str) -> tuple[str, ...]:
        """Delete the message `message_id`, a question with its answers; what follows stays. Returns the ids, which `restore`
        takes. Until `nbchat.manager.purge` they stay in the database. Raises UsageError for an unknown one."""
        return self._app.background.wait(self._core.delete(message_id))

    def restore(self, message_ids: Sequence[str]) -> None:
        """Take a deletion back: `message_ids` are what `delete` returned."""
        self._app.background.wait(self._core.restore(message_ids))

    def _turn(self, ask: Callable[[], CoreTurn]) -> Turn:
        if self._core.closed:
            raise UsageError(f"The session {self._core.name!r} was closed.", hint="Open it again with nbchat.session(name).")
        return Turn(self._app.background.call(ask), self._app.background)
