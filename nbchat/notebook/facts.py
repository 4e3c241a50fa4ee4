"""Facts of this kernel, its front end and its store, as findings. Reads; sends nothing, and asks nobody."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import ChatError, StorageError
from nbchat.core.findings import Finding
from nbchat.notebook import assets

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["front_end", "kernel_facts", "loop_fact", "pages", "store", "versions"]

_OLDEST_KERNEL = (6, 29)
_SUBSHELLS = (7, 0)
_HOSTS = {
    "COLAB_RELEASE_TAG": "Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "DATABRICKS_RUNTIME_VERSION": "Databricks",
    "VSCODE_PID": "VS Code",
    "JPY_SESSION_NAME": "a Jupyter server",
}
"""Variables that hosts set, and who they are."""
_LITTLE, _VERY_LITTLE = 500_000_000, 50_000_000
_LATE = 0.1


def version_of(distribution: str) -> str:
    """Return an installed distribution's version, "" where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _pair(version: str) -> tuple[int, int]:
    numbers = [int("".join(c for c in piece if c.isdigit()) or 0) for piece in version.split(".")[:2]]
    return (numbers[0], numbers[1]) if len(numbers) > 1 else (0, 0)


def versions() -> Iterator[Finding]:
    """What is installed where the kernel runs."""
    names = ("jupyter-nbchat", "ipykernel", "ipywidgets", "anywidget", "httpx")
    found = ", ".join(f"{name} {version_of(name) or 'not installed'}" for name in names)
    yield Finding("ok", "versions", f"Python {platform.python_version()} on {sys.platform}; {found}")


def kernel_facts(kernel: Any) -> Iterator[Finding]:
    """Whether answers stream and Stop works while a cell runs."""
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


def loop_fact(worst: float) -> Iterator[Finding]:
    """How late nbchat's own thread was, in seconds."""
    text = f"nbchat's own thread was held up for {worst * 1000:.0f} ms at most"
    if worst > _LATE:
        yield Finding("note", "thread", text, "Something in this kernel holds the interpreter: answers come in jerks meanwhile.")
    else:
        yield Finding("ok", "thread", text)


def front_end(kernel: Any) -> Iterator[Finding]:
    """Whether the widget's code is there, and the package that shows widgets."""
    try:
        sizes = ", ".join(
            f"{name} {len(assets.code(name).encode()) / 1000:.0f} kB" for name in (assets.VIEW, *assets.ASKED.values())
        )
    except ChatError as error:
        yield Finding("wrong" if kernel is not None else "note", "front end", error.text, error.hint)
        return
    manager = version_of("jupyterlab_widgets")
    shown = (
        f"jupyterlab_widgets {manager}" if manager else "jupyterlab_widgets not in the kernel's environment: the server's counts"
    )
    yield Finding("ok", "front end", f"built: {sizes}; {shown}")


def pages(services: Services, kernel: Any, names: Any) -> Iterator[Finding]:
    """Who shows the notebook, and whether its pages answer."""
    if kernel is None:
        return
    host = next((who for variable, who in _HOSTS.items() if os.environ.get(variable)), "")
    if not host and "__vsc_ipynb_file__" in (names or {}):
        host = "VS Code"
    where = host or "an unknown front end"
    views, answered = services.background.call(lambda: services.hub.seen)
    if not views:
        yield Finding("ok", "page", f"{where}; no view is open in this kernel yet")
    elif answered:
        yield Finding("ok", "page", f"{where}; {views} view{'s' * (views != 1)} open, {answered} answered by a page")
    else:
        text = f"{where}; {views} view{'s' * (views != 1)} open, and no page has answered"
        hint = "Reload the page. If views stay empty, it cannot show widgets: install jupyterlab_widgets where the server runs."
        yield Finding("note", "page", text, hint)


def store(services: Services) -> Iterator[Finding]:
    """Where conversations are kept, and whether they can be."""
    from nbchat.storage.fallback import FallbackStore

    place = services.place()
    try:
        services.background.wait(services.ports.settings.settings(), 5)
        if isinstance(kept := services.ports.store, FallbackStore) and kept.trouble is not None:
            raise StorageError(kept.trouble.text, hint=kept.trouble.hint)
    except (ChatError, TimeoutError) as error:
        hint = getattr(error, "hint", "") or "Set NBCHAT_HOME to a directory on a local disk."
        yield Finding("wrong", "store", getattr(error, "text", "") or f"{place} does not answer", hint)
        return
    if place == "memory:":
        yield Finding("note", "store", "memory: nothing is saved", "Unset NBCHAT_STORE to keep conversations.")
        return
    path = Path(place)
    journal = services.background.wait(kept.journal_mode(), 5) if isinstance(kept, FallbackStore) else ""
    yield _file(path, journal)
    yield from _disk(path)


def streams(services: Services) -> Iterator[Finding]:
    """Where other kernels find what runs here, and whether they can."""
    if services.figures is None:
        return
    found = services.background.wait(services.figures(), 5)
    if found["trouble"]:
        yield Finding("wrong", "streams", f"{services.streams}: {found['trouble']}", "Answers go on in each kernel.")
    elif services.streams == "memory:":
        yield Finding("note", "streams", "memory: other kernels see an answer when it is saved", "Unset NBCHAT_STREAMS.")
    else:
        running = found["jobs"]["running"]
        yield Finding("ok", "streams", f"{services.streams}, {running} answer{'s' * (running != 1)} running in all kernels")


def _file(path: Path, journal: str) -> Finding:
    from nbchat.machine.filesystem import file_system, is_network
    from nbchat.storage.migrations import LATEST

    if is_network(path):
        text = f"{path} lies on a network file system ({file_system(path)}, journal {journal}): slower, one writer at a time"
        return Finding("note", "store", text, "Set NBCHAT_HOME to a local disk if that matters.")
    if journal == "read-only" or not os.access(path, os.W_OK):
        return Finding("wrong", "store", f"{path} cannot be written", "Make it writable, or set NBCHAT_HOME.")
    free = shutil.disk_usage(path.parent).free
    size = sum(each.stat().st_size for each in (path, path.with_name(path.name + "-wal")) if each.exists())
    return Finding("ok", "store", f"{path}: {size / 1e6:.1f} MB, {free / 1e9:.1f} GB free, schema {LATEST}, journal {journal}")


def _disk(path: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(path.parent).free
    if free < _LITTLE:
        state, hint = ("wrong" if free < _VERY_LITTLE else "note"), "Make room, or set NBCHAT_HOME to another disk."
        yield Finding(state, "disk", f"{free / 1e6:.0f} MB are free where conversations are kept", hint)  # type: ignore[arg-type]  # one of the two
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("note", "store", "others on this machine may read the file", f"chmod 600 {path}")
