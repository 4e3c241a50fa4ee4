"""nbchat's own ways from bytes to text, as far as each goes: contestants of the ingest benchmarks beside `clients`."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests.bench.clients import KEY, Took
from tests.providers.transports import over

if TYPE_CHECKING:
    from nbchat.api.session import Session
    from nbchat.core.events import ProviderEvent
    from nbchat.providers.endpoint import Endpoint

__all__ = ["App", "StockWayIn", "WayIn"]


class WayIn:
    """Bytes to applied event, exactly as a session's turn does it: endpoint, connection, event stream, decoder; then `Dialogue`,
    which tells its `RequestRun` and keeps each event in the `TurnOutput` (the answer's content, and what the log and the next
    checkpoint will be given). Nothing takes it out there: log and store are the session's matter."""

    def load(self) -> None:
        from nbchat.providers.endpoint import warm

        warm()

    async def open(self, base_url: str) -> None:
        from nbchat.core.models import KeyPlace, Provider
        from nbchat.core.secrets import Secret
        from nbchat.providers.endpoint import Endpoint
        from nbchat.runtime.clock import SystemClock

        self._clock = SystemClock()
        provider, key = Provider("lab", base_url, key=KeyPlace("process")), Secret(KEY)
        self._endpoint: Endpoint = Endpoint(lambda: provider, lambda: (provider, key), self._clock)

    async def ask(self, model: str, took: Took) -> None:
        from nbchat.core.events import Finish, TextDelta
        from nbchat.core.messages import Message, TextPart
        from nbchat.sessions.asking import Asking
        from nbchat.sessions.dialogue import Dialogue
        from nbchat.sessions.output import TurnOutput
        from nbchat.sessions.ports import TurnRecord
        from nbchat.sessions.toolbox import ToolBox
        from nbchat.sessions.turn import Turn

        nothing: Any = None  # neither a session nor its ports are asked for anything before a turn ends
        question, answer = Message("q", "user", (TextPart("go"),)), Message("a", "assistant", (), "q", "streaming")
        turn = Turn(nothing, "go", "r", record=TurnRecord("t", "c", "q", "a", "r"), answer=answer)
        output = TurnOutput(turn, nothing, nothing)

        def arrived(event: ProviderEvent) -> None:
            if isinstance(event, TextDelta):
                took(event.text)

        async def admit(_parts: object) -> None:
            """No budget, and room for all of it."""

        asking = Asking("t", "r", "lab", model, "c", None, (question,), answer, {})
        tools = ToolBox(lambda: None, nothing, nothing)
        steps: dict[str, Any] = {"arrived": arrived, "settle": nothing, "admit": admit, "shorten": nothing}
        dialogue = Dialogue(asking, output, tools, self._clock, provider=lambda: self._endpoint, **steps)
        await dialogue.run()
        assert dialogue.request.finish == Finish("stop")

    async def aclose(self) -> None:
        await self._endpoint.aclose()


class StockWayIn(WayIn):
    """The same over httpx's own transport, which is what carries it through a proxy."""

    def load(self) -> None:
        super().load()
        self._way = ExitStack()
        self._way.enter_context(over("stock"))

    async def aclose(self) -> None:
        await super().aclose()
        self._way.close()


class App:
    """The whole of nbchat as a notebook has it: `session.send`, event log, checkpoints and ledger in SQLite; the text comes to
    whoever watches the turn, as it comes to a view."""

    def load(self) -> None:
        from nbchat.app import app
        from nbchat.providers.endpoint import warm

        warm()
        self._app = app()

    async def open(self, base_url: str) -> None:
        import nbchat

        nbchat.add_provider("lab", base_url=base_url, api_key=KEY)
        self._sessions: dict[str, Session] = {}

    async def ask(self, model: str, took: Took) -> None:
        import nbchat

        session = self._sessions.get(model)
        if session is None:
            session = self._sessions[model] = nbchat.session(model, model=f"lab/{model}")
        for delta in session.send("go"):
            took(delta)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._app.close)
