"""Hub: brings what happens in sessions to the views that show them.

    signal or log entry -> views concerned are due -> pump (when) -> teller (what) -> one message

Owns which views there are and what concerns them. On the loop. Must not know comms or widgets (a view has a `Sender`), nor
what browsers ask besides hello (`intents.py`).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import Message
from nbchat.notebook import wire
from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.pump import Pump
from nbchat.notebook.snapshot import snapshot_of, state_of
from nbchat.notebook.teller import Teller
from nbchat.notebook.view import Sender, View
from nbchat.notebook.wire import Json
from nbchat.runtime.switch_interval import SwitchInterval
from nbchat.sessions.ports import EventLogEntry, Ports, Subscription
from nbchat.sessions.state import Signal

if TYPE_CHECKING:
    from nbchat.notebook.services import Offer
    from nbchat.sessions.manager import SessionManager
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["Hub"]

_FEEDS = 512
"""Ended turns whose last position is remembered, for views that are made later."""
_REPEAT_AFTER = (1.0, 3.0)
"""Seconds after an end at which its position is told again: a page that lost a whole short turn has no other way to know."""


class Hub:
    """All views of this kernel. Made once by the composition root, before the first turn."""

    def __init__(self, manager: SessionManager, ports: Ports, *, offers: Callable[[], Iterable[Offer]] = tuple) -> None:
        self._manager = manager
        self._ports = ports
        self._offers = offers
        self._views: dict[str, list[View]] = {}
        self._feeds: OrderedDict[str, TurnFeed] = OrderedDict()
        self._newest: dict[str, TurnFeed] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._found: dict[str, int] = {}
        self._said: set[str] = set()
        self._pump = Pump(ports.clock, self._serve)
        self._teller = Teller(ports.clock, ports.log, self._pump, offers, self._feed_of)
        self._interval = SwitchInterval()
        manager.listen(self._signalled)

    # ------------------------------------------------------------ views

    def add(self, session: Session, turn: Turn | None = None) -> View:
        """Return a new view of a session's thread, or of one turn; it holds the session alive until removed."""
        view = View(session, turn, session.lease("view"), continues=self._continues(session, once=turn is not None))
        view.feed = self._feed_of(view)
        view.seq = 0 if view.feed is None else view.feed.seq
        self._views.setdefault(session.id, []).append(view)
        return view

    def connect(self, view: View, sender: Sender) -> None:
        """The way to the browsers is open: send what has come since the view was made."""
        view.sender = sender
        self._mark(view)

    def remove(self, view: View) -> None:
        """The view's comm is closed. Idempotent."""
        if view.open:
            view.open = False
            view.sender = None
            views = self._views.get(view.session.id, [])
            if view in views:
                views.remove(view)
            view.lease.release()

    def look(self, view: View) -> Json:
        """Return everything that the view's synced state holds now, `snapshot` included."""
        state = state_of(view.session, view.turn, self._offers())
        if view.told is None:
            view.told = state
        return {**state, "snapshot": snapshot_of(view, self._feed_of(view))}

    def offers_changed(self) -> None:
        """Every view shows other offers from now on."""
        for views in self._views.values():
            self._state_changed(views)

    def _continues(self, session: Session, *, once: bool) -> str:
        """What is said where a conversation goes on that this kernel found: in each thread, and in the first turn view."""
        count = self._found.get(session.id, 0)
        if not count or (once and session.id in self._said):
            return ""
        if once:
            self._said.add(session.id)
        return f"continues “{session.name}” ({count} message{'s' * (count != 1)})"

    def _feed_of(self, view: View) -> TurnFeed | None:
        return self._feeds.get(view.turn.id) if view.turn is not None else self._newest.get(view.session.id)

    # ------------------------------------------------------------ what browsers say about themselves

    def hello(self, view: View, generation: int, have: int, page: str) -> None:
        """A page tells its position; it is answered after what is pending has gone to all pages, so that they stay in step."""
        view.seen_by(page, view.pages.get(page, True))
        if (generation, have) not in view.hellos:
            view.hellos.append((generation, have))
        self._pump.request(view, self._ports.clock.monotonic())

    def visible(self, view: View, page: str, visible: bool) -> None:
        """A page shows the view, or no longer does."""
        view.seen_by(page, visible)
        if view.due is not None and not view.urgent:
            self._mark(view)

    def reply(self, view: View, message: Json) -> None:
        """Send an answer to something that a person did: at once."""
        self._teller.send(view, message)

    # ------------------------------------------------------------ what happens in sessions

    def _signalled(self, signal: Signal) -> None:
        name, session, turn = signal.name, signal.session, signal.turn
        views = self._views.get(session.id, [])
        self._met(session, views)
        if name == "turn-queued":
            self._interval.set(True)
        elif name == "turn-started" and turn is not None:
            self._started(turn, views)
        elif name == "turn-ended" and turn is not None:
            self._ended(turn, signal.data, views)
        elif name == "closed":
            self._newest.pop(session.id, None)
            if not views:  # nobody shows its turns: they would keep the whole conversation in memory
                for turn_id in [each for each, feed in self._feeds.items() if feed.turn.session is session]:
                    del self._feeds[turn_id]
            self._found.pop(session.id, None)
            self._said.discard(session.id)
        if name == "queue-changed" and turn is not None and turn.status == "ended":
            self._never_began(turn, views, None)
        if name in ("queue-changed", "changed", "status-changed"):
            self._state_changed(views)
        if name in ("turn-ended", "closed"):
            self._interval.set(any(each.busy for each in self._manager.active))

    def _met(self, session: Session, views: Sequence[View]) -> None:
        """Note what a session brought along; views of one that was closed go on with the one that was opened in its place."""
        if session.closed:
            return
        if session.id not in self._found:  # the manager's first signal comes before any turn
            self._found[session.id] = len(session.path)
        for view in views:
            if view.session is not session:
                view.lease.release()
                view.session = session
                view.lease = session.lease("view")

    def _started(self, turn: Turn, views: Sequence[View]) -> None:
        feed = self._feeds[turn.id] = self._newest[turn.session.id] = TurnFeed(turn)
        if len(self._feeds) > _FEEDS:
            oldest = next((turn_id for turn_id, known in self._feeds.items() if known.ended), None)
            if oldest is not None:
                del self._feeds[oldest]
        take = partial(self._entered, feed)
        self._subscriptions[turn.id] = self._ports.log.subscribe(turn.id, on_chunk=take, on_done=take, on_error=take)
        for view in views:
            if view.turn is None or view.turn is turn:
                view.begin(feed)

    def _entered(self, feed: TurnFeed, entry: EventLogEntry) -> None:
        feed.take(entry)
        for view in self._views.get(feed.turn.session.id, ()):
            if view.turn is None or view.turn is feed.turn:
                self._mark(view, urgent=feed.ended)

    def _ended(self, turn: Turn, message: Message, views: Sequence[View]) -> None:
        subscription = self._subscriptions.pop(turn.id, None)
        if subscription is not None:
            subscription.unsubscribe()
        feed = self._feeds.get(turn.id)
        if feed is not None:
            feed.settle(message)
        if feed is None or not feed.seq:
            self._never_began(turn, views, message.error)
            return
        self._state_changed(views, urgent=True)
        now = self._ports.clock.monotonic()
        for view in views:
            if view.turn is None or view.turn is turn:
                view.repeats = deque(now + after for after in _REPEAT_AFTER)

    def _never_began(self, turn: Turn, views: Sequence[View], error: ErrorInfo | None) -> None:
        """The turn has no log (taken from the queue, refused before its first entry, answered elsewhere): show how it stands."""
        for view in views:
            if view.turn is turn or (view.turn is None and error is None):
                view.snapshot_due = True
                self._mark(view, urgent=True)
            elif view.turn is None and error is not None:
                self.reply(view, wire.refused(error, turn.request_id))

    def _state_changed(self, views: Iterable[View], *, urgent: bool = False) -> None:
        for view in views:
            view.state_changed = True
            self._mark(view, urgent=urgent)

    def _mark(self, view: View, *, urgent: bool = False) -> None:
        self._pump.request(view, view.next_at(self._ports.clock.monotonic()), urgent=urgent)

    async def _serve(self, view: View) -> None:
        await self._teller.tell(view)
