"""Asking: the part of a session's handle that asks: without waiting, waiting, and for values of a class."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, TypeVar, overload

from nbchat.api.attachments import Attachable, attachments_of
from nbchat.api.structured import Misfit, Wanted
from nbchat.api.tree import TreeHandle
from nbchat.api.turn import Turn
from nbchat.core.ids import new_id
from nbchat.core.messages import Message
from nbchat.runtime.waiting import check_may_await

__all__ = ["AskHandle"]

T = TypeVar("T")


class AskHandle(TreeHandle):
    """What `Session` stands on: `send`, `ask` and `aask`."""

    def send(
        self,
        text: str,
        *,
        model: str = "",
        when_busy: Literal["queue", "raise"] = "queue",
        request_id: str | None = None,
        budget: Decimal | str | float | None = None,
        attachments: Attachable | Iterable[Attachable] = (),
        **parameters: Any,
    ) -> Turn:
        """Ask `text` without waiting; returns the Turn. Behind a running turn, of another kernel too, it queues, or raises
        BusyError (`when_busy="raise"`).

        `model` is for this turn only; `parameters` (temperature, max_tokens, ...) go to the provider as they are. A
        `request_id` that was used before attaches to its turn instead of paying twice. `budget` is what the turn may cost (US
        dollars): a request that would pass it is not sent. `attachments` go with it: paths or bytes of pictures (PNG, JPEG,
        GIF, WebP) and of text files. Raises UsageError for an empty text, for no amount, and for what cannot be attached.
        """
        options: dict[str, Any] = {"model": model, "request_id": request_id, "budget": budget, "parameters": parameters}
        options["attachments"] = attachments_of(attachments)
        if when_busy == "raise":
            return Turn(self._app.background.wait(self._core.submit_now(text, **options)), self._app.background)
        return self._turn(lambda: self._core.submit(text, **options))

    @overload
    def ask(self, text: str, *, schema: type[T], **options: Any) -> T: ...
    @overload
    def ask(self, text: str, **options: Any) -> Message: ...
    def ask(self, text: str, *, schema: type[T] | None = None, **options: Any) -> Message | T:
        """Ask `text` and wait: returns the answer, while views stream it. The `options` are those of `send`.

        With a `schema` (a dataclass, a TypedDict, a pydantic model, ...) it returns such a value, made of the answer's JSON. An
        answer that does not fit is corrected once, by a question of its own; `s.messages` has them all.
        Raises ChatError (with the partial in `.message`) when the turn did not complete, or does not fit at last. A
        KeyboardInterrupt stops the turn.
        """
        if schema is None:
            return self._asked(text, options)
        wanted = Wanted(schema)
        message = self._asked(text, wanted.asked_for(options))
        try:
            return wanted.read(message)
        except Misfit as misfit:
            correction = wanted.correction(message, misfit)
        return wanted.read_last(self._asked(correction, wanted.asked_again(options, message)))

    @overload
    async def aask(self, text: str, *, schema: type[T], **options: Any) -> T: ...
    @overload
    async def aask(self, text: str, **options: Any) -> Message: ...
    async def aask(self, text: str, *, schema: type[T] | None = None, **options: Any) -> Message | T:
        """Ask as `ask` does, for `await` under asyncio: the same `text`, `schema`, `options`, result and errors; a cancelled
        `await` leaves the turn running. Raises KernelLoopError where no asyncio loop runs, before anything is sent."""
        check_may_await()
        self._core.tools.refuse_own_call()
        if schema is None:
            return await self.send(text, **options)
        wanted = Wanted(schema)
        message = await self.send(text, **wanted.asked_for(options))
        try:
            return wanted.read(message)
        except Misfit as misfit:
            correction = wanted.correction(message, misfit)
        return wanted.read_last(await self.send(correction, **wanted.asked_again(options, message)))

    def _asked(self, text: str, options: dict[str, Any]) -> Message:
        self._app.background.check_may_block()  # before anything is sent
        self._core.tools.refuse_own_call()
        request_id = options.get("request_id") or new_id()
        try:
            return self.send(text, **{**options, "request_id": request_id}).result()
        except KeyboardInterrupt:  # also one that came when the question was on its way and nobody waited yet
            self._app.background.wait(self._core.stop_request(request_id))
            raise
