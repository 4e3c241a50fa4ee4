"""View: the kernel's side of one comm: what it shows, how far it has been told, who looks.

Owns facts only; the hub decides what is sent and when. On the loop.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Protocol

from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.sessions.leases import Lease
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["FRAME", "HIDDEN_FRAME", "Sender", "View"]

FRAME = 1 / 30
"""Seconds between two messages of a view that somebody sees."""
HIDDEN_FRAME = 0.5
"""The same where every page that reported says that the view is out of sight."""
_EARLY = 0.005
"""Seconds by which a message may be early if the next one is later for it: a log that is written 30 times a second jitters, and
waiting a millisecond for each frame's sake costs a wake-up, and so a turn at the GIL."""
_PAGES = 16
"""A page that is gone does not say so: the oldest are forgotten."""


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
        self.sender: Sender | None = None
        self.open = True
        self.feed: TurnFeed | None = None
        self.seq = 0
        """How far into `feed` the browsers have been told; only moves forward."""
        self.coming: deque[TurnFeed] = deque()
        """Turns that began while an earlier one's end is still to be sent."""
        self.previous: tuple[int, int] | None = None
        """Where the turn before `feed` ended: (generation, seq)."""
        self.pages: OrderedDict[str, bool] = OrderedDict()
        self.hellos: list[tuple[int, int]] = []
        self.told: Json | None = None
        """The synced state as last sent."""
        self.state_changed = False
        self.snapshot_due = False
        self.state_sent = float("-inf")
        self.repeats: deque[float] = deque()
        """When the end of `feed` is to be told again."""
        self.due: float | None = None
        self.urgent = False
        self._last = float("-inf")

    @property
    def generation(self) -> int:
        """Of the turn that the browsers are told about; 0 before the first."""
        return 0 if self.feed is None else self.feed.generation

    @property
    def before(self) -> tuple[int, int] | None:
        """The position from which browsers take `feed`'s first entry; None where they could not tell it from a later turn's.

        A turn view takes its own turn from the start. In a thread nothing may lie between: the generations of an earlier
        kernel, or of another one that shares the conversation, are ones that its browsers know nothing of.
        """
        known = self.previous or (0, 0)
        return known if self.turn is not None or self.generation == known[0] + 1 else None

    @property
    def jumps(self) -> bool:
        """Whether the next thing to tell is the beginning of a turn that browsers could not take."""
        return self.seq == 0 and self.before is None

    @property
    def interval(self) -> float:
        """Seconds that must lie between two messages."""
        return FRAME if not self.pages or any(self.pages.values()) else HIDDEN_FRAME

    def next_at(self, now: float) -> float:
        """When the next message may go (monotonic seconds)."""
        return max(self._last + self.interval - _EARLY, now)

    def sent_at(self, now: float) -> None:
        """A message went out now."""
        self._last = min(max(self._last + self.interval, now), now + _EARLY)

    def seen_by(self, page: str, visible: bool = True) -> None:
        """A page reported."""
        self.pages.pop(page, None)
        self.pages[page] = visible
        if len(self.pages) > _PAGES:
            self.pages.popitem(last=False)

    def begin(self, feed: TurnFeed) -> None:
        """Tell of this turn after all that is still to be told."""
        if self.feed is None:
            self.feed, self.seq = feed, 0
        else:
            self.coming.append(feed)

    def advance(self) -> bool:
        """Go on to the next turn if all of this one has been told; says whether there was one."""
        feed = self.feed
        if feed is None or not self.coming or not feed.ended or self.seq < feed.seq:
            return False
        self.previous = (feed.generation, feed.seq)
        self.feed, self.seq = self.coming.popleft(), 0
        return True

    def jump(self, feed: TurnFeed | None) -> None:
        """A snapshot tells everything up to this feed's position."""
        self.coming.clear()
        if feed is not None:
            if self.feed is not None and self.feed is not feed:
                self.previous = (self.feed.generation, self.feed.seq)
            self.feed, self.seq = feed, feed.seq
