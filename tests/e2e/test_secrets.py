"""The key of a provider stays in the kernel: nothing that leaves it, or that it saves, has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

from nbchat.testing import Reply, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat

CANARY = "sk-CANARY"


def test_key_is_in_no_notebook_export_database_or_message(open_chat: OpenChat, tmp_path: Path) -> None:
    """After an answer, an error that echoes the key, and everything that displays itself."""
    replies = [Reply.text("All is well."), Reply.error(401, f"Incorrect API key provided: {KEY}")]
    with ScriptedServer(replies, api_key=KEY) as server:
        notebook = open_chat(
            server,
            [
                "%chat first",
                "%chat second",
                "s = nbchat.session(); s.widget",
                "display(nbchat.list_providers(), nbchat.settings, s, s.state)",
                "%nbchat doctor",
                "%xmode Verbose\ns.ask('')",
            ],
        )
        for index in range(1, 7):
            notebook.run(index)
        expect(view_of(notebook.cell(2)).error).to_be_visible()
        assert any(KEY in chat.headers.get("authorization", "") for chat in server.chats), "the key was never used"
        notebook.save()
    export = tmp_path / "export.html"
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--output", str(export), str(notebook.file)],
        check=True,
        env=notebook.lab.environment,
    )
    assert "All is well." in export.read_text(), "the export lost the answer"
    assert notebook.wire.frames, "no traffic was seen"
    traffic = b"".join(notebook.wire.frames)
    assert b"All is well." in traffic
    saved = {path.name: path.read_bytes() for path in (tmp_path / "nbchat").rglob("*") if path.is_file()}
    assert saved, "no database was written"
    places = {"notebook": notebook.file.read_bytes(), "export": export.read_bytes(), "traffic": traffic, **saved}
    places |= {"log": notebook.lab.log.read_bytes(), "page": notebook.page.content().encode()}
    assert [name for name, content in places.items() if CANARY.encode() in content] == []
