"""Manager: all sessions of this process and all saved conversations, as people see them (`nbchat.manager`)."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import All, HasTraits
from traitlets.utils.bunch import Bunch

from nbchat.api.live import Live
from nbchat.api.session import Session
from nbchat.core.errors import UsageError
from nbchat.export.listings import conversation_table, search_table
from nbchat.export.tables import Table
from nbchat.runtime.callbacks import here

if TYPE_CHECKING:
    from nbchat.app import App
    from nbchat.sessions.session import Session as CoreSession
    from nbchat.sessions.state import Signal

__all__ = ["Manager"]


class Manager(HasTraits):
    """All sessions of this kernel and all saved conversations: `nbchat.manager`.

    Sessions: `open`, `get`, `close`, `stop_all`. Saved conversations: `conversations`, `search`, `rename`, `archive`, `delete`,
    `load`, `purge`. To read and observe: `active` and `running` (names of sessions), `names` (of saved conversations).
    `figures` say how sharing answers with other kernels goes.
    """

    active = Live(lambda m: tuple(s.name for s in m._app.manager.active), help="Names of the live sessions.")
    running = Live(lambda m: tuple(s.name for s in m._app.manager.active if s.busy), help="Names of those that answer now.")
    names = Live(lambda m: m._names(), help="Names of the saved conversations, last updated first (the first 1,000).")

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._handles: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self._target = here()
        self._known = {"active": self.active, "running": self.running}
        app.background.call(app.manager.listen, self._signalled)
        app.background.call(app.manager.listen_to_list, lambda: self._target.run(self._notify, "names", None, None))

    def open(self, name: str, *, model: str | None = None, system: str | None = None, private: bool = False) -> Session:
        """Return the session with this unique name, made when there is none.

        `model` and `system` are those of a new conversation; an existing one keeps its own (set `s.model`, `s.system`). A
        `private` one is saved nowhere: it ends with its last handle and view.
        """
        opening = self._app.manager.open(name, model=model, system=system, private=private)
        return self._handle(self._app.background.wait(opening))

    def get(self, name: str) -> Session | None:
        """Return the live session with this name or id, or None."""
        core = self._app.manager.get(name)
        return None if core is None else self._handle(core)

    def _handle(self, core: CoreSession) -> Session:
        """Return the one handle of a live session."""
        handle = self._handles.get(core.id)
        if handle is None or handle._core is not core:
            handle = self._handles[core.id] = Session(core, self._app)
        return handle

    # ------------------------------------------------------------ saved conversations

    def conversations(self, query: str = "", *, limit: int = 50, offset: int = 0, archived: bool | None = False) -> Table:
        """Return saved conversations, last updated first, whose name or title contains `query`: those that are not archived,
        with `archived=True` the archived ones, with None all. `limit` of them, after the first `offset`."""
        listing = self._app.manager.conversations(query, limit=limit, offset=offset, archived=archived)
        return conversation_table(self._app.background.wait(listing))

    def search(self, text: str, *, limit: int = 50, offset: int = 0) -> Table:
        """Return the messages of all saved conversations that contain all words of `text`, newest first; words "in quotes" stand
        together. `limit` of them, after the first `offset`."""
        return search_table(self._app.background.wait(self._app.manager.search(text, limit=limit, offset=offset)))

    def rename(self, name: str, new_name: str) -> None:
        """Call the conversation `name` by another unique name, `new_name`; raises UsageError when there is none, or that one is
        taken."""
        self._app.background.wait(self._app.manager.rename(name, new_name))

    def archive(self, name: str, archived: bool = True) -> None:
        """Leave the conversation `name` out of listings (search finds it), or, with `archived=False`, show it there again. Raises
        UsageError when there is none."""
        self._app.background.wait(self._app.manager.archive(name, archived))

    def load(self, path: str | Path, name: str = "") -> Session:
        """Bring a conversation back from the file at `path`, which `export` wrote (.json, .ipynb), as a new one of its old name
        or of this `name` (with a number where that is taken); returns its session. Raises UsageError for another kind of
        file."""
        from nbchat.export.document import renewed
        from nbchat.export.files import read

        conversation, messages = renewed(*read(Path(path)))
        if name:
            conversation = replace(conversation, name=name)
        return self._handle(self._app.background.wait(self._app.manager.add(conversation, messages)))

    def purge(self, days: float, *, archived: bool | None = None) -> int:
        """Remove for good the conversations that were not touched for `days` (the archived ones only, with `archived=True`), and
        all deleted messages; live sessions and the ledger stay. Returns how many went. `nbchat.settings.retention_days` does
        the same at every start. Raises UsageError for what is no number of days."""
        if isinstance(days, bool) or not days >= 0:
            raise UsageError(f"{days!r:.60} is no number of days.", hint="0 removes all that is not open here.")
        before = self._app.ports.clock.time() - days * 86_400
        return self._app.background.wait(self._app.manager.purge(before, archived=archived))

    def close(self, name: str) -> None:
        """End a live session: a running answer ends as interrupted and is saved. Does nothing when there is none."""
        core = self._app.manager.get(name)
        if core is not None:
            self._app.background.wait(self._app.manager.close(core))

    def delete(self, name: str) -> None:
        """Delete a conversation and its messages; what it cost stays in the ledger. Raises UsageError when there is none."""
        self._app.background.wait(self._app.manager.delete(name))

    @property
    def figures(self) -> dict[str, Any]:
        """Figures of jobs and logs, as plain values: `backend`, `jobs` by status, `trouble` (None: nothing), `subscribers` (how
        often answers of this kernel are followed in others), `resumes` (how often those of others were attached to), `sent`
        (batches), `dropped` (how many times the whole text was sent instead), and `lag_seconds` of the oldest batch."""
        return self._app.background.wait(self._app.streams.figures())

    def stop_all(self) -> int:
        """Stop every turn of this kernel and empty every queue; returns how many sessions were busy. Answers of other kernels go
        on (`s.stop()` stops them, too)."""
        return self._app.background.wait(self._app.manager.stop_all())

    def _names(self) -> tuple[str, ...]:
        rows = self._app.background.wait(self._app.manager.conversations(limit=1000))
        return tuple(row.conversation.name for row in rows)

    def observe(self, handler: Callable[..., Any], names: Any = All, type: Any = "change") -> None:
        """Call `handler(change)` when traits change: the one or those called `names`, or all; `change.new` is what the trait is
        now. It runs on the kernel's main loop when there is one. `type` is traitlets' own; nothing but "change" comes."""
        self._target = here()
        super().observe(handler, names=names, type=type)

    def _signalled(self, signal: Signal) -> None:
        if signal.name in ("changed", "closed", "queue-changed", "status-changed", "turn-ended"):
            self._target.run(self._check)

    def _check(self) -> None:
        for name, old in tuple(self._known.items()):
            self._known[name] = new = getattr(self, name)
            if old != new:
                self._notify(name, old, new)

    def _notify(self, name: str, old: Any, new: Any) -> None:
        if self._trait_notifiers.get(name) or self._trait_notifiers.get(All):
            new = getattr(self, name) if new is None else new
            self.notify_change(Bunch(name=name, old=old, new=new, owner=self, type="change"))

    def __repr__(self) -> str:
        return f"<ChatSessionManager: {len(self.active)} live sessions ({', '.join(self.active) or 'none'})>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": f"{self.conversations()._repr_html_()}"}
