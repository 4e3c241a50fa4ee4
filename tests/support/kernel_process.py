"""KernelProcess: a kernel in a process of its own, told line by line what to run; killed as kernels are.

Children are forked from a server process that has imported nbchat and started nothing, so one is there in a moment.
"""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import nbchat
import nbchat.app
import nbchat.notebook.hub
import nbchat.providers.endpoint
import nbchat.streams.sqlite.opening
from nbchat.testing import ScriptedServer

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["KernelProcess"]

_SECONDS = 100.0
_PRELOADED = (nbchat.app, nbchat.notebook.hub, nbchat.providers.endpoint, nbchat.streams.sqlite.opening)


class KernelProcess:
    """A process whose conversations are those of `home`. At hand there are `nbchat`, with this server's model active, and
    `until(condition)`, which waits."""

    def __init__(self, home: Path, server: ScriptedServer, **environment: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pipe, theirs = context.Pipe()
        environment = {"NBCHAT_HOME": str(home), **environment}
        self.process = context.Process(
            target=_serve, args=(theirs, environment, server.base_url, str(server.api_key)), daemon=True
        )
        self.process.start()
        theirs.close()

    def run(self, code: str) -> Any:
        """Run code there and return what it left in `out`; raises RuntimeError with its traceback where it failed."""
        self.post(code)
        return self.result()

    def post(self, code: str) -> None:
        """Run code there, without waiting for it."""
        self._pipe.send(code)

    def result(self) -> Any:
        """Return what the code that was posted left."""
        assert self._pipe.poll(_SECONDS), "the kernel does not answer"
        failed, found = self._pipe.recv()
        if failed:
            raise RuntimeError(found)
        return found

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join(_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.is_alive():
            self._pipe.send(None)
            self.process.join(_SECONDS)
            self.process.kill()
        self._pipe.close()


def _serve(pipe: Connection, environment: dict[str, str], base_url: str, key: str) -> None:
    """The child: runs what it is sent until it is sent nothing."""
    assert all(_PRELOADED)
    os.environ.pop("NBCHAT_STORE", None)
    os.environ.update(environment)
    nbchat.add_provider("lab", base_url=base_url, api_key=key)
    nbchat.settings.model = "lab/tiny"
    names: dict[str, Any] = {"nbchat": nbchat}

    def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, getattr(names.get("s"), "state", "this never came true")
            time.sleep(0.01)

    names["until"] = until
    while (code := pipe.recv()) is not None:
        names["out"] = None
        try:
            exec(code, names)
            pipe.send((False, names["out"]))
        except BaseException:
            pipe.send((True, traceback.format_exc()))
    nbchat.app.app().close()
