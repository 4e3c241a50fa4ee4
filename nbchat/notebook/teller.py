"""Teller: what one view is sent when its time has come, and how far its browsers have been told.

Owns positions on the wire: everything up to the newest log entry in one message, answers to hellos, the small state when it
changed. Must not know when (the pump) or why (the hub). On the loop, one view at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from nbchat.notebook import wire
from nbchat.notebook.branches import look_of
from nbchat.notebook.pump import NO_TIME, Pump
from nbchat.notebook.snapshot import state_of, told_snapshot
from nbchat.notebook.view import View
from nbchat.notebook.wire import Json
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.notebook.services import Offer

__all__ = ["Teller"]

_STATE_REPEATS = 60.0
"""Seconds for which a hello that lacks nothing gets the small state again: the last change may be what was lost."""
_HELLOS = 8
"""Different positions answered one by one in one go; more than that get one snapshot."""


class Teller:
    """Sends through each view's `Sender`."""

    def __init__(self, clock: Clock, pump: Pump, offers: Callable[[], Iterable[Offer]]) -> None:
        self._clock = clock
        self._pump = pump
        self._offers = offers

    async def tell(self, view: View) -> None:
        """Send what the view lacks; answers to hellos after that, so that its pages stay in step."""
        if view.sender is None:
            return
        before = (view.generation, view.seq)
        whole = await self._flush(view)
        hellos, view.hellos = view.hellos, []
        asked, current = bool(hellos), (view.generation, view.seq) in hellos
        if before != (view.generation, view.seq):  # a page that was there has just been given what followed
            hellos = [hello for hello in hellos if hello != before]
        if not whole:
            await self._answer_all(view, hellos)
        now = self._clock.monotonic()
        if not asked and (debt := self._pump.bucket.debt(now)) > NO_TIME:  # of many ends at once, whose texts went first
            self._pump.request(view, now + debt)
            return
        self._state(view, asked=asked, current=current)
        self._repeat(view)

    async def _flush(self, view: View) -> bool:
        """Tell everything up to the newest entry: one message, one for each turn that ended meanwhile; says whether it took
        a snapshot."""
        while True:
            feed, generation = view.feed, view.generation
            if view.snapshot_due:
                if feed is not None and not feed.seq:
                    return False  # its first entry is under way
                self._snapshot(view)
                return True
            if feed is not None and view.seq < feed.seq:
                entries = await view.session.log.read(feed.turn, feed.generation, view.seq)
                if view.generation != generation:  # while the log was read, what is shown changed
                    continue
                if not entries:
                    self._snapshot(view)
                    return True
                events = [event for entry in entries for event in entry.events]
                self.send(view, wire.append(generation, view.seq, entries[-1].seq, events))
                view.seq = entries[-1].seq
            elif not view.advance():
                return False

    async def _answer_all(self, view: View, hellos: Sequence[tuple[int, int]]) -> None:
        if len(hellos) > _HELLOS:
            self._snapshot(view)
            return
        for generation, have in hellos:
            if not await self._answer(view, generation, have):
                self._snapshot(view)  # serves all others too
                return

    async def _answer(self, view: View, generation: int, have: int) -> bool:
        """Give a page that is at this position what it lacks of what all others have been told; False where that takes a
        snapshot."""
        feed, here = view.feed, view.generation
        if (generation, have) == (here, view.seq):
            return True
        after = None
        if generation == here and have < view.seq:
            after = have
        elif (generation, have) == view.previous:
            after = 0
        if feed is None or after is None:
            return False
        entries = await view.session.log.read(feed.turn, feed.generation, after)
        if view.generation != here:
            return False
        told = [entry for entry in entries or () if entry.seq <= view.seq]
        if not told:
            return False
        events = [event for entry in told for event in entry.events]
        self.send(view, wire.append(here, after, told[-1].seq, events))
        return True

    def _snapshot(self, view: View) -> None:
        state = None
        if view.moved:  # in one message: a page must not take the one's words for the other's, which may be private
            view.state_changed = False
            state = view.told = state_of(view, self._offers())
            view.state_sent = self._clock.monotonic()
        self.send(view, wire.snapshot(told_snapshot(view), state))
        view.look_of = look_of(view)
        view.caught_up(self._clock.monotonic())

    def _state(self, view: View, *, asked: bool, current: bool) -> None:
        """Send the small values that changed. A page that lacks nothing else may lack them: for a while it gets all again.

        What waits for consent is not in the state that a page begins with, so each one that asks is told. Where another
        conversation is about to be shown, the snapshot that shows it brings its values.
        """
        if view.moved and view.snapshot_due:
            return
        told = view.told or {}
        state = told
        if view.state_changed:
            view.state_changed = False
            state = view.told = state_of(view, self._offers())
        now = self._clock.monotonic()
        changes = {name: value for name, value in state.items() if name not in told or told[name] != value}
        if changes:
            view.state_sent = now
        if current and now - view.state_sent < _STATE_REPEATS:
            changes = state
        elif asked and state.get("approvals"):
            changes["approvals"] = state["approvals"]
        if changes:
            self._update(view, changes)

    def _repeat(self, view: View) -> None:
        """Tell the position again, when it is time and nothing newer was told."""
        generation, seq, ended = view.position
        if not ended or (generation, seq) != (view.generation, view.seq):
            view.repeats.clear()
        elif view.repeats and view.repeats[0] <= self._clock.monotonic() + NO_TIME:
            view.repeats.popleft()
            self.send(view, wire.append(generation, seq, seq, ()))
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
