"""TurnWorker: takes a session's waiting turns, one after the other, from saved question to settled answer.

Owns the queue and the one running turn, of this kernel or of another one, which is followed ("busy" is reserved when a turn is
submitted, before anything is awaited). Tells the session what happens through its callbacks; must not know who watches.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections import deque
from collections.abc import Callable

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.errors import BusyError
from nbchat.core.messages import Message
from nbchat.sessions.answering import Answering, Watcher
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.following import Following
from nbchat.sessions.neighbours import Neighbours, unfollowed
from nbchat.sessions.ports import Job, Ports
from nbchat.sessions.queue_head import POLL_SECONDS, QueueHead
from nbchat.sessions.reservation import Reservation
from nbchat.sessions.tasks import begin, until
from nbchat.sessions.toolbox import ToolBox
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["TurnWorker"]

_MEET_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
"""How often it is asked where a turn runs of which nobody says so."""
_log = logging.getLogger("nbchat.sessions")


class TurnWorker:
    """The queue of one session and the task that empties it."""

    def __init__(
        self,
        tree: ConversationTree,
        ports: Ports,
        watcher: Watcher,
        tools: ToolBox,
        estimates: Estimates,
        *,
        model: Callable[[], str],
    ) -> None:
        self.waiting: deque[Turn] = deque()
        self.current: Turn | None = None
        self._tree = tree
        self._ports = ports
        self._watcher = watcher
        self._neighbours = Neighbours(tree, ports, watcher.reloaded)
        self.reservation = Reservation(tree.conversation.id, ports, model)
        self._answering = Answering(tree, ports, watcher, tools, estimates, self.reservation, model=model)
        self._job: Job | None = None
        self._following: Following | None = None
        self._changed = asyncio.Event()
        self._met = asyncio.Event()
        self._stale = False
        self._head = QueueHead(
            self._neighbours,
            self.reservation,
            ports.clock,
            current=lambda: self.current,
            follow=self._in_the_way,
            changed=self._changed,
        )
        self._releasing: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a turn runs or waits."""
        return bool(self.waiting) or (self.current is not None and self.current.status != "ended")

    @property
    def asking(self) -> bool:
        """Whether a turn of this kernel runs or waits."""
        return self.busy and (bool(self.waiting) or self._following is None)

    @property
    def coming(self) -> Turn | None:
        """The turn that waits first, while it is found out whether it can begin."""
        return self._head.turn

    def add(self, turn: Turn) -> None:
        """Put a turn at the end of the queue and see to it that somebody works."""
        self.waiting.append(turn)
        self._go_on()

    def follow(self, job: Job) -> None:
        """Show this turn of another kernel, when the one that is shown has ended; not while one of this kernel runs."""
        own = self.current is not None and self.current.status == "running" and self.current.producer is None
        known = self._following is not None and self._following.turn.id == job.stream_id
        if self._closed or own or known or self._ports.others is None:
            return
        self._job = job
        self._met.clear()
        self._go_on()

    def catch_up(self) -> None:
        """Take over what another kernel has saved, as soon as nothing else is to be done."""
        if not self._closed:
            self._stale = True
            self._go_on()

    async def met(self) -> None:
        """Wait until that turn is shown, for a second at most."""
        if self._job is not None:
            await until(self._met, _MEET_SECONDS, self._ports.clock)

    def _go_on(self) -> None:
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = begin(self._work())

    async def reserve(self, turn_id: str) -> None:
        """Take a place for a turn that is to be added; raises BusyError where another kernel answers in the conversation, or as
        many answers run as may."""
        running, standing = await self._neighbours.look(self.current)
        if running is not None:
            raise BusyError("Another kernel is answering in this conversation.", hint="Wait for it, stop it, or let it queue.")
        await self.reservation.take(turn_id, standing.generation)

    def remove(self, turn: Turn) -> None:
        """Take a waiting turn out of the queue; its future is cancelled."""
        self.waiting.remove(turn)
        turn.status = "ended"
        if not turn.future.cancel():  # it was begun, and put back: another kernel was quicker
            turn.future.set_exception(concurrent.futures.CancelledError())
        turn.tell(None)
        self._changed.set()
        if self.reservation.holds(turn.id):
            self._releasing = begin(self.reservation.release(turn.id))

    async def stop(self, *, at_once: bool | None = None, take_back: bool = False) -> None:
        """Stop the running turn, if there is one, or the one that is about to run; returns when its request is closed and its
        partial saved. `take_back` takes it from the queue where something is in its way. `at_once`: see `TurnRun.stop`. Raises
        BusyError where another kernel runs it and does not react."""
        turn = self.current
        if turn is None or turn.status == "ended":
            turn = self.coming
            if turn is None or not await self._head.stop(take_back=take_back):
                return
        if self._following is not None:
            await self._following.stop()
            return
        if turn is self.current:
            self._answering.stop(at_once=at_once)
        await asyncio.wait([asyncio.wrap_future(turn.future)])

    async def close(self) -> None:
        """End the running turn as interrupted and start no other."""
        self._closed = True
        self._changed.set()
        self._answering.interrupt()
        if self._following is not None:
            self._following.leave()
        if self._task is not None:
            await self._task  # never cancelled: that could cut off the saving of what came

    async def _work(self) -> None:
        while not self._closed:
            job, self._job = self._job, None
            if job is not None:
                await self._follow(job)
            elif self._stale:
                await self._catch_up()
            elif not self.waiting:
                break
            else:
                await self._next(self.waiting[0])
        self._watcher.idle()

    async def _next(self, turn: Turn) -> None:
        """Begin the turn that waits first, if it can begin now."""
        can, hindrance = await self._head.can_begin(turn, lambda: self._is_first(turn))
        unwanted = self._head.decided(begins=can)
        if can:
            self.waiting.remove(turn)
            await self._take(turn, hindrance)
            if self.waiting and not self._closed:
                await self._neighbours.give_way(turn, self._changed)
        elif unwanted and turn in self.waiting:
            self.remove(turn)
            self._watcher.emit("queue-changed", turn)

    def _is_first(self, turn: Turn) -> bool:
        return not self._closed and bool(self.waiting) and self.waiting[0] is turn

    # ------------------------------------------------------------ other kernels

    def _in_the_way(self, job: Job | None) -> bool:
        """Another kernel's turn is in the way of what waits: show it, if anybody knows where it runs."""
        self._job = job or self._job
        return self._job is not None

    async def _follow(self, job: Job) -> None:
        """Show another kernel's turn until it ends."""
        turn = self._watcher.elsewhere(job)
        following = self._following = Following(turn, job, self._tree, self._ports, self._watcher)
        message: Message | None = None
        try:
            message = await following.run(self._shown)
        except Exception as error:
            _log.exception("a turn of another kernel could not be followed")
            message = unfollowed(turn, error) if turn.status == "running" else None
        finally:
            self._following = None
            self._met.set()
        if message is None:
            await self._catch_up()
            await until(self._changed, POLL_SECONDS, self._ports.clock)
        else:
            await self._end(turn, message)

    async def _catch_up(self) -> None:
        self._stale = False
        try:
            await self._take_over()
        except Exception:  # nothing of what waits here depends on it
            _log.exception("what another kernel saved could not be taken over")
            await until(self._changed, POLL_SECONDS, self._ports.clock)

    async def _take_over(self) -> None:
        running, standing = await self._neighbours.look(self.current)
        await self._neighbours.take_over(standing)
        if running is None or not self._neighbours.known:
            return
        self._job = await self._neighbours.job_of(running) or self._job
        if self._job is None:
            self._stale = True  # nobody says where it runs: until then it is shown as it is saved
            await until(self._changed, _AGAIN_SECONDS, self._ports.clock)

    def _shown(self, turn: Turn) -> None:
        self.current = turn
        self._met.set()

    # ------------------------------------------------------------ own turns

    async def _take(self, turn: Turn, hindrance: Exception | None = None) -> None:
        """Run a turn from the queue to its end, unless there is a hindrance; where another kernel was quicker it waits on."""
        before, self.current = self.current, turn
        turn.status = "running"
        # From here on nobody who gives up waiting can cancel it for the others.
        if not turn.future.running():
            turn.future.set_running_or_notify_cancel()
        self._answering.stopping = turn is self._head.stopped
        self._watcher.started(turn)
        try:
            message = await (
                self._answering.answer(turn, self._head.after) if hindrance is None else self._answering.failed(turn, hindrance)
            )
        except Exception as error:
            if isinstance(error, BusyError) and turn.patient and turn.record is None:
                await self._put_back(turn, before)
                return
            message = await self._answering.failed(turn, error)
        finally:
            await self.reservation.release(turn.id)
        await self._end(turn, message)

    async def _put_back(self, turn: Turn, before: Turn | None) -> None:
        """Another kernel began a turn in the same moment: this one waits on, at the front of the queue."""
        turn.status, self.current = "queued", before
        self.waiting.appendleft(turn)
        if self._answering.stopping or self._closed:
            self.remove(turn)
        self._watcher.emit("queue-changed", turn)

    async def _end(self, turn: Turn, message: Message) -> None:
        """The turn is over: tell everybody."""
        turn.answer, turn.status, turn.callers = message, "ended", ()
        turn.content = TurnAccumulator(message.parts)  # whoever keeps the turn keeps its text once, not token by token
        try:
            self._watcher.ended(turn, message)
            await self._answering.go_back(turn)
        except Exception:  # whoever waits for the turn must not wait for ever
            _log.exception("the end of a turn could not be told")
        turn.tell(None)
        if not turn.future.done():
            turn.future.set_result(message)
