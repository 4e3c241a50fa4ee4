"""nbchat: talk to language models from inside a notebook.

    %load_ext nbchat
    %chat what is a monad?

    s = nbchat.session("notes")
    s.ask("hi").text

Public names are loaded when they are first used, so that importing nbchat costs next to nothing.
"""

from __future__ import annotations

import importlib
import logging
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbchat.api.functions import (
        ChatWidget,
        add_provider,
        check_provider,
        context,
        enable_provider,
        ledger,
        list_models,
        list_providers,
        remove_provider,
        session,
    )
    from nbchat.api.manager import Manager as ChatSessionManager
    from nbchat.api.prices import set_price
    from nbchat.api.prompts import Prompts
    from nbchat.api.session import Session, SessionEvent
    from nbchat.api.settings import Settings
    from nbchat.api.turn import Turn
    from nbchat.core.cancelling import CancelToken
    from nbchat.core.cost import Cost
    from nbchat.core.errors import BusyError, ChatError, ConfigError, ProviderError, StorageError, UsageError
    from nbchat.core.messages import Message
    from nbchat.core.usage import Usage
    from nbchat.notebook.context.describing import describes
    from nbchat.runtime.run_sync import run_sync

    manager: ChatSessionManager
    prompts: Prompts
    settings: Settings

__all__ = [
    "BusyError",
    "CancelToken",
    "ChatError",
    "ChatSessionManager",
    "ChatWidget",
    "ConfigError",
    "Cost",
    "Message",
    "ProviderError",
    "Session",
    "SessionEvent",
    "StorageError",
    "Turn",
    "Usage",
    "UsageError",
    "add_provider",
    "check_provider",
    "context",
    "describes",
    "enable_provider",
    "ledger",
    "list_models",
    "list_providers",
    "manager",
    "prompts",
    "remove_provider",
    "run_sync",
    "session",
    "set_price",
    "settings",
]

__version__ = "0.1.0"

# Without a handler Python prints warnings to stderr, which in a kernel lands in whatever cell ran last.
logging.getLogger("nbchat").addHandler(logging.NullHandler())

_PLACES = {
    "BusyError": "nbchat.core.errors",
    "CancelToken": "nbchat.core.cancelling",
    "ChatError": "nbchat.core.errors",
    "ChatSessionManager": "nbchat.api.manager:Manager",
    "ChatWidget": "nbchat.api.functions",
    "ConfigError": "nbchat.core.errors",
    "Cost": "nbchat.core.cost",
    "Message": "nbchat.core.messages",
    "ProviderError": "nbchat.core.errors",
    "Session": "nbchat.api.session",
    "SessionEvent": "nbchat.api.session",
    "StorageError": "nbchat.core.errors",
    "Turn": "nbchat.api.turn",
    "Usage": "nbchat.core.usage",
    "UsageError": "nbchat.core.errors",
    "add_provider": "nbchat.api.functions",
    "check_provider": "nbchat.api.functions",
    "context": "nbchat.api.functions",
    "describes": "nbchat.notebook.context.describing",
    "enable_provider": "nbchat.api.functions",
    "ledger": "nbchat.api.functions",
    "list_models": "nbchat.api.functions",
    "list_providers": "nbchat.api.functions",
    "remove_provider": "nbchat.api.functions",
    "run_sync": "nbchat.runtime.run_sync",
    "session": "nbchat.api.functions",
    "set_price": "nbchat.api.prices",
}


def __getattr__(name: str) -> Any:
    if name in ("manager", "prompts", "settings"):  # objects of the running app: never cached here, a forked child has its own
        return getattr(importlib.import_module("nbchat.api.functions"), f"the_{name}")()
    if name not in _PLACES:
        raise AttributeError(f"module 'nbchat' has no attribute {name!r}")
    module, _, attribute = _PLACES[name].partition(":")
    value = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext nbchat`: register %chat, %%chat and %nbchat. Opens no file, sends nothing.

    The app, and all that it imports, is made on a thread meanwhile: here that would cost three times as much as the rest.
    """
    from nbchat.notebook.magics import register

    register(ipython, lambda: importlib.import_module("nbchat.app").app().services)
    threading.Thread(target=_warm_up, name="nbchat-warm-up", daemon=True).start()


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext nbchat`: take the magics away; sessions go on."""
    from nbchat.notebook.magics import unregister

    unregister(ipython)


def _warm_up() -> None:
    importlib.import_module("nbchat.app").warm_up()
    importlib.import_module("nbchat.notebook.manage")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where the labextension is in a checkout, for `jupyter labextension develop`."""
    return [{"src": "static/labextension", "dest": "jupyter-nbchat"}]
