"""SocketClient: a notebook page's way to its kernel through a real Jupyter server, one websocket, without the page.

It has the parts of a kernel client that `tests/notebook/kernels.py` drives, so that a `Kernel` can stand on it.
"""

from __future__ import annotations

import json
import queue
import threading
from datetime import datetime
from typing import Any

import websocket
from jupyter_client.session import Session

from tests.e2e.lab import Lab

__all__ = ["SocketClient"]


class _Channel:
    def __init__(self, client: SocketClient, name: str) -> None:
        self._client, self._name = client, name

    def send(self, message: dict[str, Any]) -> None:
        self._client.send({**message, "channel": self._name})


class SocketClient:
    """A connection to the kernel with this id; `sent` is when (seconds since the epoch) the kernel sent each message
    of IOPub."""

    def __init__(self, lab: Lab, kernel_id: str) -> None:
        self.session = Session()
        self.sent: list[float] = []
        self.shell_channel, self.control_channel = _Channel(self, "shell"), _Channel(self, "control")
        self._iopub: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        address = f"{lab.base.replace('http', 'ws', 1)}/api/kernels/{kernel_id}/channels?session_id={self.session.session}"
        self._socket = websocket.create_connection(address, timeout=20, header=[f"Authorization: token {lab.token}"])
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message, as JSON."""
        self._socket.send(json.dumps(message, default=_plain))

    def _read(self) -> None:
        while True:
            try:
                frame = self._socket.recv()
            except (websocket.WebSocketException, OSError):
                frame = ""
            if not frame:
                self._iopub.put(None)
                return
            message = json.loads(frame) if isinstance(frame, str) else _with_buffers(frame)
            if message["channel"] == "iopub":
                self.sent.append(datetime.fromisoformat(message["header"]["date"].replace("Z", "+00:00")).timestamp())
                self._iopub.put(message)

    def get_iopub_msg(self, timeout: float) -> dict[str, Any]:
        """Return the next message of IOPub; raises queue.Empty when none comes within so many seconds."""
        message = self._iopub.get(timeout=timeout)
        if message is None:
            raise AssertionError("the server closed the websocket")
        return message

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self._thread.join(10)


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()


def _with_buffers(frame: bytes) -> dict[str, Any]:
    """A message with buffers: their number, where each part begins (32 bits, big endian), the JSON text, the buffers."""
    count = int.from_bytes(frame[:4], "big")
    offsets = [int.from_bytes(frame[4 * n : 4 * n + 4], "big") for n in range(1, count + 1)]
    end = offsets[1] if count > 1 else len(frame)
    message: dict[str, Any] = json.loads(frame[offsets[0] : end])
    return message
