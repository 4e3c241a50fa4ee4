"""Reply: what the server sends for one request, from a friendly text down to single bytes and a cut cable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from nbchat._server.completion import Answer, Stage, UsageShape, error_body, event, split_tokens, stream_of, whole
from nbchat._server.gate import Gate
from nbchat._server.request import Request

__all__ = ["End", "Framing", "Reply", "Response", "Step"]

Framing = Literal["chunked", "length", "close"]
"""How the end of a body is known: HTTP chunks (one for each piece), Content-Length, or the end of the connection."""

End = Literal["fin", "rst", "stall"]
"""How a cut connection ends: closed in order, reset, or left open in silence until the client goes."""

Step: TypeAlias = "bytes | float | Gate"
"""One step of a reply: bytes to send, seconds to wait (from step to step, not from send to send), or a gate to pass."""


_ANY = b'{"model": "scripted", "stream": true, "messages": []}'


@dataclass(frozen=True)
class Response:
    """A reply as the connection plays it. `silent` sends nothing at all; `cut_after` counts bytes after the header."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    steps: Iterable[Step] = ()
    framing: Framing = "length"
    before: Gate | float | None = None
    silent: bool = False
    cut_after: int | None = None
    end: End | None = None

    def __post_init__(self) -> None:
        if self.framing == "length":  # the sum goes ahead, so everything must be there
            object.__setattr__(self, "steps", tuple(self.steps))

    def wire(self) -> Iterator[Step]:
        """Yield the steps with their bytes framed: what follows the header on the wire, before any cut."""
        if self.framing != "chunked":
            yield from self.steps
            return
        for step in self.steps:
            if not isinstance(step, bytes):
                yield step
            elif step:  # an empty HTTP chunk would end the body
                yield b"%x\r\n%b\r\n" % (len(step), step)
        yield b"0\r\n\r\n"


