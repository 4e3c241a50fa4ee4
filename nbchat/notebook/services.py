"""Services: what the composition root hands to the notebook's edge. A value; makes nothing but the widgets' registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from nbchat.notebook.cells import Cells
from nbchat.notebook.context.names import Names, kernel_names

if TYPE_CHECKING:
    from nbchat.notebook.hub import Hub
    from nbchat.notebook.widgets import Widgets
    from nbchat.providers.price_file import PriceFile
    from nbchat.providers.registry import ProviderRegistry
    from nbchat.runtime.loop import Background
    from nbchat.sessions.choices import Choices
    from nbchat.sessions.manager import SessionManager
    from nbchat.sessions.ports import Ports
    from nbchat.sessions.session import Session

__all__ = ["Offer", "Services"]


class Offer(Protocol):
    """A provider that was found (a key in the environment, a local server) and may be chosen; nothing was sent to it."""

    @property
    def id(self) -> str:
        """What `choose` is called with."""
        ...

    @property
    def text(self) -> str:
        """What the button says."""
        ...

    @property
    def detail(self) -> str:
        """Where it was found, without any part of a key."""
        ...


@dataclass(eq=False)
class Services:
    """One per process, made by the composition root together with its `Hub(manager, clock)`."""

    background: Background
    manager: SessionManager
    ports: Ports
    registry: ProviderRegistry
    hub: Hub
    offers: Callable[[], Sequence[Offer]]
    """What may be chosen now; on the loop, quick (found beforehand, empty once a choice was made)."""
    choose: Callable[[str, Session], Awaitable[None]]
    """Configure the offer with this id and use it from the session's next turn on; on the loop; raises ChatError."""
    place: Callable[[], str]
    """Where conversations are kept: a path, or "memory:"."""
    own_prices: PriceFile
    """What people said that models cost."""
    choices: Choices
    """What people chose besides models."""
    streams: str = "memory:"
    """Where jobs and logs are, for people."""
    figures: Callable[[], Coroutine[Any, Any, dict[str, Any]]] | None = None
    """Figures of the streams, as plain values; on the loop."""
    cells: Cells = field(default_factory=Cells)
    """The cells that have asked in this kernel."""
    names: Callable[[], Names | None] = kernel_names
    """What the names in a question stand for here; None where there is no notebook. Any thread, quick."""

    @cached_property
    def widgets(self) -> Widgets:
        """The kernel's widgets; loads ipywidgets and anywidget. On the main thread."""
        from nbchat.notebook.widgets import Widgets

        return Widgets(self)
