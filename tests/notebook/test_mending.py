"""%nbchat fix, explain and code in a real kernel: what is sent after an error, and what comes back into the notebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nbchat.testing import Reply, Request
from tests.notebook.kernels import Lab, lab_of

pytestmark = pytest.mark.timeout(120)

ANSWER = "Like this:\n\n```python\nhalf = 1 / 2\n```\n\nor so:\n\n````python\nfence = '```'\n````\n\nDone."


def answer(lab: Lab, request: Request) -> Reply:
    return Reply.text("No code." if request.question == "talk" else ANSWER)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_of(answer, tmp_path_factory.mktemp("home")) as made:
        yield made


def next_input(lab: Lab, code: str, *, stdin: bool = True) -> list[dict[str, Any]]:
    """What a cell asks the front end to do."""
    inside = lab.kernel
    request = inside.send_cell(code, stdin=stdin)
    assert inside.wait_cell(request).error is None
    while True:
        reply = inside.client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == request and reply["msg_type"] == "execute_reply":
            return list(reply["content"]["payload"])


def test_an_error_is_asked_about_and_its_correction_comes_as_a_cell(lab: Lab) -> None:
    """The cell and its traceback, nothing else; then the first or the last block of the answer, below, not run."""
    inside = lab.kernel
    inside.run("half = 1 / 0", cell="wrong")
    shown = inside.run("%nbchat fix in one line", cell="fix")
    assert shown.error is None
    inside.wait_end(shown.widget)
    asked = str(lab.server.chats[-1].question)
    assert asked.startswith("Fix this ZeroDivisionError. Answer with the whole corrected cell")
    assert "in one line\n\nThe cell:\n```python\nhalf = 1 / 0\n```\n\nIt ended with:\n```\nTraceback" in asked
    assert asked.endswith("ZeroDivisionError: division by zero\n```")
    assert "ipykernel" not in asked
    inserted = {"source": "set_next_input", "text": "half = 1 / 2", "replace": False}
    assert next_input(lab, "%nbchat code 1") == [inserted]
    assert next_input(lab, "%nbchat code") == [{**inserted, "text": "fence = '```'"}]
    assert inside.run("%nbchat code 1 --print").result == "half = 1 / 2"
    assert inside.run("%nbchat code 2", stdin=False).result == "fence = '```'"
    inside.wait_end(inside.run("%nbchat explain", cell="explain").widget)
    assert str(lab.server.chats[-1].question).startswith("Explain this ZeroDivisionError, and how to mend it.\n\nThe cell:")


def test_what_is_not_there_is_said(lab: Lab) -> None:
    """No such block, no block at all, no answer; nothing is sent."""
    inside = lab.kernel
    inside.run("%chat --wait code please")
    assert "2 code blocks, no '3'" in str(inside.run("%nbchat code 3").error)
    inside.run("%chat --wait talk")
    before = len(lab.server.chats)
    assert "no code block" in str(inside.run("%nbchat code").error)
    inside.run("import sys\nfor name in ('last_value', 'last_exc'): vars(sys).pop(name, None)")
    assert "Nothing has failed" in str(inside.run("%nbchat fix").error)
    assert len(lab.server.chats) == before
