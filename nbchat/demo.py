"""The embedded demo model: a real OpenAI-compatible server on loopback that answers without any model behind it.

    python -m nbchat.demo        # prints its base URL and key, and runs until Ctrl-C

    with DemoServer() as demo:
        demo.base_url, demo.api_key

Answers until a real provider is chosen, so that a first notebook needs no key and no network. The same question gets the
same answer; words in it choose what is shown (ask anything, and it lists them). A question with the word "tool" gets a call of
the first tool that came with it (or the one that it names), with examples for arguments, and then what that gave; without
tools, the picture of a call. Standard library only; random port and key.
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
import threading
from collections.abc import Sequence
from typing import Any

from nbchat._server.answers import LONG, THOUGHTS, calling, long_answer, results, sections, welcome
from nbchat._server.completion import split_tokens
from nbchat._server.examples import example
from nbchat._server.reply import Reply
from nbchat._server.request import Request, text_of
from nbchat._server.server import LoopbackServer

__all__ = ["DemoServer", "main"]

PACE = 60.0
"""Tokens a second of "demo": quick, and still to be seen streaming."""
SLOW_PACE = 10.0
"""Tokens a second of "demo-slow": time to press Stop, to reload, to open a second view."""
_FIRST = 0.2
"""Seconds before the first byte at the usual paces, as if somebody thought."""
_LONGEST = 200_000

_LONG = re.compile(r"\blong(?:\s+(\d{1,9}))?\b", re.IGNORECASE)
_ERROR = re.compile(r"\berror\s+([45]\d\d|cut|stream|html)\b", re.IGNORECASE)
_STATUS: dict[int, tuple[str, str, str]] = {
    401: ("The key was refused.", "invalid_request_error", "invalid_api_key"),
    402: ("There is no credit left.", "insufficient_quota", "insufficient_quota"),
    404: ("There is no such model.", "invalid_request_error", "model_not_found"),
    429: ("Too many requests.", "requests", "rate_limit_exceeded"),
    503: ("The model is overloaded.", "server_error", "overloaded"),
}


class DemoServer(LoopbackServer):
    """The demo model's server on 127.0.0.1, at a random port and with a random key; `start()` and `stop()`, or `with`.

    `pace` is in tokens a second, 0 as fast as possible; the model "demo-slow" streams ten tokens a second whatever it is.
    """

    def __init__(self, *, pace: float = PACE) -> None:
        super().__init__(self._say, api_key=f"demo-{secrets.token_urlsafe(24)}", models=("demo", "demo-slow"))
        self._pace = pace

    def _say(self, request: Request) -> Reply:
        if request.model not in self.models:
            words = f"The model `{request.model[:100]}` does not exist: this is the demo, which has {' and '.join(self.models)}."
            return Reply.error(404, words, type="invalid_request_error", code="model_not_found", param="model")
        wrong = _ERROR.search(request.question)
        if wrong and wrong[1].isdigit():
            return _failure(int(wrong[1]))
        if wrong and wrong[1].lower() == "html":
            return Reply.html("<!doctype html><title>Welcome</title><h1>Welcome to the hotel's network</h1>You asked for it.")
        pace = SLOW_PACE if request.model == "demo-slow" else self._pace
        return self._answer_at(pace, request, wrong[1].lower() if wrong else "").after(_FIRST if pace else 0.0)

    def _answer_at(self, pace: float, request: Request, wrong: str) -> Reply:
        asked = set(re.findall(r"\w+", request.question.lower()))
        begun = _begun(request)
        calls = _calls(request) if asked & {"tool", "tools"} and not begun else []
        tokens = _broken_answer(wrong) if wrong else _tokens(request, calls[0][0] if request.tools and calls else "")
        tokens = _rest(tokens, begun)
        most = request.json.get("max_tokens")
        cut = isinstance(most, int) and 0 < most < len(tokens)
        tokens = tokens[:most] if cut else tokens
        thoughts = THOUGHTS if "reasoning" in asked and not begun else ""
        reply = Reply.text(
            finish_reason="length" if cut else None,
            tokens=tokens,
            reasoning=thoughts,
            tool_calls=calls,
            usage=_usage(request, len(tokens), len(split_tokens(thoughts))),
            delay=1 / pace if pace else 0.0,
            error={"message": "You asked for an error in mid-stream.", "type": "server_error"} if wrong == "stream" else None,
        )
        return reply.cut(len(reply.body(request.body)) - 400) if wrong == "cut" else reply

    def _elsewhere(self, request: Request) -> Reply:
        if request.method == "GET" and request.path in ("/", "/v1", "/v1/"):
            words = f"This is nbchat's demo model. Give {self.base_url} and its key to any OpenAI-compatible client.\n"
            return Reply.raw([words.encode()], framing="length", content_type="text/plain; charset=utf-8")
        return super()._elsewhere(request)


def _begun(request: Request) -> str:
    """The answer so far, where the last message is the assistant's and is to be gone on with."""
    last = request.messages[-1] if request.messages else {}
    return text_of(last) if last.get("role") == "assistant" else ""


