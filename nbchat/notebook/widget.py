"""ChatWidget and AssetsWidget: what Jupyter sees. One screen of Python: state is read from the live session, never stored.

Threads: made and closed on the main thread; browsers' messages come on any thread and are only posted to the loop; no trait is
written after construction (trait machinery is not safe across threads), the hub sends changes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import All, HasTraits, TraitError, TraitType, Unicode
from traitlets import Any as AnyTrait
from traitlets.utils.bunch import Bunch

from nbchat.core.ids import new_id
from nbchat.notebook import assets
from nbchat.notebook.comms import CommSender, hear, is_closed
from nbchat.notebook.intents import handle
from nbchat.notebook.wire import Json
from nbchat.runtime.callbacks import CallbackTarget, here

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["AssetsWidget", "ChatWidget"]


class _Live(TraitType[Any, Any]):
    """A synced value that is read from the live session each time; it cannot be set."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        return obj.look()[self.name]

    def set(self, obj: Any, value: Any) -> None:
        raise TraitError(f"{self.name!r} tells what the session does; it cannot be set.")


class _Closing(anywidget.AnyWidget):
    """A widget whose closing closes its layout too (each is a comm of its own)."""

    def close(self) -> None:
        """Close the comm, and every view of it. Idempotent."""
        if self.comm is not None:
            self.layout.close()
        super().close()


class ChatWidget(_Closing):
    """A view of a session's thread, or of one turn. Display it anywhere, any number of times; `close()` ends it.

    In a thread people can open another conversation: the widget shows that one from then on, in each place where it is displayed
    and after a reload; the session that it was made of stays what it was, and `session.widget` shows that again.

    Made by `session.widget`, `nbchat.ChatWidget(session)` and `%chat`. Raises ConfigError when the front end is not built.
    """

    _esm = Unicode().tag(sync=True)
    kind = Unicode("thread").tag(sync=True)
    comm_id = Unicode(help="The comm's id, for a page that reaches the kernel on its control channel.").tag(sync=True)
    conversation = _Live().tag(sync=True)
    status = _Live().tag(sync=True)
    title = _Live().tag(sync=True)
    model = _Live().tag(sync=True)
    usage = _Live().tag(sync=True)
    cost = _Live().tag(sync=True)
    notice = _Live().tag(sync=True)
    offers = _Live().tag(sync=True)
    queue = _Live().tag(sync=True)
    approvals = _Live().tag(sync=True)
    engine = _Live().tag(sync=True)
    private = _Live().tag(sync=True)
    kernels = _Live().tag(sync=True)
    outlook = _Live().tag(sync=True)
    snapshot = _Live().tag(sync=True)

    def __init__(self, services: Services, session: Session, turn: Turn | None = None) -> None:
        code = assets.code(assets.VIEW)
        self._services = services
        self._last: Json = {}
        self._closed_elsewhere = False
        self._target: CallbackTarget | None = None
        self._observed: set[str] = set()
        self._notifying: set[str] = set()
        self._view: View = services.background.call(services.hub.add, session, turn)
        try:
            comm_id = new_id()
            super().__init__(_esm=code, kind="thread" if turn is None else "turn", model_id=comm_id, comm_id=comm_id)
            hear(self.comm, self._handle_msg, self._gone)
        except BaseException:
            services.background.post(services.hub.remove, self._view)
            raise
        services.background.post(services.hub.connect, self._view, _Sender(self.comm, self._gone, self._told))

    @property
    def alive(self) -> bool:
        """Whether it still can be displayed."""
        return self.comm is not None and not self._closed_elsewhere and not is_closed(self.comm)

    @property
    def shown(self) -> str:
        """The id of the conversation that it shows now: people can open another one in it. Any thread."""
        return self._view.session.id

    def look(self) -> Json:
        """Return all synced values of this moment, in one visit to the loop (where that still runs). Any thread."""
        services = self._services
        if services.background.alive:
            self._last = services.background.call(services.hub.look, self._view)
        return self._last

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> Json:
        """Return synced state, as ipywidgets asks for it when a comm opens and when a page is reloaded."""
        wanted = set(self.keys if key is None else [key] if isinstance(key, str) else key)
        live = {name for name in wanted if isinstance(self.traits().get(name), _Live)}
        state: Json = super().get_state(wanted - live, drop_defaults) if wanted - live else {}
        if live:
            look = self.look()
            state.update((name, look[name]) for name in live if name in look)
        return state

    def observe(self, handler: Callable[..., Any], names: Any = All, type: Any = "change") -> None:
        """Call `handler(change)` when what pages are told of these traits changes; on the kernel's main loop when there is one.
        `traitlets.dlink` and `link` go by this: `dlink((s.widget, "status"), (label, "value"))`."""
        wanted = self.traits() if names is All else [names] if isinstance(names, str) else names
        live = {name for name in wanted if isinstance(self.traits().get(name), _Live)}
        if live:
            self._target = here()
            self._observed |= live
        super().observe(handler, names=names, type=type)

    def _told(self, state: Json) -> None:
        """On the loop: pages were told these values; at most one notification of each is under way."""
        for name in self._observed.intersection(state) - self._notifying:
            self._notifying.add(name)
            if self._target is not None:
                self._target.run(self._notify, name)

    def _notify(self, name: str) -> None:
        self._notifying.discard(name)
        change = Bunch(name=name, old=None, new=getattr(self, name), owner=self, type="change")
        HasTraits.notify_change(self, change)  # a widget's own would send what the pages have

    def _ipython_display_(self) -> None:
        from nbchat.notebook.displaying import display_view

        data, metadata = self._repr_mimebundle_() or ({"text/plain": repr(self)}, {})
        display_view(self._services, self._view, data, metadata)

    def close(self) -> None:
        """Close the comm and every view of it; the session goes on. Idempotent."""
        self._detach()
        super().close()

    def _handle_msg(self, msg: Any) -> None:
        """A browser's message, on any thread: only posted. State that a browser would write is ignored."""
        data = msg["content"].get("data") or {}
        if data.get("method") == "custom":
            self._services.background.post(handle, self._services, self._view, data.get("content"))
        elif data.get("method") == "request_state":
            super()._handle_msg(msg)

    def _gone(self) -> None:
        """A browser closed the comm, or the host did."""
        self._closed_elsewhere = True
        self._detach()

    def __repr__(self) -> str:
        return f"<ChatWidget “{self._view.session.name}”>"

    def _detach(self) -> None:
        view, services = getattr(self, "_view", None), getattr(self, "_services", None)
        if view is not None and services is not None and services.background.alive:
            services.background.post(services.hub.remove, view)


class _Sender(CommSender):
    """Sends a view's messages, and says which values went out."""

    def __init__(self, comm: Any, closed: Callable[[], object], told: Callable[[Json], object]) -> None:
        super().__init__(comm, closed)
        self._values_told = told

    def custom(self, content: Json) -> None:
        """Send a message; a snapshot of another conversation brings its values."""
        super().custom(content)
        self._values_told(content.get("state") or {})

    def update(self, state: Json) -> None:
        """Send new values of synced state."""
        super().update(state)
        self._values_told(state)


class AssetsWidget(_Closing):
    """The user interface's code, once a kernel: a model that is never displayed and registers the code in each page."""

    _esm = Unicode().tag(sync=True)
    hidden = AnyTrait(True).tag(sync=True)

    def __init__(self) -> None:
        super().__init__(_esm=assets.code(assets.APP))
