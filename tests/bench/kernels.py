"""Kernel: a real ipykernel in a process of its own, and every byte that it publishes on IOPub."""

from __future__ import annotations

import ast
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from nbchat.testing import ScriptedServer

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Kernel", "Published"]

ROOT = Path(__file__).resolve().parent.parent.parent
_SILENT = frozenset({"status", "execute_input"})
"""What a kernel publishes for every cell, whatever is in it: not counted."""


@dataclass(frozen=True)
class Published:
    """One IOPub message as it came: when (`time.monotonic()`), how many bytes with all its frames, and the frames."""

    time: float
    size: int
    frames: tuple[bytes, ...]

    @cached_property
    def kind(self) -> str:
        """The message type."""
        return str(json.loads(self.frames[0])["msg_type"])

    @cached_property
    def content(self) -> dict[str, Any]:
        """The content, parsed."""
        found: dict[str, Any] = json.loads(self.frames[3])
        return found

    @property
    def idle_after(self) -> str | None:
        """The id of the cell that has ended, when it says so."""
        if self.kind != "status" or self.content["execution_state"] != "idle":
            return None
        return str(json.loads(self.frames[1])["msg_id"])

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in it, when it tells a view how an answer goes on."""
        if self.kind != "comm_msg":
            return []
        sent = self.content.get("data", {}).get("content") or {}
        return list(sent.get("events", ()))

    @property
    def text(self) -> str:
        """The text that it adds to an answer."""
        return "".join(event["text"] for event in self.events if event["type"] == "text-delta")

    @property
    def ends(self) -> bool:
        """Whether a turn ends with it."""
        return any(event["type"] in ("turn-end", "turn-error") for event in self.events)


class Kernel:
    """Starts a kernel with a home of its own; `with`. `published` grows by what comes on IOPub, on a thread."""

    def __enter__(self) -> Self:
        self._home = tempfile.TemporaryDirectory(prefix="nbchat-bench-")
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "NBCHAT_HOME": self._home.name, "PYTHONPATH": os.pathsep.join(paths)}
        self._manager, client = start_new_kernel(kernel_name="python3", env=env, startup_timeout=60)
        assert isinstance(client, BlockingKernelClient)
        self._client = client
        self._published: list[Published] = []
        self._more = threading.Condition()
        self._over = False
        context = zmq.Context()
        self._socket = context.socket(zmq.SUB)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.RCVTIMEO, 100)
        self._socket.subscribe(b"")
        self._socket.connect(f"tcp://127.0.0.1:{self._manager.iopub_port}")
        self._thread = threading.Thread(target=self._listen, args=(context,), daemon=True)
        self._thread.start()
        while not self.position:  # a subscription takes a moment: ask until something is heard
            client.execute("None", reply=True, timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join(5)
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._home.cleanup()

    def _listen(self, context: zmq.Context[Any]) -> None:
        while not self._over:
            try:
                frames = self._socket.recv_multipart()
            except zmq.Again:
                continue
            now, size = time.monotonic(), sum(map(len, frames))
            start = frames.index(b"<IDS|MSG>") + 2
            with self._more:
                self._published.append(Published(now, size, tuple(frames[start:])))
                self._more.notify_all()
        self._socket.close(0)
        context.term()

    def run(self, code: str, value: str = "None", timeout: float = 120) -> Any:
        """Run a cell and return the value of an expression after it, when all that the cell published has come.

        Raises RuntimeError with the kernel's traceback.
        """
        position = self.position
        reply = self._client.execute(code, user_expressions={"value": value}, reply=True, timeout=timeout)
        cell, content = reply["parent_header"]["msg_id"], reply["content"]
        self.wait(lambda message: message.idle_after == cell, position, timeout)
        if content["status"] != "ok":
            raise RuntimeError("\n".join(content["traceback"]))
        found = content["user_expressions"]["value"]
        if found["status"] != "ok":
            raise RuntimeError("\n".join(found["traceback"]))
        return ast.literal_eval(found["data"]["text/plain"])

    def connect(self, server: ScriptedServer, *, session: str = "bench") -> None:
        """Have `s`, a session that is answered by the server, and `w`, its widget."""
        self.run(
            "import time, nbchat\n"
            f"nbchat.add_provider('bench', base_url={server.base_url!r}, api_key={server.api_key!r})\n"
            f"s = nbchat.session({session!r}, model='bench/any')\n"
            "w = s.widget"
        )

    def since(self, position: int) -> list[Published]:
        """What was published after the first `position` messages, without what belongs to every cell."""
        with self._more:
            found = self._published[position:]
        return [message for message in found if message.kind not in _SILENT]

    @property
    def position(self) -> int:
        """How many messages came so far."""
        with self._more:
            return len(self._published)

    def wait(self, reached: Callable[[Published], bool], position: int, timeout: float = 120) -> None:
        """Block until a message after the first `position` is as wished; raises TimeoutError."""
        seen = position

        def found() -> bool:
            nonlocal seen
            fresh, seen = self._published[seen:], len(self._published)
            return any(map(reached, fresh))

        with self._more:
            if not self._more.wait_for(found, timeout):
                raise TimeoutError(f"the kernel did not publish what was waited for within {timeout} s")

    def ask(self, timeout: float = 180) -> list[Published]:
        """Ask a question without waiting in the kernel; return all that was published up to the turn's end and just after."""
        position = self.position
        self.run("t = s.send('go')")
        self.wait(lambda message: message.ends, position, timeout)
        self.run("_ = t.result(60); time.sleep(0.2)")
        return self.since(position)