def _rest(tokens: Sequence[str], begun: str) -> tuple[str, ...]:
    """What of an answer follows its beginning; all of it where it does not begin like that."""
    if not begun or not "".join(tokens).startswith(begun):
        return tuple(tokens)
    left, rest = len(begun), []
    for token in tokens:
        if len(token) > left:
            rest.append(token[left:])
        left = max(left - len(token), 0)
    return tuple(rest)


def _calls(request: Request) -> list[tuple[str, Any]]:
    """The tool call to ask for: none once there are results, a picture of one where there are no tools."""
    if request.results:
        return []
    named = {str(tool.get("name")): tool.get("parameters") for tool in request.tools}
    if not named:
        return [("get_weather", {"city": "Oslo", "unit": "celsius"})]
    name = next((name for name in named if re.search(rf"\b{re.escape(name)}\b", request.question)), next(iter(named)))
    arguments = example(named[name])
    return [(name, arguments if isinstance(arguments, dict) else {})]


def _tokens(request: Request, tool: str) -> tuple[str, ...]:
    """The answer's text: what is said before a call of `tool`, or what that gave; the parts that were asked for, then the long
    one; or else the welcome."""
    if tool:
        return split_tokens(calling(tool))
    given = request.results
    parts = results(given.values(), request.question) if given else sections(request.question)
    tokens = split_tokens("\n\n".join(parts))
    if long := _LONG.search(request.question):
        gap = split_tokens("\n\n") if parts else ()
        return tokens + gap + long_answer(min(int(long[1] or LONG), _LONGEST))
    if parts:
        return tokens
    roles = [message.get("role") for message in request.messages]
    talk = len(roles) - roles.count("system")
    return split_tokens(welcome(request.question, messages=talk, system="system" in roles))


def _broken_answer(wrong: str) -> tuple[str, ...]:
    how = "the connection is cut" if wrong == "cut" else "the provider reports an error"
    return split_tokens(f"This answer begins like any other. Then, as you wished, {how} in the middle of a sen")


def _failure(status: int) -> Reply:
    words, kind, code = _STATUS.get(status, ("Something went wrong.", "server_error" if status >= 500 else "error", ""))
    headers = {"retry-after": "1"} if status in (429, 503) else None
    return Reply.error(status, f"{words} (You asked the demo for error {status}.)", type=kind, code=code or None, headers=headers)


def _usage(request: Request, text: int, reasoning: int) -> dict[str, Any]:
    """Counts as a provider reports them, in pieces of up to six letters; the demo is free, and says so."""
    prompt = sum(len(split_tokens(text_of(message))) for message in request.messages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": text + reasoning,
        "total_tokens": prompt + text + reasoning,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        "cost": 0,
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the demo server until it is interrupted; prints its base URL and key."""
    parser = argparse.ArgumentParser(
        prog="python -m nbchat.demo", description="A model server without a model, for trying things."
    )
    parser.add_argument("--pace", type=float, default=PACE, help="tokens a second, 0 as fast as possible (default: %(default)g)")
    pace = parser.parse_args(arguments).pace
    if not 0 <= pace < float("inf"):
        parser.error("the pace is a number of tokens a second, at least 0")
    try:
        with DemoServer(pace=pace) as demo:
            sys.stdout.write(
                "nbchat's demo model (no language model) runs on this machine until Ctrl-C.\n"
                f"base URL: {demo.base_url}\n"
                f"API key:  {demo.api_key}\n"
                f"models:   {', '.join(demo.models)}\n"
            )
            sys.stdout.flush()
            while not threading.Event().wait(0.5):  # in slices: a Ctrl-C in the moment before a wait does not end it
                pass
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
