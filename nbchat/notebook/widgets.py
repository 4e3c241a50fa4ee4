"""Widgets: the widgets of this kernel by what they show, so that none is made twice and none is left behind. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbchat.notebook.comms import in_marimo, listen_on_control
from nbchat.notebook.widget import AssetsWidget, ChatWidget

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["Widgets"]


class Widgets:
    """Makes widgets; see to it that the user interface is there before the first."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._assets: AssetsWidget | None = None
        self._threads: dict[str, ChatWidget] = {}
        self._cells: dict[str, ChatWidget] = {}

    def thread(self, session: Session) -> ChatWidget:
        """Return the session's default thread widget: displayed any number of times, it costs one comm. One in which somebody
        opened another conversation is that one's by now, and stays where it is displayed.

        In marimo each is a new one: several pages may run this process, and a widget belongs to the one that made it.
        """
        if in_marimo():
            return self.new(session)
        found = self._threads.get(session.id)
        if found is None or not found.alive or found.shown != session.id:
            found = self._threads[session.id] = self.new(session)
        return found

    def new(self, session: Session) -> ChatWidget:
        """Return a further thread widget, with a draft and a scroll position of its own."""
        self._prepare()
        return ChatWidget(self._services, session)

    def turn(self, session: Session, turn: Turn, cell: str | None) -> ChatWidget:
        """Return the view of one turn. The widget that the same cell had before is closed: its output is gone."""
        if cell is not None:
            self._release(cell)
        self._prepare()
        widget = ChatWidget(self._services, session, turn)
        if cell is not None:
            self._cells[cell] = widget
        return widget

    def _release(self, cell: str) -> None:
        """Close what this place of the cell had; with the first place begins a new run, and all of the last one's go."""
        place, _, ordinal = cell.rpartition("#")
        for key in [each for each in self._cells if each == cell or (ordinal == "0" and each.rpartition("#")[0] == place)]:
            self._cells.pop(key).close()

    def _prepare(self) -> None:
        if in_marimo():  # which loads the code of what is displayed alone: its pages ask for the user interface
            return
        if self._assets is None or self._assets.comm is None:
            from IPython.core.getipython import get_ipython

            self._assets = AssetsWidget()
            listen_on_control(get_ipython())
