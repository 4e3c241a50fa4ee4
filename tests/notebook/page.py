"""Page: the browser's side of the wire, in Python: positions, held messages, hellos (the rules of js/src/wire/receiver.ts)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from nbchat.notebook.wire import Json

__all__ = ["Page"]

_BUSY = ("submitted", "streaming")


class Page:
    """One page's copy of a view. `send(hello)` goes to the kernel; `tick(now)` lets time pass (seconds)."""

    def __init__(self, name: str, kind: str, snapshot: Json, status: str, now: float, send: Callable[[Json], None]) -> None:
        self.name, self.kind, self.status = name, kind, status
        self._send = send
        self._held: list[Json] = []
        self._forced = False
        self._adopt(snapshot)
        self._seen = self.position[:2]
        self._wait, self._due = 0.0, now
        self.hellos = 0
        self.state: Json = {}
        self._hello()
        self._plan(now)

    def _adopt(self, snapshot: Json) -> None:
        self.position: tuple[int, int, bool] = (snapshot["generation"], snapshot["seq"], snapshot["ended"])
        self.messages: list[Json] = [dict(message) for message in snapshot["messages"]]

    @property
    def texts(self) -> list[str]:
        """The text of each message."""
        return [_text(message) for message in self.messages]

    # ------------------------------------------------------------ from the kernel

    def custom(self, message: Json, now: float) -> None:
        if message["op"] == "append":
            self._append(message)
        elif message["op"] == "snapshot":
            self._snapshot(message["snapshot"])
        else:
            return
        self._plan(now)

    def update(self, state: Json, now: float) -> None:
        self.state.update(state)
        self.status = self.state.get("status", self.status)
        self._plan(now)

    def _snapshot(self, snapshot: Json) -> None:
        if (snapshot["generation"], snapshot["seq"]) < self.position[:2] and not self._forced:
            return
        self._forced = False
        self._adopt(snapshot)
        self._drain()

    def _append(self, message: Json) -> None:
        if self._old(message):
            return
        self._seen = max(self._seen, (message["generation"], message["seq"]))
        self._held = [*self._held, message][:64]
        self._drain()

    def _drain(self) -> None:
        while (fit := next((each for each in self._held if self._fits(each)), None)) is not None:
            self._held.remove(fit)
            self._reduce(fit["events"])
            self.position = (fit["generation"], fit["seq"], any(e["type"] in ("turn-end", "turn-error") for e in fit["events"]))
        self._held = [each for each in self._held if not self._old(each)]

    def _old(self, message: Json) -> bool:
        generation, seq, ended = self.position
        if message["generation"] != generation:
            return message["generation"] < generation or (self.kind == "turn" and generation > 0)
        return ended or message["seq"] <= seq

    def _fits(self, message: Json) -> bool:
        generation, seq, ended = self.position
        if message["generation"] == generation:
            return not ended and message["after"] == seq
        if message["after"] != 0 or not ended:
            return False
        return generation == 0 if self.kind == "turn" else message["generation"] == generation + 1

    # ------------------------------------------------------------ what events mean

    def _reduce(self, events: list[Json]) -> None:
        for event in events:
            if event["type"] == "turn-start":
                parent = event["messages"][0]["parent"]
                ids = [message["id"] for message in self.messages]
                kept = self.messages[: ids.index(parent) + 1] if parent in ids else []
                self.messages = [*([] if self.kind == "turn" else kept), *[dict(m) for m in event["messages"]]]
            elif event["type"] in ("text-delta", "reasoning-delta"):
                self._grow(event["type"].split("-")[0], event["text"])
            elif event["type"] in ("turn-end", "turn-error"):
                last = self.messages[-1]
                self.messages[-1] = {**event["message"], "parts": last["parts"]}
                if zlib.crc32(_text(last).encode()) != event["checksum"]:
                    self._forced = True
                    self._hello()

    def _grow(self, kind: str, text: str) -> None:
        parts = [dict(part) for part in self.messages[-1]["parts"]]
        if parts and parts[-1]["type"] == kind:
            parts[-1]["text"] += text
        else:
            parts.append({"type": kind, "text": text})
        self.messages[-1] = {**self.messages[-1], "parts": parts}

    # ------------------------------------------------------------ to the kernel

    def tick(self, now: float) -> None:
        if self._wait and now >= self._due:
            self._hello()
            self._wait = min(self._wait * 2, self._most)
            self._due = now + self._wait

    def _plan(self, now: float) -> None:
        begins = self.kind == "turn" and self.position[0] == 0
        overdue = self.status not in _BUSY and (not self.position[2] or begins)
        behind = self._forced or overdue or self._seen > self.position[:2]
        running = not self.position[2] or self.status in _BUSY
        if not (behind or running):
            self._wait = 0.0
            return
        first, self._most = (0.25, 4.0) if behind else (0.7, 30.0)
        key = (self.position, behind)
        if key != getattr(self, "_planned", None) or not self._wait:
            self._planned: Any = key
            self._wait, self._due = first, now + first

    def _hello(self) -> None:
        self.hellos = getattr(self, "hellos", 0) + 1
        generation, have = (-1, 0) if self._forced else self.position[:2]
        self._send({"op": "hello", "generation": generation, "have": have, "page": self.name})


def _text(message: Json) -> str:
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")
