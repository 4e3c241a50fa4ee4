"""App: the composition root. Settings -> adapters -> manager; nothing else wires.

Made once per process, when first needed (a warm-up thread may be ahead); importing it opens no file and no connection.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nbchat.core.errors import ChatError, ConfigError, ErrorInfo
from nbchat.core.models import DEMO, KeyPlace, Model, Provider, split_model
from nbchat.core.secrets import Secret
from nbchat.runtime.clock import SystemClock
from nbchat.runtime.loop import Background, background
from nbchat.runtime.process import forget, once_per_process
from nbchat.sessions.choices import Choices
from nbchat.sessions.manager import SessionManager
from nbchat.sessions.ports import Ports
from nbchat.sessions.state import Notice

if TYPE_CHECKING:
    from nbchat.core.price import Price
    from nbchat.demo import DemoServer
    from nbchat.providers.check import Check
    from nbchat.sessions.session import Session
    from nbchat.storage import Store
    from nbchat.streams.joining import Streams

__all__ = ["App", "app", "warm_up"]

_log = logging.getLogger("nbchat.app")


class App:
    """Everything of one process, wired: `background`, `ports`, `registry`, `manager`, and `services` for the notebook's edge."""

    def __init__(self, background: Background) -> None:
        from nbchat.machine.directories import data_directory
        from nbchat.machine.user import user_name
        from nbchat.notebook.cells import place_name
        from nbchat.providers.context_lengths import ContextLengths
        from nbchat.providers.price_file import PriceFile
        from nbchat.providers.prices import Prices
        from nbchat.providers.registry import ProviderRegistry
        from nbchat.providers.tokenizer import Tokenizers
        from nbchat.storage import open_store

        clock = SystemClock()
        self.background = background
        self.store = open_store(clock=clock, on_trouble=self._storage_trouble)
        self.choices = Choices(self.store)
        self.registry = ProviderRegistry(self.store, clock)
        self.registry.add_builtin(DEMO, self._demo_provider, name="Demo")
        self.own_prices = PriceFile(data_directory() / "prices.json")
        self._demo: DemoServer | None = None
        self._private_store: Store | None = None
        self._demo_lock = threading.Lock()
        self.streams = self._shared_streams(clock, user_name())
        self.ports = Ports(
            clock=clock,
            store=self.store,
            ledger=self.store,
            settings=self.store,
            jobs=self.streams.jobs,
            log=self.streams.log,
            prices=Prices(self.registry.catalogue, self.own_prices),
            provider=self.registry.get,
            tokens=Tokenizers(),
            helper_requests=self._helper_requests,
            limits=lambda: self.choices.limits,
            local=self._local,
            context_length=ContextLengths(self.registry.catalogue, self.registry.get).length,
            sees=self.registry.sees,
            drain_seconds=lambda: self.choices.drain_seconds,
            private=self._private_ports,
            notebook=place_name,
            user=user_name(),
            others=self.streams.others,
            max_running=lambda: self.choices.max_running,
        )
        background.wait(self._start())
        background.at_exit(self._close)

    async def _start(self) -> None:
        from nbchat.notebook.configured import configured_model
        from nbchat.notebook.hub import Hub
        from nbchat.notebook.offering import Offering
        from nbchat.notebook.services import Services

        self.manager = SessionManager(self.ports)
        self.offering = Offering(self.manager, self.registry)
        self.registry.catalogue.on_listing = self.manager.models_listed
        self.services = Services(
            background=self.background,
            manager=self.manager,
            ports=self.ports,
            registry=self.registry,
            hub=Hub(self.manager, self.ports.clock, offers=self.offering.open),
            offers=self.offering.open,
            choose=self.offering.choose,
            place=lambda: self.place,
            streams=self.streams.place,
            figures=self.streams.figures,
            own_prices=self.own_prices,
            choices=self.choices,
        )
        await self.registry.load()
        await self.manager.start(configured_model())
        await self.choices.load()
        self._apply_timeouts()
        await self._forget_the_old()
        await self.offering.look()

    def close(self) -> None:
        """End all sessions (running answers are saved as interrupted) and release everything; the next `app()` is a new one."""
        self.background.wait(self._close())
        forget("manager")
        forget("app")

    async def _close(self) -> None:
        await self.manager.aclose()
        await self.registry.aclose()
        await self.store.aclose()
        await self.streams.close()  # last: it may wait a second for a server in trouble
        if self._private_store is not None:
            await self._private_store.aclose()
        if self._demo is not None:
            self._demo.stop()

    # ------------------------------------------------------------ what people chose

    async def set_timeouts(self, seconds: dict[str, float] | None) -> None:
        """Save how long requests wait for what, beside what was set before; None sets all of it back."""
        await self.choices.change("timeouts", lambda saved: None if seconds is None else {**(saved or {}), **seconds})
        self._apply_timeouts()

    def _apply_timeouts(self) -> None:
        from nbchat.providers.timeouts import timeouts_of

        self.registry.set_timeouts(timeouts_of(self.choices.get("timeouts")))

    def _helper_requests(self, provider_id: str) -> bool:
        """Whether a model may be asked for titles: not the demo, and not one on this machine unasked, which would drop the
        conversation that it has in its cache."""
        wanted = self.choices.titles
        return wanted == "always" if wanted != "auto" or provider_id == DEMO else not self._local(provider_id)

    def _local(self, provider_id: str) -> bool:
        """Whether a provider is on this machine."""
        from nbchat.providers.urls import is_loopback

        return provider_id == DEMO or is_loopback(urlsplit(self.registry.get(provider_id).provider.base_url).hostname or "")

    async def set_budget(self, kind: str, amount: Decimal | None) -> None:
        """Save a budget, of which every session then says whether it is nearly spent."""
        await self.choices.set(f"budget_{kind}", None if amount is None else str(amount))
        await self.manager.review()

    async def _forget_the_old(self) -> None:
        days = self.choices.retention_days
        if days is not None:
            try:
                await self.manager.purge(self.ports.clock.time() - days * 86_400)
            except ChatError:  # a database in trouble keeps what is old until a later start
                _log.warning("old conversations could not be removed", exc_info=True)

    def _private_ports(self) -> Ports:
        """The ports of sessions that are never saved: what is theirs is in this process's memory, whatever the others use."""
        from nbchat.storage import open_store
        from nbchat.streams.backends import open_streams

        self._private_store = store = open_store("memory:", clock=self.ports.clock)
        jobs, log = open_streams("memory:", self.ports.clock, owner=self.ports.user)
        own = {"store": store, "ledger": store, "jobs": jobs, "log": log, "others": None, "max_running": lambda: None}
        return replace(self.ports, **own, provider=self.registry.get_unnoted, private=None)  # type: ignore[arg-type]

    def _shared_streams(self, clock: SystemClock, user: str) -> Streams:
        from nbchat.machine.owner import this_process
        from nbchat.streams.joining import join_streams

        try:
            return join_streams(
                os.environ.get("NBCHAT_STREAMS") or self._streams_beside(),
                clock,
                owner=user,
                kernel=str(this_process()),
                on_trouble=self._streams_trouble,
            )
        except ConfigError as error:  # whose frames hold the URL, with a password perhaps
            raise error.with_traceback(None) from None

    def _streams_beside(self) -> str:
        """Where jobs and logs are that nobody gave a place: beside the conversations, in reach of whoever can reach those."""
        path = self.store.place.path
        return "memory:" if path is None else f"sqlite:{path.parent / 'streams.db'}"

    # ------------------------------------------------------------ the demo, and trouble

    def _demo_provider(self) -> tuple[Provider, Secret | None]:
        """Start the demo server when its first request comes; called on a thread, before every request."""
        from nbchat.demo import DemoServer

        with self._demo_lock:  # a turn that is stopped at once leaves this running on its thread while the next one asks
            if self._demo is None:
                self._demo = DemoServer().start()
            demo = self._demo
        return Provider(DEMO, demo.base_url, "demo", "Demo", KeyPlace("process")), Secret(demo.api_key or "")

    def _storage_trouble(self, info: ErrorInfo | None) -> None:
        notice = None if info is None else Notice("warning", f"Nothing is being saved: {info.text}", info.hint)
        self.manager.set_notice(notice)

    def _streams_trouble(self, info: ErrorInfo | None) -> None:
        self.manager.set_notice(None if info is None else Notice("warning", info.text, info.hint), about="streams")

    # ------------------------------------------------------------ for the facade

    @property
    def place(self) -> str:
        """Where conversations are kept: a path, or "memory:"."""
        return str(self.store.place)

    def models(self, provider: str | None = None, **options: Any) -> Sequence[Model]:
        """Return a provider's models (default: those of the active one); options as for `find_models`. Raises ChatError."""
        from nbchat.notebook.models import find_models

        return self.background.wait(find_models(self.services, provider, **options))

    def add_provider(self, id: str | None, **options: Any) -> str:
        """Check, use and save a provider; returns its id. May ask for a key. Raises ConfigError."""
        from nbchat.providers.making import make_provider

        provider, key = make_provider(id or options.get("preset") or "custom", **options)
        self.background.wait(self.registry.save(provider, key))
        return provider.id

    def remove_provider(self, id: str) -> None:
        """Forget a provider and what is held of its key; raises ConfigError for an unknown or built-in one."""
        self.background.wait(self.registry.remove(id))

    def enable_provider(self, id: str, enabled: bool) -> None:
        """Let a provider be asked, or not; raises ConfigError for an unknown or built-in one."""
        self.background.wait(self.registry.enable(id, enabled))

    def check_provider(self, id: str | None) -> Check:
        """Test a provider (default: the active one); raises ConfigError for an unknown or disabled one."""
        return self.background.wait(self.registry.check(id or split_model(self.manager.default_model)[0]))

    def set_price(self, name: str, price: Price | None) -> None:
        """Save the price of a label, or of a model's id; None takes it back. Raises ConfigError."""
        self.own_prices.set(name, None if price is None else replace(price, dated=self.registry.catalogue.today()))

    def notebook_session(self) -> str:
        """Return the name of the conversation that `%chat` talks to where this is called."""
        from IPython import get_ipython

        from nbchat.notebook.cells import notebook_name
        from nbchat.notebook.comms import kernel_of
        from nbchat.notebook.names import conversation_for

        shell = get_ipython()
        name = notebook_name(os.environ, {} if shell is None else shell.user_ns, kernel_of(shell))
        return self.background.wait(conversation_for(self.services, name, new=False, notebook=True))

    def thread_widget(self, session: Session) -> Any:
        """Return the session's one thread widget."""
        return self.services.widgets.thread(session)

    def new_widget(self, session: Session) -> Any:
        """Return a further thread widget on the session."""
        return self.services.widgets.new(session)


def app() -> App:
    """Return the process's app, made (with its background loop) when there is none."""
    return once_per_process("app", lambda: App(background()))


def warm_up() -> None:
    """Make the app and what its first request needs. Called on a thread by `%load_ext nbchat`."""
    from nbchat.providers.endpoint import warm

    app()
    warm()