@dataclass(frozen=True)
class Reply:
    """What the server sends for one request; made by one of the class methods, changed by `cut`, `after` and `with_headers`.

    Replies are values: one reply may answer any number of requests. (`make` is what they do with one.)
    """

    make: Callable[[Request], Response]

    @classmethod
    def text(
        cls,
        text: str = "",
        *,
        tokens: Sequence[str] | None = None,
        reasoning: str = "",
        tool_calls: Sequence[tuple[str, Any] | tuple[str, Any, str]] = (),
        usage: Mapping[str, Any] | None = None,
        usage_shape: UsageShape = "extra",
        finish_reason: str | None = None,
        model: str | None = None,
        delay: float = 0.0,
        gate: Gate | None = None,
        done: bool = True,
        error: Mapping[str, Any] | None = None,
        reasoning_field: str = "reasoning_content",
        framing: Framing = "chunked",
    ) -> Reply:
        """A chat completion of this `text`: streamed when the request says `"stream": true`, else whole.

        `tokens` are sent one in each chunk (default: `text` in pieces of up to six letters); `delay` is in seconds before each
        token. A `gate` is passed once before each token and once more before the ending, so after `gate.release(n)` exactly n
        tokens are out and the answer still runs. `usage` is the provider's literal object (default: counted pieces),
        `usage_shape` where it comes. `tool_calls` are (name, arguments) or (name, arguments, id): arguments as JSON text or a
        value, ids "call_1", "call_2", ... in each answer anew, as many providers give them. The `finish_reason` is "stop", or
        "tool_calls" where there are some; "" sends none. `reasoning` is sent before the answer, in deltas of the name
        `reasoning_field` (vLLM calls it "reasoning"). `framing` is how HTTP knows the end. `done=False` leaves out [DONE], and
        `error` is an error object sent in the place of the ending. `model` is the name the answer bears (default: as asked).
        """
        if finish_reason is None:
            finish_reason = "tool_calls" if tool_calls else "stop"
        calls = tuple(
            (str(given[0]) if given else f"call_{n}", name, args if isinstance(args, str) else json.dumps(args))
            for n, (name, args, *given) in enumerate(tool_calls, 1)
        )
        answer = Answer(
            tokens=split_tokens(text) if tokens is None else tuple(tokens),
            reasoning=split_tokens(reasoning),
            tool_calls=calls,
            usage=usage,
            usage_shape=usage_shape,
            finish_reason=finish_reason or None,
            model=model,
            done=done,
            error=error,
            reasoning_field=reasoning_field,
        )

        def make(request: Request) -> Response:
            steps: Iterator[Step] = _paced(stream_of(request, answer), delay, gate)
            if request.streamed:
                return Response(200, _EVENT_STREAM, steps, framing)
            held = [step for step in steps if not isinstance(step, bytes)]  # it comes when its last token would have
            return Response(200, _JSON, [*held, json.dumps(whole(request, answer)).encode()], "length")

        return cls(make)

    @classmethod
    def events(cls, items: Iterable[Any], *, framing: Framing = "chunked", status: int = 200) -> Reply:
        """An event stream piece by piece: of the `items` JSON values and strings become `data:` events, bytes are sent as they
        are, floats are pauses in seconds and gates are passed. `status` and `framing` are HTTP's. A generator is drawn from as
        the stream goes on, so it may be endless; it answers one request only, a sequence any number."""

        def steps() -> Iterator[Step]:
            for item in items:
                yield item if isinstance(item, (float, Gate)) else event(item)

        return cls(lambda _: Response(status, _EVENT_STREAM, steps(), framing))

    @classmethod
    def raw(
        cls,
        pieces: Iterable[Step] = (),
        *,
        framing: Framing = "chunked",
        status: int = 200,
        content_type: str = "text/event-stream",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Literal body bytes, in pieces that are written (and, if chunked, framed) one by one; floats are pauses in seconds,
        gates are passed. With the `framing` "length" the pieces must come to an end, as their sum goes ahead. `status`,
        `content_type` and further `headers` are HTTP's."""
        head = {"content-type": content_type, **(headers or {})}
        return cls(lambda _: Response(status, head, pieces, framing))

    @classmethod
    def json(cls, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """Any JSON `value` with any `status` and further `headers`."""
        head = {**_JSON, **(headers or {})}
        return cls(lambda _: Response(status, head, [json.dumps(value).encode()], "length"))

    @classmethod
    def html(cls, html: str = "<!doctype html><title>Sign in</title><h1>Sign in</h1>", *, status: int = 200) -> Reply:
        """A web page (`html`), as a wrong URL or a captive portal gives it, with its `status`."""
        return cls(lambda _: Response(status, {"content-type": "text/html; charset=utf-8"}, [html.encode()], "length"))

    @classmethod
    def error(
        cls,
        status: int,
        message: str | None = None,
        *,
        type: str = "error",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """An error as OpenAI's API words it: an HTTP `status`, and in the body `message`, `type`, `code` and `param`; for
        another wording see `json`. Say `headers={"retry-after": "2"}` and the like."""
        words = f"scripted error {status}" if message is None else message
        return cls.json(error_body(words, type=type, code=code, param=param), status=status, headers=headers)

    @classmethod
    def loading(cls, progress: float | None = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """A 503 as llama.cpp gives it while it loads its model, to be asked again a little later (`headers` may say when);
        `progress` (0 to 1) is told by some servers."""
        told = {} if progress is None else {"progress": progress}
        error = {"code": 503, "message": "Loading model", "type": "unavailable_error", **told}
        return cls.json({"error": error}, status=503, headers=headers)

    @classmethod
    def nothing(cls, end: End = "fin") -> Reply:
        """No byte at all: the request is read, then the connection ends (or, "stall", hangs until the client goes)."""
        return cls(lambda _: Response(silent=True, end=end))

    def cut(self, after: int, end: End = "fin") -> Reply:
        """Return this reply cut `after` so many bytes behind the header (HTTP's own framing counts); `end` says how: closed,
        reset or stalled."""
        return Reply(lambda request: replace(self.make(request), cut_after=after, end=end))

    def after(self, hold: Gate | float) -> Reply:
        """Return this reply held back, header and all, until a gate is passed or for a number of seconds."""
        return Reply(lambda request: replace(self.make(request), before=hold))

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """Return this reply with further (or other) response headers; names in lower case."""

        def make(request: Request) -> Response:
            response = self.make(request)
            return replace(response, headers={**response.headers, **headers})

        return Reply(make)

    def body(self, request: bytes = _ANY) -> bytes:
        """Return all that follows the header on the wire when the request's body is this (default: any streamed one).

        For attacks on every offset: `for n in range(len(reply.body(asked))): ... reply.cut(n)`.
        """
        made = self.make(Request(1, "POST", "/v1/chat/completions", {}, request))
        return b"".join(step for step in made.wire() if isinstance(step, bytes))


_EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
_JSON = {"content-type": "application/json"}


def _paced(stream: Iterator[tuple[bytes, Stage]], delay: float, gate: Gate | None) -> Iterator[Step]:
    """Put the pauses and gates between the events of a completion: before each token, and a gate before the ending."""
    ending = False
    for data, stage in stream:
        if gate is not None and (stage == "token" or (stage == "tail" and not ending)):
            yield gate
        ending = stage == "tail"
        if delay and stage == "token":
            yield float(delay)
        yield data
