"""HTTP/1.1 on the wire: heads, and chunks cut anywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.providers.http.http1 import ChunkedDecoder, WireError, parse_head


@pytest.mark.parametrize(
    ("head", "status", "chunked", "length", "lasting"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, False, 5, True),
        (b"HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\n\r\n", 200, True, None, True),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, False, None, False),
        (b"HTTP/1.1 200 OK\nContent-Length:5\n\n", 200, False, 5, True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\n", 200, False, 5, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, False, 5, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, False, 0, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 200, True, None, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, False, 5, True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, False, None, False),
    ],
)
def test_heads(head: bytes, status: int, chunked: bool, length: int | None, lasting: bool) -> None:
    """What a head says about its body; it is not there before its last byte, and what follows is left alone."""
    for cut in range(len(head)):
        assert parse_head(head[:cut]) is None
    found = parse_head(head + b"rest")
    assert found is not None
    assert (found[0].status, found[0].chunked, found[0].length, found[0].lasting) == (status, chunked, length, lasting)
    assert found[1] == b"rest"


@pytest.mark.parametrize(
    "head",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_bad_heads(head: bytes) -> None:
    """What is no HTTP/1.1 response, or does not end, is an error."""
    with pytest.raises(WireError):
        parse_head(head)


BODY = b"5\r\nhello\r\n1;ext=1\r\n \r\n00A\r\n0123456789\r\n3\r\n\r\n\n\r\n0\r\nTrailer: x\r\n\r\n"
CONTENT = b"hello 0123456789\r\n\n"


@given(st.lists(st.integers(0, len(BODY)), max_size=8))
def test_chunks_cut_anywhere(cuts: list[int]) -> None:
    """However the bytes come, the content is the same; what follows the body is kept apart."""
    data = BODY + b"next"
    marks = [0, *sorted(cuts), len(data)]
    decoder, content = ChunkedDecoder(), b""
    for a, b in itertools.pairwise(marks):
        if decoder.done:
            break
        content += decoder.feed(data[a:b])
    assert decoder.done
    assert content == CONTENT


@given(
    st.lists(st.text("5aF\r\n;", min_size=1, max_size=12).map(str.encode), max_size=6),
    st.lists(st.integers(0, 120), max_size=4),
)
def test_contents_that_look_like_sizes(contents: list[bytes], cuts: list[int]) -> None:
    """What stands in a chunk is never taken for the frame of one, wherever it is cut: only sizes count."""
    data = b"".join(b"%x\r\n%b\r\n" % (len(content), content) for content in contents) + b"0\r\n\r\nnext"
    marks = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder, content = ChunkedDecoder(), b""
    for a, b in itertools.pairwise(marks):
        if not decoder.done:
            content += decoder.feed(data[a:b])
    assert decoder.done
    assert content == b"".join(contents)


def test_chunks_byte_by_byte() -> None:
    """The body ends with its last byte, not before."""
    decoder, content = ChunkedDecoder(), b""
    for index in range(len(BODY)):
        assert not decoder.done
        content += decoder.feed(BODY[index : index + 1])
    assert decoder.done
    assert content == CONTENT


BAD_SIZES = [b"x\r\n", b"-1\r\n", b"0x5\r\nhello\r\n", b"+5\r\n", b"5_0\r\n", b"\r\n", b"f" * 17 + b"\r\n", b"0" * 5000]


@pytest.mark.parametrize("body", [*BAD_SIZES, b"5\r\nhelloX\r\n", b"0\r\n" + b"A: b\r\n" * 70])
def test_bad_chunks(body: bytes) -> None:
    """A size that is none, a chunk that is longer than it says, and endless lines are errors."""
    with pytest.raises(WireError):
        ChunkedDecoder().feed(body)
