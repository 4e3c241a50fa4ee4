"""RequestRun: one billed call of a turn: what came of it, when, and its row in the ledger.

Owns the facts of a single request; which requests a turn makes, and what becomes of its answer, is `run.py`'s matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbchat.core.errors import ProviderError
from nbchat.core.events import (
    Finish,
    LeftOut,
    Loading,
    ModelNamed,
    ProviderEvent,
    ReasoningDelta,
    RequestSent,
    Retry,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from nbchat.core.requests import ModelRequest, Purpose, RequestRecord, RequestStatus
from nbchat.sessions.ports import Clock
from nbchat.sessions.settle import Settlement, is_whole, settle

if TYPE_CHECKING:
    from nbchat.core.cost import Price
    from nbchat.core.usage import Usage

__all__ = ["RequestRun"]


class RequestRun:
    """A request from its start to its settlement; told every event by `take`, before anything else looks at it."""

    def __init__(self, request: ModelRequest, purpose: Purpose, clock: Clock) -> None:
        self.request = request
        self.purpose = purpose
        self.billed = False
        """Whether the provider may bill it: it has left, and was not refused."""
        self.finish: Finish | None = None
        self.report: UsageReport | None = None
        self.model = request.model
        self.left_out: set[str] = set()
        """Parameters that were given for it and are not in it: the provider refuses them."""
        self.characters = 0
        """Of all text that came, reasoning and arguments too, also of what a stopped answer does not keep."""
        self.first_token_seconds: float | None = None
        self._said: list[str] = []
        self._counted = 0
        self._clock = clock
        self._started = clock.time()
        self._began = clock.monotonic()
        self._ended: float | None = None

    def take(self, event: ProviderEvent) -> None:
        """Note what an event says of the request."""
        if isinstance(event, TextDelta | ReasoningDelta):
            self._token(event.text)
        elif isinstance(event, ToolCallDelta):
            self._token(event.arguments)
        elif isinstance(event, RequestSent):
            self.billed = True
        elif isinstance(event, Retry) or (isinstance(event, Loading) and event.again is not None):
            self.billed = False  # only what was refused, or never arrived, is sent again
        elif isinstance(event, Finish):
            self.finish = event
        elif isinstance(event, UsageReport):
            self.report = event
            self._counted = self.characters
        elif isinstance(event, ModelNamed):
            self.model = event.model
        elif isinstance(event, LeftOut):
            self.left_out.add(event.parameter)

    def _token(self, text: str) -> None:
        if self.first_token_seconds is None and self._ended is None:
            self.first_token_seconds = self._clock.monotonic() - self._began
        self.characters += len(text)
        self._said.append(text)

    def failed(self, error: BaseException | None) -> None:
        """The request ended with this error: one that the provider refused before anything came is billed by nobody. (An
        error in mid-answer takes no token back.)"""
        came = self.characters > 0 or self.report is not None
        if isinstance(error, ProviderError) and (error.status or 0) >= 400 and not came:
            self.billed = False

    def end(self) -> None:
        """The last event has come; what follows (tools, saving) is no time of the model's. Idempotent."""
        if self._ended is None:
            self._ended = self._clock.monotonic() - self._began

    @property
    def streaming_seconds(self) -> float:
        """Seconds in which tokens came."""
        if self.first_token_seconds is None or self._ended is None:
            return 0.0
        return max(self._ended - self.first_token_seconds, 0.0)

    @property
    def ended(self) -> bool:
        """Whether the provider ended the answer itself."""
        return self.finish is not None

    @property
    def needs_estimate(self) -> bool:
        """Whether it may be billed for more than was reported."""
        return self.billed and not (self.ended and is_whole(self.report))

    @property
    def input_reported(self) -> bool:
        """Whether the provider counted the input."""
        return self.report is not None and bool(self.report.usage.input_tokens)

    @property
    def uncounted(self) -> str:
        """The text that no report covers: all of it where none counted the output, else what came later."""
        counted = self.report is not None and bool(self.report.usage.output_tokens)
        return "".join(self._said)[self._counted if counted else 0 :]

    def settle(self, price: Price | None, estimate: Usage) -> Settlement:
        """Return what it used and cost; `estimate` is of what was not counted."""
        return settle(self.report, estimate, price, billed=self.billed, ended=self.ended)

    def record(
        self,
        turn: str,
        message: str,
        conversation: tuple[str, str],
        provider: str,
        status: RequestStatus,
        price: Price | None,
        settlement: Settlement,
        notebook: str,
    ) -> RequestRecord:
        """Return the ledger's row: `turn` and `message` are ids, `conversation` is (id, name)."""
        return RequestRecord(
            id=self.request.id,
            conversation=conversation[0],
            conversation_name=conversation[1],
            turn=turn,
            message=message,
            purpose=self.purpose,
            provider=provider,
            model=self.model,
            status=status,
            started=self._started,
            ended=self._clock.time(),
            usage=settlement.usage,
            cost=settlement.cost,
            price=price,
            raw_usage=None if self.report is None else self.report.raw,
            first_token_seconds=self.first_token_seconds,
            notebook=notebook,
            input_characters=None if self.request.has_images else sum(map(len, self.request.texts)),
            output_characters=self.characters,
        )
