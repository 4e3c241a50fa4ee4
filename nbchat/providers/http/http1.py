"""HTTP/1.1 as a stream of answers needs it: the head of a response, and a chunked body of which one read is decoded at once.

The general clients pay for one parser event per HTTP chunk, which is two thirds of what a token costs. Owns the bytes on the
wire and the end of a body (RFC 9112, sections 4 to 7). Must not know httpx, keys, or what a body means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ChunkedDecoder", "Head", "WireError", "parse_head"]

MAX_HEAD = 64 * 1024
"""Bytes of a status line with its headers; servers themselves allow 8 to 64 kB."""
_MAX_LINE = 4096  # of a chunk's size with its extensions, or of a trailer
_MAX_TRAILERS = 64
_HEAD_END = re.compile(rb"\r?\n\r?\n").search
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r\n]*)?").fullmatch
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*").fullmatch
_SIZES = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})\r\n").split
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}").fullmatch


class WireError(Exception):
    """The peer broke HTTP's rules, or went away in the middle of a message."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response, and what they say about its body: `length` bytes, `chunked`, or up to the end of
    the connection (length None). `lasting`: the connection may be used again afterwards."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    chunked: bool
    length: int | None
    lasting: bool


def parse_head(data: bytes) -> tuple[Head, bytes] | None:
    """Return the head of the final response and the bytes that follow it, or None while it has not come whole.

    Interim responses (1xx) are passed over. Raises WireError for what is no HTTP response and for a head beyond the bound.
    """
    while True:
        if not b"HTTP/1."[: len(data)] == data[:7]:
            raise WireError(f"not an HTTP response: {data[:80]!r}")
        end = _HEAD_END(data)
        if end is None or end.start() > MAX_HEAD:
            if len(data) > MAX_HEAD:
                raise WireError("the response's headers do not end")
            return None
        head = _head(data[: end.start()])
        data = data[end.end() :]
        if head.status >= 200:
            return head, data
        if head.status == 101 or not data:
            if head.status == 101:
                raise WireError("the server changed the protocol")
            return None


def _head(data: bytes) -> Head:
    first, *lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
    status = _STATUS(first)
    if status is None:
        raise WireError(f"not an HTTP response: {first[:80]!r}")
    headers = []
    for line in lines:
        field = _FIELD(line)
        if field is None:
            raise WireError(f"a malformed header: {line[:80]!r}")
        headers.append((field[1], field[2]))
    code = int(status[2])
    coding = _values(headers, b"transfer-encoding")
    if coding not in ([], [b"chunked"]):
        raise WireError(f"an unknown transfer encoding: {b', '.join(coding)[:80]!r}")
    lengths = set(_values(headers, b"content-length"))
    if len(lengths) > 1 or not all(length.isdigit() and len(length) < 20 for length in lengths):
        raise WireError("a malformed content length")
    length = 0 if code in (204, 304) or code < 200 else int(lengths.pop()) if lengths and not coding else None
    options = _values(headers, b"connection")
    lasting = status[1] == b"1" and b"close" not in options and (bool(coding) or length is not None)
    return Head(code, tuple(headers), bool(coding) and length is None, length, lasting)


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    joined = b",".join(value for each, value in headers if each.lower() == name)
    return [value.strip().lower() for value in joined.split(b",") if value.strip()]


class ChunkedDecoder:
    """Takes the bytes of a chunked body, cut anywhere, and returns its content; `done` after the last chunk and trailers."""

    def __init__(self) -> None:
        self.done = False
        self.rest = b""  # bytes that wait for the rest of their line; after `done`, what followed the body
        self._left = 0  # content bytes of this chunk that are still to come
        self._after = False  # the line end after a chunk's content is to come
        self._trailers = -1  # how many trailers were read; -1 before the last chunk

    def feed(self, data: bytes) -> bytes:
        """Return the content in these bytes; raises WireError for a chunk that is none."""
        if self.rest:
            data = self.rest + data
        out: list[bytes] = []
        position, size, plain = 0, len(data), True
        while position < size and not self.done:
            if plain and not (self._left or self._after or self._trailers >= 0):
                plain = False  # once: what it leaves is not of its kind
                position += _whole_chunks(data[position:], out)
            if self._left:
                piece = data[position : position + self._left]
                out.append(piece)
                position += len(piece)
                self._left -= len(piece)
                self._after = not self._left
                continue
            end = data.find(b"\n", position)
            if end < 0:
                if size - position > _MAX_LINE:
                    raise WireError("a chunk's size does not end")
                break
            line = data[position:end]
            position = end + 1
            if self._after:
                if line not in (b"\r", b""):
                    raise WireError("a chunk is longer than it says")
                self._after = False
            elif self._trailers >= 0:
                self._trailer(line)
            else:
                self._size(line)
        self.rest = data[position:]
        return out[0] if len(out) == 1 else b"".join(out)

    def _size(self, line: bytes) -> None:
        digits = line.partition(b";")[0].strip()
        if not _SIZE(digits):
            raise WireError(f"a malformed chunk size: {line[:40]!r}")
        self._left = int(digits, 16)
        if not self._left:
            self._trailers = 0

    def _trailer(self, line: bytes) -> None:
        self.done = not line.strip()
        self._trailers += 1
        if self._trailers > _MAX_TRAILERS or len(line) > _MAX_LINE:
            raise WireError("the body's trailers do not end")


def _whole_chunks(data: bytes, out: list[bytes]) -> int:
    """Take the chunks at the beginning of `data` that have come whole, all at once; return how many bytes they were.

    This is where a burst would spend its time. The pieces between all that looks like a chunk's size are the chunks if each is
    as long as its size says; else, and for what is not written in the plainest way, 0: then `feed` goes through it.
    """
    parts = _SIZES(b"\r\n" + data)
    sizes, pieces = [int(size, 16) for size in parts[1:-2:2]], parts[2:-2:2]
    if list(map(len, pieces)) != sizes or 0 in sizes or parts[0]:
        return 0
    out += pieces
    return len(data) - len(parts[-2]) - 2 - len(parts[-1]) if pieces else 0
