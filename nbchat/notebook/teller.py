"""Teller: what one view is sent when its time has come, and how far its browsers have been told.

Owns positions on the wire: everything up to the newest log entry in one message, answers to hellos, the small state when it
changed. Must not know when (the pump) or why (the hub). On the loop, one view at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nbchat.notebook import wire
from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.pump import NO_TIME, Pump
from nbchat.notebook.snapshot import snapshot_of, state_of
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json
from nbchat.sessions.ports import Clock, EventTransport

if TYPE_CHECKING:
    from nbchat.notebook.services import Offer

__all__ = ["Teller"]

_STATE_REPEATS = 60.0
"""Seconds for which a hello that lacks nothing gets the small state again: the last change may be what was lost."""
_HELLOS = 8
"""Different positions answered one by one in one go; more than that get one snapshot."""


class Teller:
    """Sends through each view's `Sender`; `feed_of` gives the newest turn that a view shows."""

    def __init__(
        self,
        clock: Clock,
        log: EventTransport,
        pump: Pump,
        offers: Callable[[], Iterable[Offer]],
        feed_of: Callable[[View], TurnFeed | None],
    ) -> None:
        self._clock = clock
        self._log = log
        self._pump = pump
        self._offers = offers
        self._feed_of = feed_of

    async def tell(self, view: View) -> None:
        """Send what the view lacks; answers to hellos after that, so that its pages stay in step."""
        if view.sender is None:
            return
        before = (view.generation, view.seq)
        await self._flush(view)
        hellos, view.hellos = view.hellos, []
        if before != (view.generation, view.seq):  # a page that was there has just been given what followed
            hellos = [hello for hello in hellos if hello != before]
        if view.snapshot_due or len(hellos) > _HELLOS:
            self._snapshot(view)
        else:
            for generation, have in hellos:
                await self._answer(view, generation, have)
        self._state(view)
        self._repeat(view)

    async def _flush(self, view: View) -> None:
        """Tell everything up to the newest entry: one message, one for each turn that ended meanwhile."""
        while (feed := view.feed) is not None:
            if view.seq < feed.seq:
                if view.jumps:
                    self._snapshot(view)
                    return
                entries = await self._log.read(feed.turn.id, feed.generation, view.seq)
                if not entries:
                    self._snapshot(view)
                    return
                events = [event for entry in entries for event in entry.events]
                self.send(view, wire.append(feed.generation, view.seq, entries[-1].seq, events))
                view.seq = entries[-1].seq
            elif not view.advance():
                return

    async def _answer(self, view: View, generation: int, have: int) -> None:
        """Give a page that is at this position what it lacks of what all others have been told."""
        feed = view.feed
        if (generation, have) == (view.generation, view.seq):
            recent = self._clock.monotonic() - view.state_sent < _STATE_REPEATS
            if recent and view.told is not None:
                self._update(view, view.told)
            return
        after = None
        if feed is not None and generation == feed.generation and have < view.seq:
            after = have
        elif feed is not None and (generation, have) == view.before:
            after = 0
        entries = None
        if feed is not None and after is not None:
            entries = await self._log.read(feed.turn.id, feed.generation, after)
        told = [entry for entry in entries or () if entry.seq <= view.seq]
        if feed is None or after is None or not told:
            self._snapshot(view)
            return
        events = [event for entry in told for event in entry.events]
        self.send(view, wire.append(feed.generation, after, told[-1].seq, events))

    def _snapshot(self, view: View) -> None:
        feed = self._feed_of(view)
        view.snapshot_due = False
        self.send(view, wire.snapshot(snapshot_of(view, feed)))
        view.jump(feed)

    def _state(self, view: View) -> None:
        if view.state_changed:
            view.state_changed = False
            state, told = state_of(view.session, view.turn, self._offers()), view.told or {}
            changes = {name: value for name, value in state.items() if name not in told or told[name] != value}
            view.told = state
            if changes:
                view.state_sent = self._clock.monotonic()
                self._update(view, changes)

    def _repeat(self, view: View) -> None:
        """Tell the position of an end again, when it is time and nothing newer was told."""
        feed = view.feed
        if feed is None or not feed.ended or view.seq < feed.seq:
            view.repeats.clear()
        elif view.repeats and view.repeats[0] <= self._clock.monotonic() + NO_TIME:
            view.repeats.popleft()
            self.send(view, wire.append(feed.generation, feed.seq, feed.seq, ()))
        if view.repeats:
            self._pump.request(view, view.repeats[0])

    def send(self, view: View, message: Json) -> None:
        """Send one message now; it counts as the view's frame and against the kernel's budget."""
        if view.sender is not None:
            view.sender.custom(message)
            view.sent_at(self._clock.monotonic())
            self._pump.bucket.take()

    def _update(self, view: View, state: Json) -> None:
        if view.sender is not None:
            view.sender.update(state)
            self._pump.bucket.take()
