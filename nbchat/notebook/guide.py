"""Guide: where each view stands, and which turn it is told of.

    a turn begins below what the view shows -> its events are told
    anything else changes what it shows     -> it begins anew, with a snapshot

Owns the views' branches. On the loop. Must not know when or how anything is sent: it marks views, and the hub has them served.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from nbchat.core.messages import Message
from nbchat.notebook.branches import goes_on, look_of, path_of, places_of, settle, switch
from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.view import View
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.sessions.turn import Turn

__all__ = ["Guide"]

_REPEAT_AFTER = (1.0, 3.0, 9.0, 27.0)
"""Seconds after an end, or a snapshot, at which the position is told again: a page that lost it has no other way to know. What
is lost is lost in bursts, so the last one comes late."""


class Guide:
    """Leads views through the trees of their conversations; `mark(view)` says that there is something to send."""

    def __init__(self, clock: Clock, mark: Callable[[View], None]) -> None:
        self.running: dict[str, TurnFeed] = {}
        """The running turn of each conversation, from its beginning to its settled end."""
        self._clock = clock
        self._mark = mark

    # ------------------------------------------------------------ people

    def enter(self, view: View) -> None:
        """A view is made. Whoever opens its comm takes a look at it."""
        view.last_turn = None if view.session.turn is None else view.session.turn.id
        path = path_of(view)
        if view.turn is None or path:
            self._show(view, path)
            view.snapshot_due = False
            view.look_of = look_of(view)
            view.repeats.clear()

    def switch(self, view: View, message: Message) -> None:
        """A person switched to the branch through this message, in this view."""
        switch(view, message)
        if _differs(view):
            self._show(view, path_of(view))
        view.snapshot_due = True  # in any case: whoever asks for what the view shows already may have lost just that
        self._mark(view)

    def asked(self, view: View, turn: Turn) -> None:
        """A person asked for this turn in this view: the view goes to where the turn is, once it begins."""
        if turn.status == "queued":
            view.asked.add(turn.id)
            if view.turn is not None:
                shown = view.turn.answer
                if view.branch is None and shown is not None:
                    view.branch = shown.id  # what stays in view until then
                view.turn = turn
        elif turn.status == "running" and (feed := self.running.get(view.session.id)) is not None and not view.follows(feed):
            self._go_to(view, turn)
            self.anew(view)

    # ------------------------------------------------------------ turns

    def began(self, turn: Turn, feed: TurnFeed, views: Iterable[View]) -> None:
        """A turn began: tell of it where it goes on from what is shown; show it anew where it does not, or stands beside."""
        self.running[turn.session.id] = feed
        places = places_of(turn)
        for view in views:
            if view.turn is None:
                self._begin_in_thread(view, turn, feed, places)
            else:
                self._begin_in_turn_view(view, turn, feed, places)

    def _begin_in_thread(self, view: View, turn: Turn, feed: TurnFeed, places: set[str]) -> None:
        if turn.id in view.asked:
            self._go_to(view, turn)
        settle(view)
        path = path_of(view)
        if not path or path[-1].id != feed.answer:  # on another branch
            if any(message.id in places for message in path):
                self.anew(view)
        elif len(path) < 3 or goes_on(view, path[-3].id):
            view.begin(feed)
            view.shown, view.look_of = (feed.answer,), None
        else:
            self.anew(view)

    def _begin_in_turn_view(self, view: View, turn: Turn, feed: TurnFeed, places: set[str]) -> None:
        own = turn is view.turn or turn.id in view.asked or feed.answer in view.shown
        if own and not view.newest:  # it was waited for, and nothing was there before
            view.asked.discard(turn.id)
            view.begin(feed)
            view.shown = _ids(view, path_of(view))
            view.look_of = look_of(view)
        elif own:
            self._go_to(view, turn)
            self.anew(view)
        elif not places.isdisjoint(view.shown):
            self.anew(view)

    def _go_to(self, view: View, turn: Turn) -> None:
        view.asked.discard(turn.id)
        view.branch = None
        if view.turn is not None:
            view.turn = turn
            view.state_changed = True

    def ended(self, feed: TurnFeed, views: Iterable[View]) -> None:
        """A turn is over, and the session holds its answer."""
        for view in views:
            if view.follows(feed):
                self._repeat(view)
                self._transcribe(view)
            elif any(message.id == feed.answer for message in path_of(view)):  # in the midst of a branch
                self.anew(view)

    # ------------------------------------------------------------ other changes

    def path_changed(self, views: Iterable[View]) -> None:
        """Messages were hidden, deleted or restored, or another branch is the active one."""
        for view in views:
            settle(view)
            if _differs(view):
                self.anew(view)

    def anew(self, view: View) -> None:
        """Show how things stand: what this view shows does not follow from what it showed."""
        self._show(view, path_of(view))
        self._mark(view)

    def _show(self, view: View, path: Sequence[Message]) -> None:
        feed = self.running.get(view.session.id)
        view.anew(feed if feed is not None and path and path[-1].id == feed.answer else None)
        view.shown = _ids(view, path)
        if view.feed is None:
            self._repeat(view)
            self._transcribe(view)

    def _repeat(self, view: View) -> None:
        now = self._clock.monotonic()
        view.repeats = deque(now + after for after in _REPEAT_AFTER)

    def _transcribe(self, view: View) -> None:
        turn = view.turn
        if view.transcript is not None and (turn is None or turn.answer is not None or view.branch is not None):
            view.transcript.show(path_of(view))


def _ids(view: View, path: Sequence[Message]) -> tuple[str, ...]:
    return tuple(message.id for message in (path[-1:] if view.turn is None else path))


def _differs(view: View) -> bool:
    """Whether a view shows something else than its browsers were told, or nobody knows what they were told."""
    return view.snapshot_due or view.look_of is None or view.look_of != look_of(view)
