"""B5: the bytes of an answer are little more than the answer."""

from __future__ import annotations

from nbchat.testing import ScriptedServer
from tests.bench.answers import paced, words
from tests.bench.kernels import Kernel
from tests.bench.rows import Row


def run() -> list[Row]:
    """Stream 4,000 tokens as fast as the server can."""
    with ScriptedServer([paced(4000)]) as server, Kernel() as kernel:
        kernel.connect(server)
        published = kernel.ask()
    answer = "".join(words(4000))
    assert "".join(message.text for message in published) == answer
    size = sum(message.size for message in published)
    count = len(published)
    return [
        Row(
            "B5",
            "IOPub bytes / answer bytes, 4k burst",
            f"{size / 1000:.1f} kB in {count}",
            f"{len(answer) / 1000:.1f} kB",
            size / len(answer),
            1.3,
        )
    ]
