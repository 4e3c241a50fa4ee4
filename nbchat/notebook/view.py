"""View: the kernel's side of one comm: what it shows, how far it has been told, who looks.

A thread may come to show another session (`hub.show`): positions go on counting, so that nothing of the old one fits any more.

Owns facts only; the hub decides what is sent and when. On the loop.

Positions on the wire are a view's own. A view counts generations: each turn that it shows begins one, and so does each change
that no event tells (another branch, a deleted message). So an append is taken where it fits and nowhere else, and a page that
lost the snapshot of such a change sees by the next position that it lacks something, and asks.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Protocol

from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.exports import Export
    from nbchat.notebook.transcript import Transcript
    from nbchat.sessions.leases import Lease
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["FRAME", "HIDDEN_FRAME", "SNAPSHOT_FRAME", "Sender", "View"]

FRAME = 1 / 30
"""Seconds between two messages of a view that somebody sees."""
HIDDEN_FRAME = 0.5
"""The same where every page that reported says that the view is out of sight."""
SNAPSHOT_FRAME = 0.25
"""Seconds between two snapshots that nobody asked for: a loop that deletes a thousand messages must not send a thousand."""
_EARLY = 0.005
"""Seconds by which a message may be early if the next one is later for it: a log that is written 30 times a second jitters, and
waiting a millisecond for each frame's sake costs a wake-up, and so a turn at the GIL."""
_PAGES = 16
"""A page that is gone does not say so: the oldest are forgotten."""
_TAKEN = 64
_NEVER = float("-inf")


class Sender(Protocol):
    """The way to the browsers that hold the view."""

    def custom(self, content: Json) -> None:
        """Send a message of `wire.py`."""
        ...

    def update(self, state: Json) -> None:
        """Send new values of synced state."""
        ...


