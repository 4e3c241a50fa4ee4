"""Panel: the kernel's end of a side panel: which conversations are open here, and a thread of the one that is asked for.

Owns the comm target `nbchat.panel` and its messages, which only ever list, open and begin conversations: nothing here asks a
model anything. Messages come on any thread and are posted to the loop; widgets are made on the main thread, so that one which
is asked for while a cell runs comes when the cell has ended.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nbchat.core.cost import format_cost
from nbchat.core.errors import ChatError
from nbchat.notebook.cells import notebook_of
from nbchat.notebook.comms import CommSender, hear, kernel_of
from nbchat.notebook.names import conversation_for
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.sessions.session import Session
    from nbchat.sessions.state import Signal

__all__ = ["Panel"]

PACE = 0.5
"""Seconds between two lists: the cost of what streams changes all the time."""
_TELLING = frozenset(("changed", "closed", "queue-changed", "status-changed", "turn-ended", "turn-started"))
MOST = 16
"""Panels that are told: a page that is gone does not always say so, and the oldest are forgotten."""
_panels: deque[Panel] = deque()
_log = logging.getLogger("nbchat.notebook")


class Panel:
    """One page's panel, from the opening of its comm to its end."""

    def __init__(self, services: Services, shell: Any, comm: Any) -> None:
        self._services = services
        self._shell = shell
        self._sender = CommSender(comm)
        self._told: Json | None = None
        self._due = False
        self._deaf: Callable[[], None] | None = None
        hear(comm, self._heard, self._gone)
        services.background.post(self._begin)

    # ------------------------------------------------------------ the list

    def _begin(self) -> None:
        self._deaf = self._services.manager.listen(self._signalled)
        _panels.append(self)
        if len(_panels) > MOST:
            _panels.popleft()._end()
        self._spawn(self._tell())

    def _gone(self) -> None:
        self._services.background.post(self._end)

    def _end(self) -> None:
        if self._deaf is not None:
            self._deaf()
            self._deaf = None
        if self in _panels:
            _panels.remove(self)

    def _signalled(self, signal: Signal) -> None:
        if signal.name in _TELLING and not self._due:
            self._due = True
            self._spawn(self._tell_soon())

    async def _tell_soon(self) -> None:
        await self._services.ports.clock.sleep(PACE)
        self._due = False
        if self._deaf is not None:
            await self._tell()

    async def _tell(self) -> None:
        """Send the list where it differs from the last one."""
        current = await conversation_for(self._services, notebook_of(self._shell), new=False, notebook=True)
        sessions = self._services.manager.active
        rows = [_row(session, own=session.name == current) for session in sessions]
        if not any(row["own"] for row in rows):
            found = await self._services.ports.store.find(current)
            rows.append(_sleeping(current, "" if found is None else found.title))
        content: Json = {"op": "sessions", "sessions": sorted(rows, key=lambda row: not row["own"])}
        if content != self._told:
            self._told = content
            self._sender.custom(content)

    # ------------------------------------------------------------ what a page asks for

    def _heard(self, message: Any) -> None:
        data = message["content"].get("data")
        if isinstance(data, Mapping):
            self._services.background.post(self._do, data)

    def _do(self, data: Mapping[str, Any]) -> None:
        name = data.get("name")
        if data.get("op") == "open" and isinstance(name, str):
            self._spawn(self._open(name))
        elif data.get("op") == "new":
            self._spawn(self._new())
        else:
            _log.debug("a panel sent what nbchat does not understand")

    async def _new(self) -> None:
        await self._open(await conversation_for(self._services, notebook_of(self._shell), new=True, notebook=True))

    async def _open(self, name: str) -> None:
        session = await self._services.manager.open(name)
        show = partial(self._show, session, session.lease().release)
        loop = getattr(kernel_of(self._shell), "io_loop", None)
        if loop is None:
            show()
        else:
            loop.add_callback(show)

    def _show(self, session: Session, done: Callable[[], object]) -> None:
        """Make the session's thread, or take the one that is there, and say which model it is. On the main thread."""
        try:
            widget = self._services.widgets.thread(session)
        except ChatError as error:
            self._refuse(error)
        else:
            self._sender.custom({"op": "view", "name": session.name, "model_id": widget.model_id})
        finally:
            self._services.background.post(done)

    def _refuse(self, error: ChatError) -> None:
        self._sender.custom({"op": "error", "error": error.info.to_json()})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._services.background.spawn(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ChatError as error:
            self._refuse(error)
        except Exception:
            _log.exception("a panel could not be served")


def _row(session: Session, *, own: bool) -> Json:
    state, facts = session.state, session.conversation
    named = facts.titled if session.private else True
    asked = (state.usage.input_tokens, state.usage.output_tokens) != (0, 0)
    return {
        "name": session.name,
        "title": (facts.title if named else "") or session.name,
        "status": state.status,
        "cost": format_cost(state.cost) if asked else "",
        "own": own,
        "live": True,
    }


def _sleeping(name: str, title: str) -> Json:
    """The notebook's conversation when nothing shows it: offered all the same."""
    return {"name": name, "title": title or name, "status": "idle", "cost": "", "own": True, "live": False}
