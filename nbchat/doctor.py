"""doctor: what works here and what does not, on one screen; each finding that is not well says what to do.

Reads facts of the kernel, the front end, the store and the providers. Sends nothing, asks for no key, shows no secret.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbchat.core.errors import ChatError
from nbchat.core.models import DEMO, Provider, split_model
from nbchat.notebook import assets
from nbchat.notebook.comms import kernel_of

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["Finding", "Report", "examine"]

_MARKS = {"ok": "✓", "note": "·", "wrong": "✗"}
_OLDEST_KERNEL = (6, 29)
_SUBSHELLS = (7, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: how it stands, what about, and what to do unless it is "ok"."""

    state: Literal["ok", "note", "wrong"]
    about: str
    text: str
    hint: str = ""


class Report(tuple[Finding, ...]):
    """All findings; displays as text."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines: list[str] = []
        for each in self:
            lines.append(f"{_MARKS[each.state]} {each.about:<10} {each.text}")
            if each.hint:
                lines.extend(textwrap.wrap(each.hint, 110, initial_indent=" " * 13 + "→ ", subsequent_indent=" " * 15))
        return "\n".join(lines)


def examine(services: Services, shell: Any) -> Report:
    """Return the report. Any thread but nbchat's own."""
    kernel = kernel_of(shell)
    return Report(
        [*_versions(), *_kernel(kernel), *_front_end(kernel), *_store(services), *_models(services), *_own_prices(services)]
    )


def version_of(distribution: str) -> str:
    """Return an installed distribution's version, "" where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _pair(version: str) -> tuple[int, int]:
    numbers = [int("".join(c for c in piece if c.isdigit()) or 0) for piece in version.split(".")[:2]]
    return (numbers[0], numbers[1]) if len(numbers) > 1 else (0, 0)


def _versions() -> Iterator[Finding]:
    names = ("jupyter-nbchat", "ipykernel", "ipywidgets", "anywidget", "httpx", "jupyterlab")
    found = ", ".join(f"{name} {version_of(name) or 'not installed'}" for name in names)
    yield Finding("ok", "versions", f"Python {platform.python_version()} on {sys.platform}; {found}")


def _kernel(kernel: Any) -> Iterator[Finding]:
    if kernel is None:
        yield Finding("note", "kernel", "no Jupyter kernel: %chat streams plain text", "Use a notebook for live views.")
        return
    version = version_of("ipykernel")
    pair = _pair(version)
    if pair < _OLDEST_KERNEL:
        yield Finding("wrong", "kernel", f"ipykernel {version} is older than 6.29", "Update it: pip install -U ipykernel")
    elif pair < _SUBSHELLS:
        hint = "ipykernel 7 does it everywhere: pip install -U ipykernel"
        yield Finding("note", "kernel", f"ipykernel {version}: Stop works during a cell where the page can use control", hint)
    else:
        yield Finding("ok", "kernel", f"ipykernel {version}: tokens arrive and Stop works while a cell runs")
    if hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2") and pair >= (7, 1):
        hint = "Remove nest_asyncio.apply() (nest_asyncio2 is safe) and restart the kernel."
        yield Finding("wrong", "kernel", "nest_asyncio 1.x is active: it loses cells that wait behind a nested run", hint)


def _front_end(kernel: Any) -> Iterator[Finding]:
    try:
        sizes = ", ".join(f"{name} {len(assets.code(name).encode()) / 1000:.0f} kB" for name in (assets.VIEW, assets.APP))
        yield Finding("ok", "front end", f"built: {sizes}")
    except ChatError as error:
        yield Finding("wrong" if kernel is not None else "note", "front end", error.text, error.hint)


def _store(services: Services) -> Iterator[Finding]:
    place = services.place()
    try:
        services.background.wait(services.ports.settings.settings(), 5)
    except (ChatError, TimeoutError) as error:
        hint = getattr(error, "hint", "") or "Set NBCHAT_HOME to a directory on a local disk."
        yield Finding("wrong", "store", getattr(error, "text", "") or f"{place} does not answer", hint)
        return
    if place == "memory:":
        yield Finding("note", "store", "memory: nothing is saved", "Unset NBCHAT_STORE to keep conversations.")
        return
    from nbchat.storage.filesystem import file_system, is_network

    path = Path(place)
    if is_network(path):
        text = f"{place} lies on a network file system ({file_system(path)}): slower, one writer at a time"
        yield Finding("note", "store", text, "Set NBCHAT_HOME to a local disk if that matters.")
    elif not os.access(path, os.W_OK):
        yield Finding("wrong", "store", f"{place} cannot be written", "Make it writable, or set NBCHAT_HOME.")
    else:
        yield Finding("ok", "store", place)


def _models(services: Services) -> Iterator[Finding]:
    active = services.manager.default_model
    if split_model(active)[0] == DEMO:
        hint = 'Choose one in a view, or: nbchat.add_provider(...); nbchat.settings.model = "provider/model".'
        yield Finding("note", "model", "the demo answers: no model was chosen", hint)
    else:
        yield Finding("ok", "model", active)
    for provider in services.registry.list():
        if provider.id != DEMO:
            yield _provider(services, provider)
    for offer in services.offers():
        yield Finding("note", "found", f"{offer.text}: {offer.detail}", "Nothing is sent to it until you choose it.")


def _own_prices(services: Services) -> Iterator[Finding]:
    prices = services.own_prices
    for problem in prices.problems:
        hint = "Correct it there, or write it anew with nbchat.set_price(...); until then it has no effect."
        yield Finding("wrong", "prices", f"{prices.path}: {problem}", hint)
    if len(prices):
        yield Finding("ok", "prices", f"{len(prices)} of your own in {prices.path}")


def _provider(services: Services, provider: Provider) -> Finding:
    kind, name = provider.key.kind, provider.key.name
    about = f"{provider.id} at {provider.base_url}"
    if kind in ("env", "process"):  # the others may ask a person or unlock a keyring
        try:
            services.registry.keys.key(provider)
        except ChatError as error:
            return Finding("wrong", "provider", f"{about}: {error.text}", error.hint)
    where = {
        "env": f"key in {name}",
        "process": "key of this process",
        "keyring": f"key in the OS keyring ({name or provider.id})",
        "prompt": "key asked for when first needed",
        "function": "key from a function of this process",
    }
    return Finding("ok", "provider", f"{about}, {where.get(kind, 'no key')}")