class View:
    """One widget: the thread of `session`, or, with `turn`, that turn alone."""

    def __init__(self, session: Session, turn: Turn | None, lease: Lease, *, continues: str = "") -> None:
        self.session = session
        self.turn = turn
        self.lease = lease
        self.continues = continues
        self.moved = False
        """Whether it has shown another conversation before."""
        self.sender: Sender | None = None
        self.open = True

        self.branch: str | None = None
        """A thread: the leaf of the branch that it shows, None while it follows the conversation's active path. A turn view: the
        message that it shows instead of its turn's."""
        self.shown: tuple[str, ...] = ()
        """A turn view's messages; of a thread the last one."""
        self.look_of: int | None = None
        """What `branches.look_of` said of the last snapshot; None: since then something changed it."""
        self.asked: set[str] = set()
        """Turns asked from this view that have not begun: with each it goes to where that turn is."""
        self.taken: OrderedDict[str, str] = OrderedDict()
        """The turns ("" where there is none; of an export the file) that the last requests with these ids made: one that comes
        again, perhaps when that turn has long ended, makes no other."""
        self.answering: set[str] = set()
        """What pages asked for that is being answered; the same `ask` once more gets no second answer."""
        self.inner: View | None = None
        """The thread that a turn's view has unfolded into (`unfold.py`)."""
        self.held: dict[str, Lease] = {}
        """Private sessions that this view showed before: nobody else may hold them, and nothing of them is saved."""
        self.exported: Export | None = None
        """The export that a page reads in pieces."""
        self.transcript: Transcript | None = None
        """What its cell keeps of the turn, if it does."""

        self.newest = 0
        """The last generation that was counted."""
        self.path = 0
        """The generation since which older messages are what they were."""
        self.generation = 0
        self.feed: TurnFeed | None = None
        """The turn that generation `generation` tells; None where it is a snapshot alone."""
        self.seq = 0
        """How far into `generation` the browsers have been told; only moves forward."""
        self.coming: deque[tuple[int, TurnFeed]] = deque()
        """Turns that began while an earlier one's end is still to be sent, with their generations."""
        self.previous: tuple[int, int] | None = None
        """Where the generation before ended: (generation, seq); from there a page can take this one's first entry."""
        self.last_turn: str | None = None

        self.pages: OrderedDict[str, bool] = OrderedDict()
        self.hellos: list[tuple[int, int]] = []
        self.outlook: Json | None = None
        """What its next question was last said to come to."""
        self.attached = 0
        """How many tokens of files go with the question that is being written here."""
        self.sending = asyncio.Lock()
        """Held while it is found out what goes with a question: those that are sent after it come after it."""
        self.warned: dict[str, str] = {}
        """Names of the question that is being written here which stand for something else than their chips said, with the request
        that was refused for it: said once, and to all copies of that one."""
        self.told: Json | None = None
        """The synced state as last sent."""
        self.state_changed = False
        self.snapshot_due = False
        self.state_sent = _NEVER
        self.repeats: deque[float] = deque()
        """When the position is to be told again."""
        self.due: float | None = None
        self.urgent = False
        self._last = _NEVER
        self._last_snapshot = _NEVER

    def take(self, client: str, turn: str) -> None:
        """A request with this client id became this turn."""
        self.taken[client] = turn
        if len(self.taken) > _TAKEN:
            self.taken.popitem(last=False)

    def turn_to(self, session: Session, lease: Lease) -> None:
        """Show this session's thread instead; what is sent of it is the hub's matter."""
        self.session, self.lease, self.continues, self.moved = session, lease, "", True
        self.branch = self.outlook = self.exported = None
        self.attached = 0
        self.last_turn = None if session.turn is None else session.turn.id
        self.asked.clear()
        self.shown = ()

    # ------------------------------------------------------------ pace

    @property
    def interval(self) -> float:
        """Seconds that must lie between two messages."""
        return FRAME if not self.pages or any(self.pages.values()) else HIDDEN_FRAME

    def next_at(self, now: float) -> float:
        """When the next message may go (monotonic seconds)."""
        earliest = self._last_snapshot + SNAPSHOT_FRAME if self.snapshot_due else now
        return max(self._last + self.interval - _EARLY, earliest, now)

    def sent_at(self, now: float) -> None:
        """A message went out now."""
        self._last = min(max(self._last + self.interval, now), now + _EARLY)

    def seen_by(self, page: str, visible: bool = True) -> None:
        """A page reported."""
        self.pages.pop(page, None)
        self.pages[page] = visible
        if len(self.pages) > _PAGES:
            self.pages.popitem(last=False)

    # ------------------------------------------------------------ positions

    @property
    def position(self) -> tuple[int, int, bool]:
        """Generation, seq and whether that is an end: of all that there is to tell, told or not."""
        generation, feed = self.coming[-1] if self.coming else (self.generation, self.feed)
        if feed is None:
            return generation, self.seq, True
        return generation, feed.seq, feed.ended

    @property
    def newest_feed(self) -> TurnFeed | None:
        """The turn that is told last."""
        return self.coming[-1][1] if self.coming else self.feed

    def follows(self, feed: TurnFeed) -> bool:
        """Whether this turn's events are told here."""
        return feed is self.feed or any(feed is each for _, each in self.coming)

    def begin(self, feed: TurnFeed) -> None:
        """Tell of this turn after all that is still to be told: it goes on where what is shown ends."""
        self.newest += 1
        self.look_of, self.last_turn = None, feed.turn
        if self.feed is None:
            self.previous = (self.generation, self.seq)
            self.generation, self.feed, self.seq = self.newest, feed, 0
        else:
            self.coming.append((self.newest, feed))

    def anew(self, feed: TurnFeed | None) -> None:
        """What is to be shown does not follow from what was: a snapshot says it. `feed` is the turn that runs there."""
        # The very first one is number 2: after 0, which a page has that knows nothing, no turn of a thread may seem to fit.
        self.newest = self.path = max(self.newest + 1, 2)
        self.coming.clear()
        self.repeats.clear()
        self.previous = self.look_of = None
        self.generation, self.feed = self.newest, feed
        self.seq = 1 if feed is None else feed.seq  # never 0 without a turn: else its repeated position would seem to fit
        if feed is not None:
            self.last_turn = feed.turn
        self.snapshot_due = True

    def advance(self) -> bool:
        """Go on to the next turn if all of this one has been told; says whether there was one."""
        feed = self.feed
        if feed is None or not self.coming or not feed.ended or self.seq < feed.seq:
            return False
        self.previous = (self.generation, feed.seq)
        self.generation, self.feed = self.coming.popleft()
        self.seq = 0
        return True

    def caught_up(self, now: float) -> None:
        """A snapshot told all that there is."""
        self.snapshot_due = False
        self._last_snapshot = now
        if self.feed is not None:
            self.seq = self.feed.seq
            while self.advance():
                self.seq = self.feed.seq
