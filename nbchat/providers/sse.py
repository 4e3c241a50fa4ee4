"""Incremental decoder of server-sent events, fed with bytes (WHATWG HTML, section 9.2, "Server-sent events").

Owns the line and field rules and their bounds. Must not know HTTP, JSON or what an event means. It is the hot path of every
stream: a chunk that consists of whole `data: ...` blocks is split at C speed and its payloads stay bytes.
"""

from __future__ import annotations

from nbchat.core.errors import ProviderError

__all__ = ["MAX_EVENT_BYTES", "ServerSentEvent", "SseDecoder"]

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""Bound on one line and on the data of one event: far above any delta, low enough that a hostile line costs little memory."""

_BOM = b"\xef\xbb\xbf"
_LINE_OVERHEAD = 16  # what an empty data line costs in memory, so that millions of them are bounded too


class ServerSentEvent:
    """One event: `data` as bytes (UTF-8, unchecked), `event` its type ("message" by default), `id` the last event id."""

    __slots__ = ("data", "event", "id")

    def __init__(self, data: bytes, event: str = "message", id: str = "") -> None:
        self.data = data
        self.event = event
        self.id = id

    @property
    def text(self) -> str:
        """The data as text; bytes that are not UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"ServerSentEvent({self.data[:80]!r}, event={self.event!r}, id={self.id!r})"


class SseDecoder:
    """Feed it bytes as they come, cut anywhere; it returns the events that are complete.

    `comments` counts comment lines (a sign that the connection lives) and `retry` is the last valid reconnection time in ms.
    """

    def __init__(self, *, limit: int = MAX_EVENT_BYTES) -> None:
        self.comments = 0
        self.retry: int | None = None
        self._limit = limit
        self._tail: list[bytes] = []  # pieces of the line that has not ended
        self._tail_size = 0
        self._after_cr = False  # the last byte was a CR: an LF that follows belongs to it
        self._started = False
        self._data: list[bytes] = []  # data lines of the event that has not ended
        self._data_size = 0
        self._event = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes and return the events that they complete, in order.

        Raises ProviderError (kind "protocol") when a line or an event passes the limit; the decoder is of no use after that.
        """
        if not self._started:
            held = self._strip_bom(chunk)
            if held is None:
                return []
            chunk = held
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 10:
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._keep(chunk)
            return []
        if self._tail:
            self._tail.append(chunk[:end])
            self._check(self._tail_size + chunk.index(b"\n"))
            complete = b"".join(self._tail)
            self._tail.clear()
            self._tail_size = 0
        else:
            complete = chunk[:end]
        if end < len(chunk):
            self._keep(chunk[end:])
        return self._blocks(complete)

    def leftover(self) -> ServerSentEvent | None:
        """Return the event that the end of the stream left without its blank line, if it has data; the stream has ended.

        The standard discards it. Some servers leave that line out after their last event, so a caller may use it where
        the data prove to be whole by themselves (a complete JSON object, [DONE]).
        """
        events = self.feed(b"\n\n") if self._tail or self._data else []
        return events[0] if events else None

    def _strip_bom(self, chunk: bytes) -> bytes | None:
        """Return the bytes after a leading byte order mark, or None while they may still turn out to be one."""
        chunk = b"".join(self._tail) + chunk
        self._tail.clear()
        if len(chunk) < 3 and _BOM.startswith(chunk):
            self._tail.append(chunk)
            return None
        self._started = True
        return chunk[3:] if chunk.startswith(_BOM) else chunk

    def _keep(self, piece: bytes) -> None:
        if piece:
            if len(self._tail) > 4096:  # bytes that drip in one by one: keep the list short
                self._tail = [b"".join(self._tail)]
            self._tail.append(piece)
            self._tail_size += len(piece)
            self._check(self._tail_size)

    def _check(self, size: int) -> None:
        if size > self._limit:
            self._tail.clear()
            self._data.clear()
            raise ProviderError(
                f"The server sent a line or an event of more than {self._limit:,} bytes.",
                kind="protocol",
                hint="This is no chat stream; check the base URL and the server.",
            )

    def _blocks(self, complete: bytes) -> list[ServerSentEvent]:
        """Decode bytes that end with a line end (all line ends are LF here)."""
        last_id = self._id
        # The common case: nothing pending, and of every event one line, `data: ...`, and the blank line after it.
        if complete[:6] == b"data: " and complete[-2:] == b"\n\n" and len(complete) <= self._limit:
            payloads = complete[6:-2].split(b"\n\ndata: ")
            if complete.count(b"\n") == 2 * len(payloads) and not self._data and not self._event:
                return [ServerSentEvent(payload, "message", last_id) for payload in payloads]
        events: list[ServerSentEvent] = []
        for line in complete.split(b"\n")[:-1]:
            self._line(line, events)
        return events

    def _line(self, line: bytes, events: list[ServerSentEvent]) -> None:
        if not line:
            if self._data:
                events.append(ServerSentEvent(b"\n".join(self._data), self._event or "message", self._id))
                self._data.clear()
                self._data_size = 0
            self._event = ""
            return
        if len(line) > self._limit:
            self._check(len(line))
        name, colon, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._data_size += len(value) + _LINE_OVERHEAD
            if self._data:
                self._check(self._data_size)
            self._data.append(value)
        elif not name and colon:
            self.comments += 1
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= 18:
            self.retry = int(value)
