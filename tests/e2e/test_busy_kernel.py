"""While a cell blocks the kernel, answers stream on and can be stopped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nbchat.testing import Gate, Reply, ScriptedServer, lorem
from tests.e2e.chats import view_of
from tests.e2e.held import HeldCell
from tests.e2e.opening import KEY, OpenChat


@pytest.mark.alone
def test_tokens_arrive_and_stop_works_while_a_cell_sleeps(open_chat: OpenChat, tmp_path: Path) -> None:
    """Each token is shown as it leaves the server; Stop closes the request within 0.3 s, long before the cell ends."""
    held = HeldCell(tmp_path)
    gate, tokens = Gate(), [token.replace("\n\n", " ") for token in lorem(60)]
    with ScriptedServer(Reply.text(tokens=tokens, gate=gate), api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('busy')\ns.widget", "%chat -s busy go", held.code])
        notebook.run(1)
        notebook.run(2)
        thread = view_of(notebook.cell(1))
        gate.release(2)
        expect(thread.answers).to_have_text(["".join(tokens[:2])])
        notebook.start(3)
        expect(notebook.cell(3).locator(".jp-InputPrompt")).to_have_text("[*]:")
        for out in range(4, 20, 2):
            gate.release(2)
            expect(thread.answers).to_have_text(["".join(tokens[:out])], timeout=1000)
        pressed = time.monotonic()
        thread.stop.click()
        stopped = server.wait_closed()[0].time
        assert stopped - pressed <= 0.3
        expect(thread.stop).to_have_count(0, timeout=1000)
        assert time.monotonic() - pressed < 2
        expect(notebook.cell(3).locator(".jp-InputPrompt")).to_have_text("[*]:")
        expect(thread.answers).to_have_text(["".join(tokens[:18])])
        held.release()
        notebook.settle()
        assert notebook.value("s.messages[-1].status") == "stopped"
        assert notebook.value("s.messages[-1].text") == "".join(tokens[:18])
