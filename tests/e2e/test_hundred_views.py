"""A hundred views of one long answer, through a real Jupyter server with its default limits on messages and bytes."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from nbchat.testing import Reply, ScriptedServer, lorem
from tests.e2e.lab import Lab
from tests.e2e.opening import KEY, setup_cell
from tests.e2e.socket_client import SocketClient
from tests.notebook.kernels import Kernel

VIEWS, TOKENS, SECONDS = 100, 10_000, 10.0
MOST_A_SECOND, WINDOW = 120, 3.0
"""Messages a second, over the seconds over which the server averages."""


@pytest.fixture
def kernel(lab: Lab) -> Iterator[Kernel]:
    started = cast(dict[str, Any], lab.api("kernels", "POST"))
    client = SocketClient(lab, started["id"])
    yield Kernel(cast(Any, None), cast(Any, client))
    client.close()
    lab.api(f"kernels/{started['id']}", "DELETE")


@pytest.mark.alone
def test_a_hundred_views_of_ten_thousand_tokens(kernel: Kernel, lab: Lab, tmp_path: Path) -> None:
    """Every view ends with the same text, the server drops nothing, and the kernel sends no more than its budget."""
    tokens = lorem(TOKENS)
    text = "".join(tokens)
    client = cast(SocketClient, kernel.client)
    with ScriptedServer(Reply.text(tokens=tokens, delay=SECONDS / TOKENS), api_key=KEY) as server:
        made = kernel.run(setup_cell(server, tmp_path / "nbchat") + "\ns = nbchat.session('many')", seconds=60)
        assert made.error is None, made.error
        opened = kernel.run(f"views = [nbchat.ChatWidget(s) for _ in range({VIEWS})]; print(len(views))", seconds=60)
        assert opened.text == f"{VIEWS}\n", opened.error
        kernel.wait(lambda: len(kernel.pages) == VIEWS)
        kernel.drain(1.0)  # what the pages said at their beginning is answered
        before = {page.position[0] for page in kernel.pages.values()}
        began, heard = time.monotonic(), len(client.sent)
        kernel.run("turn = s.send('a long answer, please')")
        pages = kernel.pages.values()
        end = began + 60
        while not all(page.position[0] not in before and page.position[2] for page in pages):
            assert time.monotonic() < end, sorted(page.position for page in pages)
            kernel.drain(0.05)
            for page in pages:
                page.tick(time.monotonic())
    assert [kernel.text(comm) for comm in kernel.pages] == [text] * VIEWS
    log = lab.log.read_text(errors="replace")
    assert "rate exceeded" not in log
    assert "rate limit" not in log.lower()
    sent = client.sent[heard:]
    busiest = max(bisect_left(sent, at + WINDOW) - n for n, at in enumerate(sent)) / WINDOW
    assert busiest <= MOST_A_SECOND, f"{len(sent)} messages in {sent[-1] - sent[0]:.1f} s"
