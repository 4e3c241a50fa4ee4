"""Hub: brings what happens in sessions to the views that show them.

    signal or log entry -> guide (which views, where they stand) -> pump (when) -> teller (what) -> one message

Owns which views there are and what concerns them. On the loop. Must not know comms or widgets (a view has a `Sender`), nor
what browsers ask besides hello (`intents.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nbchat.core.messages import Message
from nbchat.notebook import wire
from nbchat.notebook.branches import path_of
from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.guide import Guide
from nbchat.notebook.pump import Pump
from nbchat.notebook.snapshot import saved_snapshot, saved_state, state_of
from nbchat.notebook.teller import Teller
from nbchat.notebook.transcript import ThreadTranscript
from nbchat.notebook.view import Sender, View
from nbchat.notebook.wire import Json
from nbchat.runtime.collector import Collector
from nbchat.runtime.switch_interval import SwitchInterval
from nbchat.sessions.ports import Clock, EventLogEntry, Subscription
from nbchat.sessions.state import Signal

if TYPE_CHECKING:
    from nbchat.notebook.services import Offer
    from nbchat.notebook.transcript import Transcript, TurnTranscript
    from nbchat.sessions.manager import SessionManager
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["Hub"]


class Hub:
    """All views of this kernel. Made once by the composition root, before the first turn."""

    def __init__(self, manager: SessionManager, clock: Clock, *, offers: Callable[[], Iterable[Offer]] = tuple) -> None:
        self._manager = manager
        self._clock = clock
        self._offers = offers
        self._views: dict[str, list[View]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._found: dict[str, int] = {}
        self._said: set[str] = set()
        self._pump = Pump(clock, self._serve)
        self._guide = Guide(clock, self._mark)
        self._teller = Teller(clock, self._pump, offers)
        self._interval = SwitchInterval()
        self._collector = Collector()
        manager.listen(self._signalled)

    # ------------------------------------------------------------ views

    def add(self, session: Session, turn: Turn | None = None) -> View:
        """Return a new view of a session's thread, or of one turn; it holds the session alive until removed."""
        view = View(session, turn, session.lease("view"), continues=self._continues(session, once=turn is not None))
        self._guide.enter(view)
        self._views.setdefault(session.id, []).append(view)
        return view

    def connect(self, view: View, sender: Sender) -> None:
        """The way to the browsers is open: send what has come since the view was made."""
        view.sender = sender
        view.state_changed = True
        self._mark(view)

    def remove(self, view: View) -> None:
        """The view's comm is closed. Idempotent."""
        if view.open:
            view.open = False
            if view.inner is not None:
                self.remove(view.inner)
            view.sender = view.exported = None
            self._pump.forget(view)
            views = self._views.get(view.session.id, [])
            if view in views:
                views.remove(view)
            if not views:
                self._views.pop(view.session.id, None)
            for lease in (view.lease, *view.held.values()):
                lease.release()

    def show(self, view: View, session: Session) -> None:
        """Have a thread show another conversation from now on; the Python handles and other views of the old one stay there.

        A private session that is left is held as long as the view is open: it would be lost.
        """
        old, lease = view.session, session.lease("view")
        if old is session or not view.open:
            lease.release()
            return
        self._views[old.id].remove(view)
        if not self._views[old.id]:
            del self._views[old.id]
        if old.private and not old.closed:
            view.held.setdefault(old.id, old.lease())
        view.lease.release()
        view.turn_to(session, lease)
        if isinstance(view.transcript, ThreadTranscript):
            view.transcript.turn_to(session.name, private=session.private)
        self._views.setdefault(session.id, []).append(view)
        if (back := view.held.pop(session.id, None)) is not None:
            back.release()
        self._guide.anew(view)
        self._state_changed([view], urgent=True)

    def look(self, view: View) -> Json:
        """Return everything that the view's synced state holds now, `snapshot` included; it may be saved in a notebook."""
        state = saved_state(state_of(view, self._offers()))
        if view.told is None:
            view.told = state
        return {**state, "snapshot": saved_snapshot(view)}

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

    @property
    def seen(self) -> tuple[int, int]:
        """How many views are open, and of how many of them a page has told its position."""
        views = [view for group in self._views.values() for view in group]
        return len(views), sum(bool(view.pages) for view in views)

    # ------------------------------------------------------------ what browsers say about themselves

    def hello(self, view: View, generation: int, have: int, page: str) -> None:
        """A page tells its position; it is answered after what is pending has gone to all pages, so that they stay in step."""
        if page not in view.pages and view.attached:  # it may stand for the page that attached them: a reload is not said
            view.attached, view.state_changed = 0, True
        view.seen_by(page, view.pages.get(page, True))
        if (generation, have) not in view.hellos:
            view.hellos.append((generation, have))
        self._pump.request(view, self._clock.monotonic())

    def visible(self, view: View, page: str, visible: bool) -> None:
        """A page shows the view, or no longer does."""
        view.seen_by(page, visible)
        if view.inner is not None:
            self.visible(view.inner, page, visible)
        if view.due is not None and not view.urgent:
            self._mark(view)

    def reply(self, view: View, message: Json) -> None:
        """Send an answer to something that a person did: at once."""
        self._teller.send(view, message)

    def switch(self, view: View, message: Message) -> None:
        """A person switched to the branch through this message, in this view, unless it shows another conversation by now."""
        if view.session.message(message.id) is not None:
            self._guide.switch(view, message)
            self._state_changed([view])

    def asked(self, view: View, turn: Turn) -> None:
        """A person asked for this turn in this view, unless it shows another conversation by now."""
        if view.session.id == turn.session.id:
            self._guide.asked(view, turn)
            self._state_changed([view])

    def keep(self, view: View, make: Callable[[Sequence[Message]], Transcript]) -> Transcript:
        """Return the transcript that this thread's cells keep, made when the first one is displayed."""
        if view.transcript is None:
            view.transcript = make(path_of(view))
        return view.transcript

    def look_ahead(self, view: View) -> None:
        """What the next question in this view will come to is another sum."""
        self._state_changed([view])

    def transcribe(self, turn: Turn, transcript: TurnTranscript) -> None:
        """The cell of this turn keeps a transcript: it holds what the turn's view shows, once that has ended."""
        for view in self._views.get(turn.session.id, ()):
            if view.turn is turn:
                view.transcript = transcript
        transcript.follow(turn)

    # ------------------------------------------------------------ what happens in sessions

    def _signalled(self, signal: Signal) -> None:
        name, session, turn = signal.name, signal.session, signal.turn
        views = self._views.get(session.id, [])
        self._met(session, views)
        if name in ("turn-queued", "turn-started"):  # of another kernel's turn the latter alone is told
            self._pace(max(1, self._running))
        if name == "turn-started" and turn is not None:
            self._started(turn, views)
        elif name == "turn-ended" and turn is not None:
            self._ended(turn, signal.data, views)
        elif name == "path-changed":
            self._guide.path_changed(views)
        elif name == "closed":
            self._guide.running.pop(session.id, None)
            self._found.pop(session.id, None)
            self._said.discard(session.id)
        if name == "queue-changed" and turn is not None and turn.status == "ended":
            self._never_began(turn, views, None)
        if name in ("queue-changed", "changed", "status-changed", "path-changed"):
            self._state_changed(views)
        elif name == "approval-needed":
            self._state_changed(views, urgent=True)
        if name in ("turn-ended", "closed"):
            self._pace(self._running)

    @property
    def _running(self) -> int:
        return sum(each.busy for each in self._manager.active)

    def _pace(self, running: int) -> None:
        self._interval.set(running > 0)
        self._collector.set(running)

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
        feed = TurnFeed(turn)
        take = partial(self._entered, feed, turn.session.id)
        self._subscriptions[turn.id] = turn.session.log.subscribe(turn.id, on_chunk=take, on_done=take, on_error=take)
        self._guide.began(turn, feed, views)

    def _entered(self, feed: TurnFeed, conversation: str, entry: EventLogEntry) -> None:
        feed.take(entry)
        for view in self._views.get(conversation, ()):
            if view.follows(feed):
                self._mark(view, urgent=feed.ended)

    def _ended(self, turn: Turn, message: Message, views: Sequence[View]) -> None:
        subscription = self._subscriptions.pop(turn.id, None)
        if subscription is not None:
            subscription.unsubscribe()
        feed = self._forget(turn)
        if feed is None or not feed.seq:
            self._never_began(turn, views, message)
            return
        feed.settle()
        self._state_changed(views, urgent=True)
        self._guide.ended(feed, views)

    def _forget(self, turn: Turn) -> TurnFeed | None:
        feed = self._guide.running.get(turn.session.id)
        return self._guide.running.pop(turn.session.id) if feed is not None and feed.turn == turn.id else None

    def _never_began(self, turn: Turn, views: Sequence[View], message: Message | None) -> None:
        """The turn has no log (taken from the queue, refused before its first entry, answered elsewhere): show how it stands.

        `message` is what it ended with.
        """
        kept = message is not None and turn.session.message(message.id) is not None
        error = None if message is None or kept else message.error
        for view in views:
            view.asked.discard(turn.id)
            if view.turn is turn or (view.turn is None and kept):
                self._guide.anew(view)
                self._mark(view, urgent=True)
            # a cell that shows an earlier answer has no place for the error of one that never began
            if error is not None and (view.turn is None or (view.turn is turn and view.branch is not None)):
                self.reply(view, wire.refused(error, turn.request_id))

    def _state_changed(self, views: Iterable[View], *, urgent: bool = False) -> None:
        for view in views:
            view.state_changed = True
            self._mark(view, urgent=urgent)

    def _mark(self, view: View, *, urgent: bool = False) -> None:
        self._pump.request(view, view.next_at(self._clock.monotonic()), urgent=urgent)

    async def _serve(self, view: View) -> None:
        await self._teller.tell(view)
