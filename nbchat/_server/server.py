"""LoopbackServer: the listening socket, its daemon thread, and the record of what was asked.

Owns start and stop, the key check and the routes; what is answered is said by the function it is given.
"""

from __future__ import annotations

import asyncio
import atexit
import hmac
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbchat._server.completion import models_body
from nbchat._server.connection import Connection
from nbchat._server.reply import Reply, Response
from nbchat._server.request import Request

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Closed", "LoopbackServer"]

_log = logging.getLogger("nbchat.server")
_JOIN = 10.0


@dataclass(frozen=True)
class Closed:
    """A client closed its socket before it had the whole answer: which request's, and when (`time.monotonic()`)."""

    request: Request
    time: float


class LoopbackServer:
    """Listens on 127.0.0.1 at a port the system chooses, between `start()` and `stop()`; a context manager."""

    def __init__(self, answer: Callable[[Request], Reply], *, api_key: str | None, models: Sequence[str]) -> None:
        self._answer = answer
        self._key = api_key
        self._models = tuple(models)
        self._listener: socket.socket | None = None
        self._port = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._connections: set[Connection] = set()
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._open: list[Request] = []
        self._closed: list[Closed] = []

    # ------------------------------------------------------------ life

    def start(self) -> Self:
        """Listen; returns when clients can connect. Idempotent. Raises OSError where no socket can be had."""
        if self._thread is None:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
            self._port = self._listener.getsockname()[1]
            self._loop, self._stopping = asyncio.SelectorEventLoop(), asyncio.Event()
            self._thread = threading.Thread(target=self._run, args=(self._loop, self._listener), daemon=True)
            self._thread.name = type(self).__name__
            self._thread.start()
            atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Close the port and every connection. Idempotent."""
        thread, loop, self._thread = self._thread, self._loop, None
        if thread is None or loop is None:
            return
        atexit.unregister(self.stop)
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._stopping.set)
        thread.join(_JOIN)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        try:
            loop.run_until_complete(self._serve(listener))
        finally:
            listener.close()
            loop.close()

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.get_running_loop().create_server(self._connect, sock=listener)
        await self._stopping.wait()
        await self._accepted()
        server.close()
        while self._connections:
            await asyncio.gather(*(connection.end() for connection in self._connections))
            await asyncio.sleep(0)  # closed transports take their leave in the loop's next round

    async def _accepted(self) -> None:
        """Wait until every connection that is being accepted is made: what asyncio accepts for a server that is closed meanwhile
        it never closes."""
        this = asyncio.current_task()
        while accepting := asyncio.all_tasks() - {this, *(connection.task for connection in self._connections)}:
            await asyncio.wait(accepting)

    def _connect(self) -> Connection:
        connection = Connection(self)
        self._connections.add(connection)
        return connection

    # ------------------------------------------------------------ what people read

    @property
    def port(self) -> int:
        """The port; 0 before the first start."""
        return self._port

    @property
    def base_url(self) -> str:
        """The base URL for OpenAI-compatible clients: "http://127.0.0.1:<port>/v1"."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def api_key(self) -> str | None:
        """The key that requests must bear; None takes any request."""
        return self._key

    @property
    def models(self) -> tuple[str, ...]:
        """The model ids that are listed."""
        return self._models

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, of any kind, in the order of arrival."""
        with self._changed:
            return tuple(self._requests)

    @property
    def chats(self) -> tuple[Request, ...]:
        """The requests for chat completions so far."""
        return tuple(request for request in self.requests if request.is_chat)

    @property
    def open_streams(self) -> int:
        """How many chat completions are being answered right now."""
        with self._changed:
            return len(self._open)

    @property
    def closed(self) -> tuple[Closed, ...]:
        """The clients that closed their sockets before they had their whole answer."""
        with self._changed:
            return tuple(self._closed)

    def wait_for(self, count: int = 1, timeout: float = 30.0) -> tuple[Request, ...]:
        """Block until there were `count` requests for chat completions, and return all of them.

        Raises TimeoutError after `timeout` seconds.
        """
        self._wait(lambda: len([r for r in self._requests if r.is_chat]) >= count, timeout, f"{count} chat requests")
        return self.chats

    def wait_closed(self, count: int = 1, timeout: float = 30.0) -> tuple[Closed, ...]:
        """Block until `count` clients have closed their sockets in mid-answer, and return all of them; raises TimeoutError after
        `timeout` seconds."""
        self._wait(lambda: len(self._closed) >= count, timeout, f"{count} closed connections")
        return self.closed

    def wait_idle(self, timeout: float = 30.0) -> None:
        """Block until no chat completion is being answered; raises TimeoutError after `timeout` seconds."""
        self._wait(lambda: not self._open, timeout, "the end of all streams")

    def _wait(self, reached: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(reached, timeout):
                counts = len(self._requests), len(self._open), len(self._closed)
                state = "{} requests came, {} streams are open, {} were closed".format(*counts)
                raise TimeoutError(f"no {what} within {timeout} s: {state}")

    # ------------------------------------------------------------ what connections ask

    def request(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Request:
        """Record a request. Called by connections."""
        with self._changed:
            number = len(self._requests) + 1
            request = Request(number, method, path, headers, body, query, time.monotonic())
            self._requests.append(request)
            self._changed.notify_all()
        return request

    def respond(self, request: Request) -> Response:
        """Return the response to a request; what goes wrong in a script becomes a 500. Called by connections."""
        try:
            return self._route(request).make(request)
        except Exception as error:
            _log.exception("a script raised")
            words = f"the script raised {type(error).__name__}: {error}"
            return Reply.error(500, words, type="server_error", code="script_error").make(request)

    def begin(self, request: Request) -> None:
        """Count an answer as open. Called by connections."""
        if request.is_chat:
            with self._changed:
                self._open.append(request)
                self._changed.notify_all()

    def end(self, request: Request, *, left: bool) -> None:
        """Note how an answer ended. Called by connections."""
        if request.is_chat:
            with self._changed:
                self._open.remove(request)
                if left:
                    self._closed.append(Closed(request, time.monotonic()))
                self._changed.notify_all()

    def lost(self, connection: Connection) -> None:
        """Forget a connection that is gone. Called by connections."""
        self._connections.discard(connection)

    def _route(self, request: Request) -> Reply:
        routes: dict[str, tuple[str, Callable[[Request], Reply]]] = {
            "/v1/chat/completions": ("POST", self._completion),
            "/v1/models": ("GET", lambda _: Reply.json(models_body(self._models))),
        }
        if request.path not in routes:
            return self._elsewhere(request)
        method, answer = routes[request.path]
        if request.method != method:
            words = f"Not allowed to {request.method} on {request.path}."
            return Reply.error(405, words, type="invalid_request_error", headers={"allow": method})
        if not self._authorized(request):
            words = "Incorrect API key provided." if "authorization" in request.headers else "You didn't provide an API key."
            return Reply.error(401, words, type="invalid_request_error", code="invalid_api_key")
        return answer(request)

    def _authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return self._key is None or hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode())

    def _completion(self, request: Request) -> Reply:
        for broken, words, param in (
            (not isinstance(request.json, dict), "We could not parse the JSON body of your request.", None),
            (not request.model, "you must provide a model parameter", "model"),
            (not request.messages, "'messages' must be a list of at least one message.", "messages"),
        ):
            if broken:
                return Reply.error(400, words, type="invalid_request_error", param=param)
        return self._answer(request)

    def _elsewhere(self, request: Request) -> Reply:
        words = f"Invalid URL ({request.method} {request.path})"
        return Reply.error(404, words, type="invalid_request_error")
