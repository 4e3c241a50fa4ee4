"""Two real processes on one NBCHAT_HOME, with the streams that they have by default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.testing import Gate, Reply, ScriptedServer
from tests.soak import producer_kills
from tests.support.kernel_process import KernelProcess

WORDS = [f"w{number} " for number in range(60)]
OPEN = "s = nbchat.session('notes')"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "shared-home"


def two(home: Path, server: ScriptedServer, **environment: str) -> Iterator[KernelProcess]:
    for _ in range(2):
        kernel = KernelProcess(home, server, **environment)
        kernel.run(OPEN)
        yield kernel


def test_an_answer_is_followed_and_stopped_from_the_other_process(home: Path) -> None:
    """Attached in the middle: the text so far, then each word as it comes, to the same end; the next one is stopped from there,
    and its request is closed when stop() returns."""
    gate, second = Gate(), Gate()
    replies = [Reply.text(tokens=WORDS, gate=gate), Reply.text(tokens=WORDS, gate=second)]
    with ScriptedServer(replies, models=("tiny",)) as server, KernelProcess(home, server) as a:
        a.run(OPEN + "; t = s.send('count')")
        gate.release(30)
        a.run("until(lambda: len(s.streaming_text.split()) == 30)")
        with KernelProcess(home, server) as b:
            b.run(OPEN)
            b.run("until(lambda: s.status == 'streaming' and s.state.producer != '')")
            b.run("until(lambda: len(s.streaming_text.split()) == 30)")
            b.post("out = ''.join(s.turn)")
            a.run("until(lambda: s.state.watchers == 1)")
            gate.open()
            assert b.result() == "".join(WORDS)
            assert a.run("out = t.result().text") == "".join(WORDS)
            assert b.run("out = [m.text for m in s.messages]") == ["count", "".join(WORDS)]
            assert a.run("out = s.cost") == b.run("out = s.cost")

            second.release(5)
            a.run("t = s.send('again')")
            b.run("until(lambda: len(s.streaming_text.split()) == 5)")
            stopped = b.run("s.stop(); out = (s.messages[-1].status, s.messages[-1].text)")
            assert stopped == ("stopped", "w0 w1 w2 w3 w4 ")
            server.wait_idle()
            a.run("until(lambda: t.done)")
            assert a.run("out = (s.messages[-1].status, s.status)") == ("stopped", "idle")


@pytest.mark.parametrize("streams", ["", "memory:"])
def test_both_ask_at_once(home: Path, streams: str) -> None:
    """Every question is answered, one request at a time, each with all that was said before it; both agree on the order. With
    memory streams too, where the database alone decides."""
    replies = [Reply.text(f"answer {number}", delay=0.002) for number in range(12)]
    with ScriptedServer(replies, models=("tiny",)) as server:
        a, b = two(home, server, NBCHAT_STREAMS=streams)
        with a, b:
            for name, kernel in (("a", a), ("b", b)):
                kernel.post(f"turns = [s.send('{name}%d' % n) for n in range(6)]; out = [t.result(60).status for t in turns]")
            assert a.result() == b.result() == ["complete"] * 6
            paths = [kernel.run("nbchat.manager.close('notes'); s = nbchat.session('notes'); out = [m.text for m in s.messages]")
                     for kernel in (a, b)]  # fmt: skip
    assert paths[0] == paths[1]
    asked = paths[0][::2]
    assert [text for text in asked if text[0] == "a"] == [f"a{number}" for number in range(6)]
    assert [text for text in asked if text[0] == "b"] == [f"b{number}" for number in range(6)]
    assert [len(chat.messages) for chat in server.chats] == list(range(1, 25, 2))


def test_kernels_that_are_killed(tmp_path: Path) -> None:
    """A seeded sample of the soak: each death is said within 10 s without anybody reopening, and the answer is gone on with."""
    result = producer_kills.run(samples=10, seed=20261127, directory=tmp_path)
    assert len(result.seconds) == 10
    assert max(result.tokens) > 0
