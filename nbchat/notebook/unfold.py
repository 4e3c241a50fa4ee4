"""Unfold: the thread that the view of a turn unfolds into, in its place and on the same comm.

It is a view of its own beside the turn's: what it says and is told travels inside messages of the turn's view, and neither knows
the other's position. So the turn's state, which its notebook keeps, is never another, and what is folded costs nothing. Owns the
inner view from the first word that a page has for it to the fold. On the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbchat.notebook import wire
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.hub import Hub
    from nbchat.notebook.view import View

__all__ = ["fold", "seen", "unfolded"]


class _Inner:
    """The way to the browsers that leads through the turn's view."""

    def __init__(self, outer: View) -> None:
        self._outer = outer

    def custom(self, content: Json) -> None:
        """Send a message to the inner view."""
        if self._outer.sender is not None:
            self._outer.sender.custom(wire.inner(message=content))

    def update(self, state: Json) -> None:
        """Send new values of what would be its synced state."""
        if self._outer.sender is not None:
            self._outer.sender.custom(wire.inner(state=state))


def unfolded(hub: Hub, view: View, message: Mapping[str, Any]) -> View | None:
    """Return the thread that a page has this message for, made if need be; None if the view is no turn's, or closed.

    A page that says its first word there is told the whole state: it began with none.
    """
    if view.turn is None or not view.open:
        return None
    inner = view.inner
    if inner is None:
        inner = view.inner = hub.add(view.session)
        hub.connect(inner, _Inner(view))
    elif message.get("op") == "hello" and message.get("page") not in inner.pages:
        inner.told, inner.state_changed = None, True
    return inner


def fold(hub: Hub, view: View) -> None:
    """Close the inner view, and tell the pages: one that still shows it opens it anew. Does nothing where there is none."""
    if view.inner is not None:
        hub.remove(view.inner)
        view.inner = None
        hub.reply(view, wire.inner())


def seen(hub: Hub, view: View, page: str) -> None:
    """A page is there. If it is new, the one that unfolded the view may be gone: pages do not say so when they are reloaded."""
    if page not in view.pages:
        fold(hub, view)
