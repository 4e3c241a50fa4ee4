"""Traffic: the comm messages of an 8,000-token, 40 kB answer, beside a widget that re-sends its whole text."""

from __future__ import annotations

from nbchat.testing import ScriptedServer
from tests.bench.answers import paced, words
from tests.bench.kernels import Kernel, Published
from tests.bench.rows import Row

_TOKENS = 8000
_LIVE = 100
"""Tokens a second of the answer that is watched live."""
_QUICK = 2000
"""Tokens a second where two lengths are compared."""
_RESENDING = f"""
import ipywidgets
w = ipywidgets.HTML()
for n in range({_TOKENS}):
    w.value += f" {{n % 10000:04d}}"
"""


def size(published: list[Published]) -> int:
    return sum(message.size for message in published if message.kind.startswith("comm_"))


def stream(tokens: int, pace: float = 0.0, turns: int = 1) -> list[list[Published]]:
    """The comm messages of one or more answers in a fresh kernel with one widget."""
    with ScriptedServer(paced(tokens, pace)) as server, Kernel() as kernel:
        kernel.connect(server)
        answers = [kernel.ask() for _ in range(turns)]
    for answer in answers:
        assert "".join(message.text for message in answer) == "".join(words(tokens))
    return answers


def in_a_second(published: list[Published]) -> int:
    """The most messages within any one second."""
    times = [message.time for message in published if message.kind.startswith("comm_")]
    return max(sum(1 for other in times if 0 <= other - time < 1) for time in times)


def run() -> list[Row]:
    """A burst, its repetition, a live stream, one twice as long, and the whole text again for every token."""
    burst, again = stream(_TOKENS, turns=2)
    [live] = stream(_TOKENS, _LIVE)
    [quick], [twice] = stream(_TOKENS, _QUICK), stream(2 * _TOKENS, _QUICK)
    with Kernel() as kernel:
        kernel.run(_RESENDING)
        whole = size(kernel.since(0))
    rate = len([m for m in live if m.kind == "comm_msg"]) / (live[-1].time - live[0].time)
    base = f"{whole / 1e6:.0f} MB"
    return [
        Row("traffic", "8,000 tokens, 40 kB, burst: kB", f"{size(burst) / 1000:.0f} kB", base, size(burst) / 1000, 200),
        Row("traffic", "at 100 tokens/s: MB (stretch 1)", f"{size(live) / 1e6:.2f} MB", base, size(live) / 1e6, 2),
        Row("traffic", "at 100 tokens/s: messages a second", f"{rate:.1f} /s", "", rate, 30),
        Row("traffic", "at 100 tokens/s: most messages in one second", f"{in_a_second(live)}", "", in_a_second(live)),
        Row(
            "traffic",
            "twice the answer / the answer",
            f"{size(twice) / 1000:.0f} kB",
            f"{size(quick) / 1000:.0f} kB",
            size(twice) / size(quick),
            2.1,
        ),
        Row(
            "traffic",
            "second turn / first turn",
            f"{size(again) / 1000:.0f} kB",
            f"{size(burst) / 1000:.0f} kB",
            size(again) / size(burst),
            1.1,
        ),
    ]
