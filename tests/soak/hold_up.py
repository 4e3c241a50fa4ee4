"""A pytest plugin that holds up one kind of thread by chance: a test that looks too early fails, or a race in nbchat shows.

    pytest -p tests.soak.hold_up --hold-up server tests/notebook tests/sessions

The kinds: "background" (nbchat's own loop), "main" (a test's loop), "server" (scripted servers), "store" (the thread that
writes the database), and "told": whoever waits for something is quicker than what comes behind it in the thread that told it.
A test that is marked `alone` may fail in it, since it holds something to a time on the clock; any other one that fails is
wrong, or nbchat is.
"""

from __future__ import annotations

import asyncio.base_events
import concurrent.futures
import functools
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

KINDS = ("background", "main", "server", "store", "told")
_NAP = 0.004
_OFTEN, _SELDOM = 0.25, 0.05
"""How often a step is held up by some milliseconds, and how often by some tens of them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hold-up", choices=KINDS, help="the kind of thread that is held up by chance")


def pytest_configure(config: pytest.Config) -> None:
    kind = config.getoption("hold_up")
    if kind == "store":
        _hold_up_the_store()
    elif kind == "told":
        _hold_up_what_told()
    elif kind is not None:
        _hold_up_loops(kind)


def _pause() -> None:
    dice = random.random()
    if dice < _OFTEN:
        time.sleep(random.uniform(0, 0.04 if dice < _SELDOM else 0.003))


def _kind() -> str:
    """Of the thread that asks; no such one is made known to `threading` by that."""
    if threading.get_ident() == threading.main_thread().ident:
        return "main"
    name = next((each.name for each in threading.enumerate() if each.ident == threading.get_ident()), "")
    return "background" if name == "nbchat" else "server" if name.endswith("Server") else ""


def _hold_up_loops(kind: str) -> None:
    once = asyncio.base_events.BaseEventLoop._run_once  # type: ignore[attr-defined]

    def run_once(loop: asyncio.base_events.BaseEventLoop) -> None:
        if _kind() == kind:
            _pause()
        once(loop)

    asyncio.base_events.BaseEventLoop._run_once = run_once  # type: ignore[attr-defined]


def _hold_up_the_store() -> None:
    from nbchat.storage.writer import Writer

    put: Callable[..., None] = Writer._put

    def put_slowly(writer: Writer, work: Callable[[Any], Any], finish: Any) -> None:
        def slowly(db: Any) -> Any:
            _pause()
            return work(db)

        put(writer, slowly, finish)

    setattr(Writer, "_put", put_slowly)  # noqa: B010 - of another signature to the type checker


def _hold_up_what_told() -> None:
    from nbchat._server.server import LoopbackServer
    from nbchat.sessions.session import Session
    from tests.notebook.browser import Browser

    telling: dict[type[Any], tuple[str, ...]] = {
        concurrent.futures.Future: ("set_result", "set_exception", "cancel"),
        LoopbackServer: ("request", "begin", "end"),
        Session: ("emit",),
        Browser: ("custom", "update"),
    }
    for owner, names in telling.items():
        for name in names:
            setattr(owner, name, _napping_after(getattr(owner, name)))


def _napping_after(tell: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(tell)
    def told(*arguments: Any, **named: Any) -> Any:
        try:
            return tell(*arguments, **named)
        finally:
            if threading.get_ident() != threading.main_thread().ident:
                time.sleep(_NAP)

    return told
