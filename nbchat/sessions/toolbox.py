"""ToolBox: a session's tools, and the running of the calls that its model makes, each with a person's consent.

Owns consent (what was allowed, what waits) and the rule that every call gets exactly one result, whatever becomes of it. Must
not know of turns, requests or views.

Used on the background loop alone. Synchronous functions run on threads of their own: they may block for ever, and then must
hold up neither the loop, nor each other, nor the process's end.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from nbchat.core.cancelling import CancelToken
from nbchat.core.errors import UsageError
from nbchat.core.events import ToolResult
from nbchat.core.messages import ToolCallPart
from nbchat.core.tools import Tool, ToolSpec, tool_of
from nbchat.sessions.calling import Outcome, awaited, in_thread
from nbchat.sessions.state import Approval

__all__ = ["Decision", "ToolBox"]

Decision = Literal["once", "session", "deny"]

_GRACE_SECONDS = 0.05
"""How long a stop waits for functions that heed it, so that it need not call them still running; a stop has 300 ms in all."""

_AT_ONCE = 64
"""So many functions run at the same time for one answer: a model may ask for thousands, each of which has a thread."""

_NOBODY = (
    "not run: this call needs a person's consent, and nobody can give it here. The person can show the session's widget and "
    'ask again, or allow the tool beforehand with s.allow("{tool}").'
)
_DENIED = "not run: the person refused this call. Do not try it again unless they ask for it."
_UNSTARTED = "stopped before it was run"
_STOPPED = "stopped while it ran; it may have done a part of its work"
_GOES_ON = "stopped; the function still runs, and its result will be discarded"


@dataclass(eq=False)
class _Run:
    """One call on its way. `work` is a future of this loop that is done when the function has ended, None before it began."""

    call: ToolCallPart
    places: asyncio.Semaphore
    callers: Callers
    token: CancelToken = field(default_factory=CancelToken)
    work: asyncio.Future[Any] | None = None
    settled: bool = False

    @property
    def running(self) -> bool:
        return self.work is not None and not self.work.done()


@dataclass(eq=False)
class _Wait:
    """One call that waits for consent; `tool` is what it was made to."""

    approval: Approval
    tool: Tool
    decision: asyncio.Future[Decision]


Callers: TypeAlias = "tuple[ToolBox, ...]"
_CALLERS: contextvars.ContextVar[Callers] = contextvars.ContextVar("nbchat_callers", default=())
"""Whose calls the code that looks at this runs for: a tool may ask another session, whose tools run for both."""


def callers() -> Callers:
    """Return whose tools the caller runs for, outermost first."""
    return _CALLERS.get()


class ToolBox:
    """The tools of one session.

    `changed()` is called when `pending`, `allowed`, `specs` or `still_running` changed, `asked(approval)` when a call begins to
    wait for consent, `somebody_can_decide()` before it does.
    """

    def __init__(
        self, changed: Callable[[], None], asked: Callable[[Approval], None], somebody_can_decide: Callable[[], bool]
    ) -> None:
        self._changed = changed
        self._asked = asked
        self._somebody_can_decide = somebody_can_decide
        self._tools: dict[str, Tool] = {}
        self._context = contextvars.Context()
        self._allowed: set[str] = set()
        self._waiting: dict[str, _Wait] = {}
        self._call_ids: set[str] = set()
        self._left: list[_Run] = []

    # ------------------------------------------------------------ which tools there are, and which may run

    def set(self, functions: Iterable[Callable[..., Any] | Tool], context: contextvars.Context | None = None) -> None:
        """Replace the tools; later calls run in copies of `context` (default: the caller's as it is now).

        A consent for the session goes with the function that it was given for. Raises UsageError for functions that cannot be
        tools and for two of one name; then nothing changes.
        """
        if not isinstance(functions, Iterable):
            raise UsageError("Tools are given as a list of functions.", hint="Write `s.tools = [function]`.")
        tools: dict[str, Tool] = {}
        for function in functions:
            tool = tool_of(function)
            if tool.name in tools:
                raise UsageError(f"Two tools are called {tool.name}.", hint="A model tells them apart by their names.")
            tools[tool.name] = tool
        self._allowed = {name for name in self._allowed if name in tools and _same(tools[name], self._tools[name])}
        self._tools = tools
        self._context = contextvars.copy_context() if context is None else context
        self._changed()

    def refuse_own_call(self) -> None:
        """Raise UsageError where the caller is one of these tools, run for this session: whoever waits there for the session's
        next answer waits for itself."""
        if self in callers():
            raise UsageError(
                "A tool cannot wait for an answer of the conversation that called it: its own turn has to end first.",
                hint="Ask in another session, or do not wait: s.send(...).",
            )

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions behind the tools, in the order in which they were given."""
        return tuple(tool.function for tool in self._tools.values())

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What a model is told of the tools, in the order in which they were given."""
        return tuple(tool.spec for tool in self._tools.values())

    @property
    def allowed(self) -> frozenset[str]:
        """The names of the tools that need no consent in this session."""
        return frozenset(self._allowed)

    @property
    def pending(self) -> tuple[Approval, ...]:
        """The calls that wait for consent, oldest first."""
        return tuple(wait.approval for wait in self._waiting.values())

    @property
    def still_running(self) -> tuple[str, ...]:
        """The names of the functions that have not returned although their turn was stopped; their results are discarded."""
        return tuple(run.call.name for run in self._left)

    def allow(self, *names: str) -> None:
        """Let these tools run without asking, from now on and for as long as this session is in memory; calls of them that
        wait are run. Raises UsageError for names of no tool."""
        unknown = [name for name in names if name not in self._tools]
        if unknown:
            known = f"Its tools are {', '.join(self._tools)}." if self._tools else "Give it some: `s.tools = [function]`."
            raise UsageError(f"The session has no tool {', '.join(map(str, unknown))}.", hint=known)
        self._allowed.update(names)
        for wait in self._waiting.values():
            if wait.tool.name in names and _same(wait.tool, self._tools[wait.tool.name]) and not wait.decision.done():
                wait.decision.set_result("once")
        self._changed()

    def decide(self, call_id: str, decision: Decision) -> bool:
        """Decide about the call whose `Approval.call` this is: run it "once", run it and every later call of its tool
        ("session"), or "deny" it. False when it does not wait (any more). Raises UsageError for any other decision."""
        if decision not in ("once", "session", "deny"):
            raise UsageError(f"{decision!r} is no decision.", hint='Decide "once", "session" or "deny".')
        wait = self._waiting.get(call_id)
        if wait is None or wait.decision.done():
            return False
        wait.decision.set_result(decision)
        now = self._tools.get(wait.tool.name)
        if decision == "session" and now is not None and _same(wait.tool, now):  # not of what has taken its place since
            self.allow(now.name)
        return True

    # ------------------------------------------------------------ running calls

    async def run(self, calls: Sequence[ToolCallPart], done: Callable[[ToolResult], None], callers: Callers = ()) -> None:
        """Run the calls side by side, 64 at a time; `done` gets one result for each, as they come. `callers` are those whose
        tools asked for this answer. Await it directly: a task that is cancelled before its first step never gets here.

        Cancelling this ends it within some 50 ms: what waits for consent waits no more, tokens are set, coroutines are
        cancelled, and the calls without a result get one that says so. What their functions return later is discarded.
        """
        places = asyncio.Semaphore(_AT_ONCE)
        runs = [_Run(call, places, callers) for call in calls]
        tasks = [asyncio.create_task(self._settle(run, done)) for run in runs]
        try:
            if tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            left = [run for run in runs if not run.settled]
            if left:
                await self._stop(left, tasks, done)

    async def _settle(self, run: _Run, done: Callable[[ToolResult], None]) -> None:
        result = await self._result(run)
        run.settled = True
        done(result)

    async def _stop(self, left: Sequence[_Run], tasks: Iterable[asyncio.Task[None]], done: Callable[[ToolResult], None]) -> None:
        for run in left:
            run.token.cancel()
        for task in tasks:
            task.cancel()  # none of them gets to tell a result any more: whatever comes now comes too late
        begun = {run: run.work for run in left if run.work is not None}
        for work in begun.values():
            if isinstance(work, asyncio.Task):
                work.cancel()
        try:
            await asyncio.wait([*tasks, *begun.values()], timeout=_GRACE_SECONDS)
        finally:
            for run in left:
                if run.running:
                    self._outlives(run)
                text = _GOES_ON if run.running else _STOPPED if run in begun else _UNSTARTED
                done(ToolResult(run.call.id, text, error=True))

    def _outlives(self, run: _Run) -> None:
        """Show a function that goes on without anybody who waits for it, until it returns."""
        assert run.work is not None
        self._left.append(run)
        self._changed()
        run.work.add_done_callback(lambda _: self._returned(run))

    def _returned(self, run: _Run) -> None:
        self._left.remove(run)
        self._changed()

    async def _result(self, run: _Run) -> ToolResult:
        """What the model is told of one call."""
        call_id, name, tool = run.call.id, run.call.name, self._tools.get(run.call.name)
        if tool is None:
            known = f"the tools are {', '.join(self._tools)}" if self._tools else "there are no tools"
            return ToolResult(call_id, f"not run: there is no tool {name!r:.80}; {known}", error=True)
        try:
            tool.check(run.call.arguments)
        except ValueError as error:
            return ToolResult(call_id, f"not run: {error}"[:2000], error=True)
        if name not in self._allowed:
            if not self._somebody_can_decide():
                return ToolResult(call_id, _NOBODY.format(tool=name), error=True, denied=True)
            if await self._decision(run.call, tool) == "deny":
                return ToolResult(call_id, _DENIED, error=True, denied=True)
        async with run.places:
            return ToolResult(call_id, *await self._run(run, tool))

    async def _run(self, run: _Run, tool: Tool) -> Outcome:
        name, text = run.call.name, run.call.arguments
        context = self._context.copy()
        context.run(_CALLERS.set, (*run.callers, self))
        outcome: Any = None
        # The shields: to cancel whoever waits must not make the function pass for ended, as it may go on.
        if not tool.is_async:
            run.work = in_thread(lambda: context.run(_called, tool, text, run.token), run.token, name)
            outcome = await asyncio.shield(run.work)
        if tool.is_async or inspect.isawaitable(outcome):  # a plain function that wraps an async one
            start = (lambda: outcome) if outcome is not None else lambda: _called(tool, text, run.token)
            run.work = context.run(asyncio.create_task, awaited(start, run.token, name))
            outcome = await asyncio.shield(run.work)
        words, failed = outcome
        return words, failed

    async def _decision(self, call: ToolCallPart, tool: Tool) -> Decision:
        approval = Approval(self._unique(call.id), call.name, call.arguments)
        wait = self._waiting[approval.call] = _Wait(approval, tool, asyncio.get_running_loop().create_future())
        try:
            self._changed()
            self._asked(approval)
            return await wait.decision
        finally:
            del self._waiting[approval.call]
            self._changed()

    def _unique(self, call_id: str) -> str:
        """The call's own id; with something random behind a "#" where this session has asked about such an id before (providers
        begin again with "call_1"), so that a late decision about the earlier call says nothing of this one."""
        unique = call_id if call_id and call_id not in self._call_ids else f"{call_id}#{os.urandom(6).hex()}"
        self._call_ids.add(unique)
        return unique


def _called(tool: Tool, text: str, token: CancelToken) -> Any:
    """Call the tool with the arguments that `text` stands for. Only here, after the consent, does any code of theirs run."""
    return tool.call(tool.arguments(text), token)


def _same(one: Tool, other: Tool) -> bool:
    """Whether both are the same function; methods are made anew each time that they are looked up."""
    return one.function is other.function or (inspect.ismethod(one.function) and one.function == other.function)
