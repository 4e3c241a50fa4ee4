r"""Dialogue: what a turn says to the model and hears from it: its requests, one after the other, until there is nothing to ask.

    request -> provider -> events -> output
       ^           \-> calls -> toolbox -> results
       \---------------------------------------/

Owns which requests a turn makes and how their events become one answer. Must not know what ends a turn, or what it costs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from nbchat.core.errors import ChatError, ProviderError
from nbchat.core.events import Finish, ProviderEvent, RequestSent, TextDelta, ToolCallDelta
from nbchat.core.messages import Part, TextPart, ToolCallPart
from nbchat.core.requests import Purpose, RequestStatus
from nbchat.core.seam import Seam
from nbchat.sessions.asking import Asking
from nbchat.sessions.output import TurnOutput
from nbchat.sessions.ports import Clock, ModelProvider
from nbchat.sessions.request_run import RequestRun
from nbchat.sessions.toolbox import Callers, ToolBox

__all__ = ["MAX_ROUNDS", "Dialogue"]

MAX_ROUNDS = 10
"""How often a turn's tools are run before the turn ends with an error that says so."""
_REFUSED = (400, 422)
"""Statuses with which servers refuse to go on with a partial answer."""


class Dialogue:
    """The requests of one turn. `admit(parts)` is awaited before each, and may raise what keeps it from being sent;
    `settle(status)` for each but the last one, as soon as it is over. `shorten(parts)` leaves out more of the history, if it
    may, when the provider says that it was too long."""

    def __init__(
        self,
        asking: Asking,
        output: TurnOutput,
        tools: ToolBox,
        clock: Clock,
        *,
        provider: Callable[[], ModelProvider],
        arrived: Callable[[ProviderEvent], None],
        settle: Callable[[RequestStatus], Awaitable[None]],
        admit: Callable[[Sequence[Part]], Awaitable[None]],
        shorten: Callable[[Sequence[Part]], bool],
        callers: Callers = (),
    ) -> None:
        self.request = RequestRun(asking.nothing(), "answer", clock)
        """The request that runs, or ran last."""
        self.settled = False
        """Whether that is settled; said at once by whoever does it: the turn may be stopped before `settle` returns."""
        self.frozen = False
        """Whether the answer takes nothing more, and the rest is read only for what it used."""
        self._reading = False
        self._asking = asking
        self._output = output
        self._tools = tools
        self._clock = clock
        self._provider = provider
        self._arrived = arrived
        self._settle = settle
        self._admit = admit
        self._shorten = shorten
        self._callers = callers
        self._seam: Seam | None = None
        self._break = ""
        """What keeps the next text apart from the text before the tools that were run."""
        self._calls: dict[int, str] = {}
        """The ids of this turn's tool calls by their number."""
        self._first_call = 0
        """The number of the first call of the request that runs."""

    async def run(self) -> None:
        """Ask until the answer is there; raises what ends it otherwise. To end it early, cancel it."""
        await self._ask_first()
        for _ in range(MAX_ROUNDS):
            calls = self.open_calls()
            if not calls:
                return
            await self._settle("complete")
            await self._output.checkpoint_calls(calls)
            await self._tools.run(calls, self._output.keep, self._callers)
            await self._ask("tool-round")
        if self.open_calls():
            text = f"The model asked for tools {MAX_ROUNDS + 1} times in one turn, and was stopped."
            raise ChatError(text, kind="tools", hint="Resume lets it go on, or ask it to answer with what it has.")

    def close(self) -> None:
        """Nothing comes any more: let out what was held back, and stop the clock. Idempotent."""
        self._close_seam()
        self.request.end()

    def freeze(self) -> bool:
        """Let no more into the answer, but read the request on for its usage; False where there is none to be had: nothing is
        being read, nothing was sent, or the answer is whole."""
        if not self._reading or not self.request.billed or self.request.finish is not None:
            return False
        self.close()
        self.frozen = True
        return True

    def open_calls(self) -> Sequence[ToolCallPart]:
        """What the request that ran asks to have called; nothing where no tools were offered or it was cut short."""
        finish = self.request.finish
        if not self.request.request.tools or self.settled or self.frozen:
            return ()
        if finish is None or finish.reason in ("length", "content_filter"):
            return ()
        return [part for part in self._output.content.parts if isinstance(part, ToolCallPart)][self._first_call :]

    async def _ask_first(self) -> None:
        """Ask for the answer, or for the rest of it; by words where the server takes no partial answer."""
        parts = self._output.content.parts
        if not parts:
            await self._ask("answer")
            return
        if self._provider().continues and self._asking.can_prefill(parts):
            try:
                await self._ask("continuation", prefill=True)
                return
            except ProviderError as error:
                self.request.failed(error)
                refused = error.status in _REFUSED and error.kind != "context_length" and not self.request.characters
                if self.frozen or not refused:
                    raise
                await self._settle("error")
        await self._ask("continuation")

    async def _ask(self, purpose: Purpose, *, prefill: bool = False) -> None:
        """Make one request; with less of the history, as long as there is less that may be sent, if it was too long."""
        parts = self._output.content.parts
        while True:
            try:
                await self._admit(parts)
            except ChatError:
                self.settled = True  # nothing is asked: there is nothing to settle
                raise
            try:
                await self._make(purpose, parts, prefill=prefill)
                return
            except ProviderError as error:
                self.request.failed(error)
                if error.kind != "context_length" or self.request.characters or not self._shorten(parts):
                    raise
                await self._settle("error")

    async def _make(self, purpose: Purpose, parts: Sequence[Part], *, prefill: bool) -> None:
        made = self._asking.request(parts, prefill=prefill, tools=self._tools.specs)
        self.request = RequestRun(made, purpose, self._clock)
        self.settled = False
        self._first_call = sum(isinstance(part, ToolCallPart) for part in parts)
        self._seam = self._asking.seam(parts, prefill=prefill) if purpose == "continuation" else None
        self._break = _break_after(parts)
        stream = self._provider().stream(made)
        self._reading = True
        try:
            async for batch in stream:
                for event in batch:
                    self._take(event)
                if self.frozen and not self.request.billed:
                    break  # refused, and about to be sent again: nobody waits for that answer
        finally:
            self._reading = False
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()
        self.request.end()

    def _take(self, event: ProviderEvent) -> None:
        self.request.take(event)
        if self.frozen or isinstance(event, RequestSent):
            return
        if isinstance(event, ToolCallDelta):
            event = self._numbered(event)
        if self._seam is not None and isinstance(event, TextDelta):
            text = self._seam.feed(event.text)
            if not text:
                return
            event = TextDelta(text)
        elif isinstance(event, TextDelta) and self._break:
            event, self._break = TextDelta(self._break + event.text), ""
        elif isinstance(event, Finish | ToolCallDelta):
            self._close_seam()
        self._output.keep(event)
        self._arrived(event)

    def _numbered(self, event: ToolCallDelta) -> ToolCallDelta:
        """Count calls over all requests of the answer, each under an id of its own: some servers give none, or the same again."""
        number = self._first_call + event.index
        if number in self._calls:
            return replace(event, index=number, id="")
        taken = {part.id for part in self._output.content.parts if isinstance(part, ToolCallPart)}
        self._calls[number] = name = event.id if event.id and event.id not in taken else f"{event.id or 'call'}-{number + 1}"
        return replace(event, index=number, id=name)

    def _close_seam(self) -> None:
        seam, self._seam = self._seam, None
        if seam is not None and (rest := seam.end()):
            self._output.keep(TextDelta(rest))


def _break_after(parts: Sequence[Part]) -> str:
    """Return a blank line where text would stand right behind what was said before a tool: in the answer's text, which is all
    of it joined, "Let me see." and "It is 5." are paragraphs."""
    said = next((part.text for part in reversed(parts) if isinstance(part, TextPart) and part.text), "")
    between = bool(parts) and not isinstance(parts[-1], TextPart)
    return "\n\n" if between and said and not said[-1].isspace() else ""
