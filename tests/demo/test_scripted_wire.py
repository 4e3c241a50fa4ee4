"""The scripted server's bytes, read with plain sockets: framing, cuts, resets, bad requests."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.testing import End, Framing, Gate, Reply, ScriptedServer

ASK = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(ASK)


@contextmanager
def connection(server: ScriptedServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        yield sock


def read_all(sock: socket.socket) -> tuple[bytes, bool]:
    """Everything up to the end of the connection, and whether it was reset."""
    got = bytearray()
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionResetError:
        return bytes(got), True
    return bytes(got), False


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("framing", get_args(Framing))
def test_a_body_is_framed_as_asked(framing: Framing) -> None:
    """Chunks one for each piece, a length, or the connection's end: three ways of saying the same."""
    reply = Reply.raw([b"ab", b"", b"cde"], framing=framing)
    with ScriptedServer(reply, api_key=None) as server, connection(server) as sock:
        sock.sendall(HEAD.replace(b"host: x", b"connection: close") + ASK)
        answer, reset = read_all(sock)
    head = answer.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert body_of(answer) == reply.body() == {"chunked": b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"}.get(framing, b"abcde")
    assert (b"transfer-encoding: chunked" in head) == (framing == "chunked")
    assert (b"content-length: 5" in head) == (framing == "length")
    assert not reset


@pytest.mark.parametrize("framing", get_args(Framing))
@pytest.mark.parametrize("end", ["fin", "rst"])
def test_a_cut_comes_after_exactly_the_bytes_that_were_asked_for(framing: Framing, end: End) -> None:
    """At every offset: this much of the body arrives, and then the end or the reset."""
    whole = Reply.text("ab cd", framing=framing, usage_shape="never")
    body = whole.body(ASK)
    offsets = range(0, len(body), 7)
    with ScriptedServer([whole.cut(n, end) for n in offsets], api_key=None) as server:
        for n in offsets:
            with connection(server) as sock:
                sock.sendall(HEAD + ASK)
                answer, reset = read_all(sock)
            assert body_of(answer) == body[:n]
            assert reset == (end == "rst")
    assert server.closed == ()  # it was the server that left


def test_a_stall_keeps_the_connection_until_the_client_goes() -> None:
    """Nothing more comes, and nothing ends; the client's leaving is noticed."""
    reply = Reply.text("ab")
    with ScriptedServer(reply.cut(40, "stall"), api_key=None) as server, connection(server) as sock:
        sock.sendall(HEAD + ASK)
        got = b""
        while len(body_of(got)) < 40:
            got += sock.recv(65536)
        assert server.open_streams == 1
        sock.close()
        server.wait_closed()
    assert body_of(got) == reply.body(ASK)[:40]


@pytest.mark.parametrize("end", ["fin", "rst"])
def test_a_server_may_send_nothing_at_all(end: End) -> None:
    """The request is read and recorded; the answer is the connection's end."""
    with ScriptedServer(Reply.nothing(end), api_key=None) as server, connection(server) as sock:
        sock.sendall(HEAD + ASK)
        assert read_all(sock) == (b"", end == "rst")
        assert server.chats[0].question == "hi"


@settings(max_examples=30)
@given(st.lists(st.integers(1, len(HEAD) + 3 * len(ASK)), max_size=6))
def test_a_request_is_understood_however_its_bytes_arrive(cuts: list[int]) -> None:
    """Two requests on one connection, one of them chunked, in any pieces: two answers."""
    chunked = b"%x\r\n%b\r\n%x;note=1\r\n%b\r\n0\r\ntrailer: 1\r\n\r\n" % (5, ASK[:5], len(ASK) - 5, ASK[5:])
    second = HEAD.replace(b"content-length: %d" % len(ASK), b"Transfer-Encoding: chunked\r\nconnection: close") + chunked
    sent = HEAD + ASK + second
    edges = [0, *sorted(cuts), len(sent)]
    with ScriptedServer(Reply.text("x", framing="length"), api_key=None) as server, connection(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, stop in itertools.pairwise(edges):
            sock.sendall(sent[start:stop])
        answer, _ = read_all(sock)
        assert [request.json for request in server.chats] == [json.loads(ASK)] * 2
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


def test_a_connection_is_used_again_for_the_next_request() -> None:
    """Keep-alive works after streamed answers, as clients with a pool expect."""
    with ScriptedServer(Reply.text("again"), api_key=None) as server:
        http_client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        seen = []
        for _ in range(3):
            http_client.request("POST", "/v1/chat/completions", ASK)
            seen.append((http_client.getresponse().read().count(b"data: "), http_client.sock.getsockname()))
        http_client.close()
    assert len(set(seen)) == 1
    assert seen[0][0] == 5


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"rubbish\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\n: empty\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: many\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 999999999999\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000, 400),
        (b"GET /v1/chat/completions HTTP/1.1\r\n\r\n", 405),
        (b"GET /chat/completions HTTP/1.1\r\n\r\n", 404),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 4\r\n\r\nnull", 400),
        (b'POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 22\r\n\r\n{"model":"","stream":1}'[:-1] + b"}", 400),
        (b'POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 28\r\n\r\n{"model":"m","messages": []}', 400),
        (b"GET /v1/models HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_is_no_request_is_refused_and_the_server_lives_on(sent: bytes, status: int) -> None:
    """Every refusal is JSON with a reason; nothing that a client sends ends the server."""
    with ScriptedServer(api_key=None) as server:
        with connection(server) as sock:
            sock.sendall(sent)
            head, _, rest = sock.makefile("rb").read(200).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert rest.startswith(b"{")
        with connection(server) as sock:
            sock.sendall(HEAD.replace(b"host: x", b"connection: close") + ASK)
            assert read_all(sock)[0].endswith(b"0\r\n\r\n")


def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    """curl asks so before it sends a large body."""
    with ScriptedServer(api_key=None) as server, connection(server) as sock:
        sock.sendall(HEAD.replace(b"host: x", b"expect: 100-continue\r\nconnection: close"))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(ASK)
        assert b"HTTP/1.1 200 OK" in read_all(sock)[0]


def test_a_client_that_does_not_read_holds_nobody_up() -> None:
    """Back-pressure ends at the connection that causes it."""
    endless = Reply.raw(iter(lambda: b"x" * 60_000, b""))
    with (
        ScriptedServer([endless, Reply.text("quick")], api_key=None) as server,
        connection(server) as slow,
        connection(server) as quick,
    ):
        slow.sendall(HEAD + ASK)
        server.wait_for(1)
        quick.sendall(HEAD.replace(b"host: x", b"connection: close") + ASK)
        assert read_all(quick)[0].endswith(b"0\r\n\r\n")
        assert server.open_streams == 1


def test_a_gate_that_nobody_passes_keeps_no_permit() -> None:
    """A client that leaves at a gate uses up nothing: the next one gets the permit."""
    gate = Gate()
    with ScriptedServer(Reply.text("a", gate=gate), api_key=None) as server:
        with connection(server) as sock:
            sock.sendall(HEAD + ASK)
            gate.wait_reached(1)
        server.wait_closed()
        gate.release(2)
        with connection(server) as sock:
            sock.sendall(HEAD.replace(b"host: x", b"connection: close") + ASK)
            assert read_all(sock)[0].endswith(b"0\r\n\r\n")
    assert gate.reached == 3


def test_only_loopback_is_listened_on() -> None:
    """The server's socket is bound to 127.0.0.1: not even another loopback address answers."""
    with ScriptedServer() as server:
        assert server.base_url == f"http://127.0.0.1:{server.port}/v1"
        with socket.socket() as sock, pytest.raises(OSError, match="refused"):
            sock.connect(("127.0.0.2", server.port))
