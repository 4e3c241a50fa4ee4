"""Manager: all sessions of this process and all saved conversations, as people see them (`nbchat.manager`)."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from traitlets import HasTraits
from traitlets.utils.bunch import Bunch

from nbchat.api.live import Live
from nbchat.api.session import Session
from nbchat.export.listings import conversation_table
from nbchat.export.tables import Table
from nbchat.runtime.callbacks import here

if TYPE_CHECKING:
    from nbchat.app import App
    from nbchat.sessions.session import Session as CoreSession
    from nbchat.sessions.state import Signal

__all__ = ["Manager"]


class Manager(HasTraits):
    """Opens, finds, lists, closes and deletes sessions. `active`, the names of the live ones, is observable."""

    active = Live(lambda m: tuple(s.name for s in m._app.manager.active), help="Names of the live sessions.")

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._handles: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self._target = here()
        self._known = self.active
        app.background.call(app.manager.listen, self._signalled)

    def open(self, name: str, *, model: str | None = None, system: str | None = None) -> Session:
        """Return the session with this unique name, made when there is none.

        `model` and `system` are those of a new conversation; an existing one keeps its own (set `s.model`, `s.system`).
        """
        return self.handle(self._app.background.wait(self._app.manager.open(name, model=model, system=system)))

    def get(self, name: str) -> Session | None:
        """Return the live session with this name or id, or None."""
        core = self._app.manager.get(name)
        return None if core is None else self.handle(core)

    def handle(self, core: CoreSession) -> Session:
        """Return the one handle of a live session."""
        handle = self._handles.get(core.id)
        if handle is None or handle._core is not core:
            handle = self._handles[core.id] = Session(core, self._app)
        return handle

    def conversations(self, query: str = "") -> Table:
        """Return the saved conversations, last updated first, whose name or title contains `query`."""
        rows = self._app.background.wait(self._app.manager.conversations(query))
        return conversation_table(rows)

    def close(self, name: str) -> None:
        """End a live session: a running answer ends as interrupted and is saved. Does nothing when there is none."""
        core = self._app.manager.get(name)
        if core is not None:
            self._app.background.wait(self._app.manager.close(core))

    def delete(self, name: str) -> None:
        """Delete a conversation and its messages; what it cost stays in the ledger. Raises UsageError when there is none."""
        self._app.background.wait(self._app.manager.delete(name))

    def stop_all(self) -> int:
        """Stop every running turn and empty every queue; returns how many sessions were busy."""
        return self._app.background.wait(self._app.manager.stop_all())

    def _signalled(self, signal: Signal) -> None:
        if signal.name in ("changed", "closed"):
            self._target.run(self._check)

    def _check(self) -> None:
        old, self._known = self._known, self.active
        if old != self._known:
            self.notify_change(Bunch(name="active", old=old, new=self._known, owner=self, type="change"))

    def __repr__(self) -> str:
        return f"<ChatSessionManager: {len(self.active)} live sessions ({', '.join(self.active) or 'none'})>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": f"{self.conversations()._repr_html_()}"}
