"""doctor in a real kernel: a table in the notebook, facts of kernel and page, and the kernel's interrupt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.testing import Reply, Request, ScriptedServer
from tests.notebook.kernels import Kernel, kernel
from tests.support.probing import TOKENS


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that counts, and is silent when it is asked anything as "mute"."""

    def answer(request: Request) -> Reply:
        return Reply.nothing("stall") if request.model == "mute" else Reply.text(tokens=TOKENS)

    with ScriptedServer(answer) as running:
        yield running


def of(inside: Kernel, line: str) -> tuple[str, str]:
    """What a line shows, as HTML and as text."""
    cell = inside.run(line)
    assert cell.error is None
    (shown,) = [each["content"]["data"] for each in cell.outputs if each["msg_type"] == "execute_result"]
    return shown["text/html"], shown["text/plain"]


def test_in_a_kernel(server: ScriptedServer, tmp_path: Path) -> None:
    """HTML and text say the same; a page that answers is told; an interrupt ends what was asked."""
    with kernel(server, tmp_path) as inside:
        table, text = of(inside, "%nbchat doctor")
        assert table.startswith("<div><strong>")
        assert "tokens arrive and Stop works while a cell runs" in text
        assert "a Jupyter server; no view is open in this kernel yet" in text
        assert "✓ streaming" in text

        inside.run("%chat hi")
        assert "1 view open, 1 answered by a page" in of(inside, "%nbchat doctor --offline")[1]

        asked, closed = len(server.chats) + 1, len(server.closed) + 1
        request = inside.send_cell("%nbchat doctor lab/mute")
        server.wait_for(asked)
        began = time.monotonic()
        inside.manager.interrupt_kernel()
        cell = inside.wait_cell(request)
        assert (cell.error or {}).get("ename") == "Interrupted"
        server.wait_closed(closed)
        assert time.monotonic() - began < 10  # an answer is waited for a little longer
        assert "✓ answer" in of(inside, "%nbchat doctor")[1]
