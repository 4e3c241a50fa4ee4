"""However many views there are, and whatever happens to them, they show what the kernel has."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from nbchat.testing import Gate, Reply, ScriptedServer, lorem
from tests.e2e.chats import view_of, views, wait_for_answers, watch, watched
from tests.e2e.notebook import Notebook
from tests.e2e.opening import KEY, OpenChat

WINDOWS = ["s = nbchat.session('same')\ns.widget", "s.widget", "nbchat.ChatWidget(s)"]
"""One widget displayed twice, and a second widget on the same session."""


def wait_for_text(notebook: Notebook, count: int, text: str) -> None:
    """Wait until `count` views show exactly this text as their last answer."""
    wait_for_answers(notebook.page, [text] * count)


def paragraph(words: int) -> list[str]:
    """Return tokens of one paragraph, so that what is shown is the text itself."""
    return [token.replace("\n\n", " ") for token in lorem(words)]


def test_views_of_one_session_show_the_same_text_at_every_moment(open_chat: OpenChat) -> None:
    """After each few tokens all three views, and the kernel, hold the same partial answer."""
    gate, tokens = Gate(), paragraph(40)
    with ScriptedServer(Reply.text(tokens=tokens, gate=gate), api_key=KEY) as server:
        notebook = open_chat(server, [*WINDOWS, "turn = s.send('go')"])
        for index in (1, 2, 3, 4):
            notebook.run(index)
        for out in range(5, 41, 5):
            gate.release(5)
            wait_for_text(notebook, 3, "".join(tokens[:out]))
            assert notebook.value("s.streaming_text") == "".join(tokens[:out])
        gate.open()
        expect(views(notebook.page)[0].stop).to_have_count(0)
        wait_for_text(notebook, 3, "".join(tokens))


@pytest.mark.alone
def test_two_displays_of_one_widget_never_differ_in_a_frame(open_chat: OpenChat) -> None:
    """While tokens pour in, every painted frame shows one text in both."""
    tokens = paragraph(600)
    with ScriptedServer(Reply.text(tokens=tokens, delay=0.005), api_key=KEY) as server:
        notebook = open_chat(server, [*WINDOWS[:2], "turn = s.send('go')"])
        notebook.run(1)
        notebook.run(2)
        watch(notebook.page)
        notebook.run(3)
        wait_for_text(notebook, 2, "".join(tokens))
        frames = watched(notebook.page)
        assert len({texts[0] for texts in frames}) > 10, "the answer did not stream"
        assert [texts for texts in frames if len(set(texts)) > 1] == []


def test_reload_and_second_tab_in_mid_stream_end_with_the_kernels_text(open_chat: OpenChat) -> None:
    """Both come in the middle, show what there is, follow the rest, and end with the kernel's own text."""
    gate, tokens = Gate(), paragraph(60)
    with ScriptedServer(Reply.text(tokens=tokens, gate=gate), api_key=KEY) as server:
        notebook = open_chat(server, [WINDOWS[0], "%chat -s same go"])
        notebook.run(1)
        notebook.run(2)
        gate.release(20)
        wait_for_text(notebook, 2, "".join(tokens[:20]))
        notebook.reload()
        wait_for_text(notebook, 2, "".join(tokens[:20]))
        gate.release(10)
        wait_for_text(notebook, 2, "".join(tokens[:30]))
        tab = notebook.second_tab()
        wait_for_text(tab, 2, "".join(tokens[:30]))
        gate.release(10)
        wait_for_text(tab, 2, "".join(tokens[:40]))
        wait_for_text(notebook, 2, "".join(tokens[:40]))
        gate.open()
        text = notebook.value("s.messages[-1].text if s._core.turn.future.result(10) else ''")
        assert text == "".join(tokens)
        wait_for_text(tab, 2, text)
        wait_for_text(notebook, 2, text)


@pytest.mark.alone
def test_views_end_equal_though_30_percent_of_messages_are_lost(open_chat: OpenChat) -> None:
    """The server of a notebook drops messages without a word; every view notices and asks again.

    What is lost is drawn anew in each of five answers, and so may be the answers to those who ask: all must end equal, and
    the usual one (the median) within two seconds of its end.
    """
    waits: list[float] = []
    answers = [paragraph(300 + n) for n in range(5)]
    with ScriptedServer([Reply.text(tokens=tokens, delay=0.005) for tokens in answers], api_key=KEY) as server:
        notebook = open_chat(server, WINDOWS)
        for index in (1, 2, 3):
            notebook.run(index)
            expect(view_of(notebook.cell(index)).composer).to_be_visible()
        notebook.wire.lose(0.3, seed=1)
        notebook.wire.reset()
        for tokens in answers:
            assert notebook.value("s.ask('go').text") == "".join(tokens)
            ended = time.monotonic()
            wait_for_text(notebook, 3, "".join(tokens))
            waits.append(time.monotonic() - ended)
        assert notebook.wire.counts()["dropped"] >= 50
    print("seconds from each end to equal views:", [round(wait, 2) for wait in waits])
    assert sorted(waits)[2] <= 2
