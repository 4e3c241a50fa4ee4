"""Page: the browser's side of the wire in Python, by the rules of js/src/wire (both are held to tests/vectors/wire)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import cast

from nbchat.notebook.wire import Json

__all__ = ["Page", "text_of"]

_BUSY = ("submitted", "streaming")
_GAP = (0.25, 4.0)
_QUIET_FIRST, _QUIET_FIRST_MOST, _QUIET_MOST = 0.5, 5.0, 30.0
_PACE = 0.5
_HELD_MOST = 64
_NEVER_BEGAN_TRIES = 4


class Page:
    """One page's copy of a view. `send(hello)` goes to the kernel; `tick(now)` sends what is due by then (seconds)."""

    def __init__(self, name: str, kind: str, snapshot: Json, status: str, now: float, send: Callable[[Json], None]) -> None:
        self.name, self.kind, self.status, self.more = name, kind, status, False
        self.due: float | None = None
        self.messages: list[Json] = []
        self.path: int | None = None
        self._send = send
        self._held: list[Json] = []
        self._forced = self._overdue = False
        self._wait, self._most, self._tries = 0.0, 0.0, 0
        self._pace, self._moved_at = _PACE, cast("float | None", None)
        self._adopt(snapshot)
        self._seen = self.position[:2]
        self._hello()
        self._plan(now, moved=True)

    # ------------------------------------------------------------ from the kernel

    def custom(self, message: Json, now: float) -> None:
        if message["op"] == "append":
            self._append(message, now)
        elif message["op"] == "snapshot":
            self._snapshot(message["snapshot"], now)
        elif message["op"] == "page":
            self._older(message)
        elif message["op"] == "deleted":
            self._without(message["messages"])

    def _older(self, message: Json) -> None:
        first = self.messages[0]["id"] if self.messages else None
        if message.get("path") != self.path or message.get("before", first) != first:
            return  # the answer to another page of the browser, or read before what is shown now
        held = {each["id"] for each in self.messages}
        fresh = [each for each in message["messages"] if each["id"] not in held]
        if fresh and self.messages and fresh[-1]["id"] != self.messages[0]["parent"]:
            return
        self.messages, self.more = [*fresh, *self.messages], message["more"]

    def _without(self, ids: list[str]) -> None:
        kept: list[Json] = []
        below: dict[str | None, str | None] = {}
        for message in self.messages:
            parent = below.get(message["parent"], message["parent"])
            if message["id"] in ids:
                below[message["id"]] = parent
            else:
                kept.append({**message, "parent": parent})
        self.messages = kept

    def update(self, state: Json, now: float) -> None:
        if "status" in state:
            self.hint(state["status"], now)

    def hint(self, status: str, now: float) -> None:
        began = self.status not in _BUSY and status in _BUSY
        self.status = status
        waits = self.kind == "turn" and self.position[0] == 0
        self._overdue = status not in _BUSY and (not self.position[2] or waits)
        if self._overdue or began:
            self._plan(now, moved=True)

    def _append(self, message: Json, now: float) -> bool:
        if self._old(message):
            return False
        self._seen = max(self._seen, (message["generation"], message["seq"]))
        self._hold(message)
        moved = False
        while (fit := self._fit()) is not None:
            self._held.remove(fit)
            self._apply(fit)
            moved = True
        self._held = [each for each in self._held if not self._old(each)]
        if moved:
            self._measure(now)
        self._plan(now, moved=moved)
        return moved

    def _snapshot(self, snapshot: Json, now: float) -> None:
        place = (snapshot["generation"], snapshot["seq"])
        if self.position[:2] > place and not self._forced:
            return
        if self.kind == "turn" and snapshot["generation"] == 0 and self.position[0] != 0:
            return
        self._forced = False
        self._adopt(snapshot)
        self._seen = max(self._seen, place)
        self._overdue = self._overdue and not snapshot["ended"]
        fit = self._fit()
        if fit is None or not self._append(fit, now):
            self._plan(now, moved=True)

    def _adopt(self, snapshot: Json) -> None:
        self.position: tuple[int, int, bool] = (snapshot["generation"], snapshot["seq"], snapshot["ended"])
        fresh = [dict(message) for message in snapshot["messages"]]
        kept, more = self._kept(snapshot, fresh[0]["id"]) if fresh else ([], False)
        self.messages, self.more = [*kept, *fresh], more if kept else snapshot["more"]
        self.path = snapshot.get("path")
        self.continues: str = snapshot.get("continues", "")

    def _kept(self, snapshot: Json, first: str) -> tuple[list[Json], bool]:
        """The older messages that are still those before the snapshot's, and whether there are others before them."""
        named = snapshot.get("before")
        if named is None:
            ids = [message["id"] for message in self.messages]
            at = ids.index(first) if first in ids and snapshot.get("path") == self.path else 0
            return self.messages[:at], self.more
        held = {message["id"]: message for message in self.messages}
        kept: list[Json] = []
        for mark in reversed(named):
            old = held.get(mark["id"])
            if old is None or any(old.get(name) != mark.get(name) for name in ("status", "seconds")):
                break
            plain = {key: value for key, value in old.items() if key not in ("hidden", "siblings")}
            kept.insert(0, {**plain, **mark})
        return kept, bool(kept) and kept[0]["parent"] is not None

    def _hold(self, message: Json) -> None:
        place = (message["generation"], message["after"])
        twin = next((each for each in self._held if (each["generation"], each["after"]) == place), None)
        if twin is not None:
            if twin["seq"] >= message["seq"]:
                return
            self._held.remove(twin)
        self._held.append(message)
        if len(self._held) > _HELD_MOST:
            self._held = sorted(self._held, key=lambda each: (each["generation"], each["after"]))[:_HELD_MOST]

    def _old(self, message: Json) -> bool:
        generation, seq, ended = self.position
        if message["generation"] != generation:
            return bool(message["generation"] < generation)
        return ended or message["seq"] <= seq

    def _fit(self) -> Json | None:
        return next((each for each in self._held if self._fits(each)), None)

    def _fits(self, message: Json) -> bool:
        generation, seq, ended = self.position
        if message["generation"] == generation:
            return not ended and message["after"] == seq
        begins = self.kind == "turn" or message["generation"] == generation + 1
        return bool(message["after"] == 0 and ended and begins)

    # ------------------------------------------------------------ what events mean

    def _apply(self, message: Json) -> None:
        right: bool | None = None
        for event in message["events"]:
            right = self._reduce(event, right)
        self.position = (message["generation"], message["seq"], right is not None)
        if right is not None:
            self._overdue = False
        if right is False:
            self._forced = True
            self._hello()

    def _reduce(self, event: Json, right: bool | None) -> bool | None:
        kind = event["type"]
        if kind == "turn-start":
            beside = event.get("siblings", {})
            fresh = [{**each, "siblings": beside[each["id"]]} if each["id"] in beside else each for each in event["messages"]]
            self.messages = [*self._before(fresh[0]), *fresh]
        elif kind in ("text-delta", "reasoning-delta"):
            self._grow(kind.split("-")[0], event["text"])
        elif kind == "tool-call-delta":
            self._grow_call(event)
        elif kind == "tool-result":
            self._add({key: event[key] for key in ("type", "call_id", "text", "error", "denied") if key in event})
        elif kind in ("turn-end", "turn-error"):
            if self.messages and self.messages[-1]["role"] == "assistant":
                last = self.messages[-1]
                kept: Json = {key: last[key] for key in ("parts", "siblings") if key in last}
                self.messages[-1] = {**event["message"], **kept}
            text = text_of(self.messages[-1]) if self.messages else ""
            return bool(zlib.crc32(text.encode("utf-8", "replace")) == event["checksum"])
        return right

    def _before(self, first: Json) -> list[Json]:
        if self.kind == "turn":
            return []
        ids = [message["id"] for message in self.messages]
        there = {first["id"], *first.get("siblings", ())}
        place = next((at for at, each in enumerate(ids) if each in there), None)
        if place is not None:
            return self.messages[:place]
        if first["parent"] in ids:
            return self.messages[: ids.index(first["parent"]) + 1]
        self.more = first["parent"] is not None
        return []

    def _grow(self, kind: str, text: str) -> None:
        if not self.messages or self.messages[-1]["role"] != "assistant":
            return
        parts = [dict(part) for part in self.messages[-1]["parts"]]
        if parts and parts[-1]["type"] == kind:
            parts[-1]["text"] += text
        else:
            parts.append({"type": kind, "text": text})
        self.messages[-1] = {**self.messages[-1], "parts": parts}

    def _grow_call(self, event: Json) -> None:
        parts = [dict(part) for part in self.messages[-1]["parts"]]
        calls = [part for part in parts if part["type"] == "tool-call"]
        if event["index"] >= len(calls):
            self._add({"type": "tool-call", **{key: event.get(key, "") for key in ("id", "name", "arguments")}})
            return
        call = calls[event["index"]]
        call.update({key: call[key] or event.get(key, "") for key in ("id", "name")})
        call["arguments"] += event.get("arguments", "")
        self.messages[-1] = {**self.messages[-1], "parts": parts}

    def _add(self, part: Json) -> None:
        self.messages[-1] = {**self.messages[-1], "parts": [*self.messages[-1]["parts"], part]}

    # ------------------------------------------------------------ to the kernel

    def tick(self, now: float) -> None:
        if self.due is None or now < self.due:
            return
        self._hello()
        if self.position[0] == 0 and self.kind == "turn" and self.status not in _BUSY and self._tries + 1 >= _NEVER_BEGAN_TRIES:
            self.due = None
            return
        self._wait = min(self._wait * 2, self._most)
        self.due, self._tries = now + self._wait, self._tries + 1

    def _plan(self, now: float, *, moved: bool) -> None:
        behind = self._forced or self._overdue or self._seen > self.position[:2]
        running = not self.position[2] or self.status in _BUSY
        if not behind and not running:
            self.due = None
            return
        first, most = _GAP if behind else (min(max(4 * self._pace, _QUIET_FIRST), _QUIET_FIRST_MOST), _QUIET_MOST)
        if moved or self.due is None or self._most != most:
            self.due, self._wait, self._most, self._tries = now + first, first, most, 0

    def _measure(self, now: float) -> None:
        if self._moved_at is not None:
            self._pace = (self._pace + min(now - self._moved_at, _QUIET_FIRST_MOST)) / 2
        self._moved_at = None if self.position[2] else now

    def _hello(self) -> None:
        generation, have = (-1, 0) if self._forced else self.position[:2]
        self._send({"op": "hello", "generation": generation, "have": have, "page": self.name})


def text_of(message: Json) -> str:
    """All text parts of a message, joined."""
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")
