"""Fuzz: no crash, no hang, and chunking changes nothing; by hypothesis and, guided by coverage, by atheris: 60 s in all.

`python -m tests.soak.fuzz --seconds 3600` goes on for longer.
"""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.fuzz_corpus import STREAMS, seed_corpus
from tests.providers.fuzzing import TARGETS, outcome
from tests.providers.guided import guided

SECONDS = 10
"""For each of the targets."""
SEED = 20_260_101
PIECES = sorted({line for stream in STREAMS for line in stream.split(b"\n\n") if line})
JUNK = [
    b"data: ",
    b"data:",
    b"\n",
    b"\n\n",
    b"\r\n",
    b": ping\n\n",
    b"event: error\n",
    b"id: 1\n",
    b"\xff",
    b"{",
    b"}",
    b"\\ud83d",
]


@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 2**16), max_size=30))
@settings(max_examples=1000)
def test_a_golden_stream_cut_anywhere(stream: bytes, cuts: list[int]) -> None:
    """Its events are those of the whole, neighbouring deltas joined."""
    marks = sorted(cut % (len(stream) + 1) for cut in cuts)
    pieces = [stream[start:end] for start, end in itertools.pairwise([0, *marks, len(stream)])]
    assert outcome(pieces) == outcome([stream])


@given(st.lists(st.sampled_from(PIECES) | st.sampled_from(JUNK) | st.binary(max_size=8), max_size=12), st.integers(0, 255))
@settings(max_examples=1500)
def test_streams_put_together_of_all_that_servers_send(pieces: list[bytes], seed: int) -> None:
    """Whatever follows what: one reading, however it is cut, and nothing that cannot be shown."""
    TARGETS["stream"](bytes([seed]) + b"\n\n".join(pieces))
    TARGETS["stream"](bytes([seed]) + b"".join(pieces))


@pytest.mark.parametrize("target", TARGETS)
@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes(target: str, data: bytes) -> None:
    """Every target takes anything."""
    TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_what_atheris_begins_with(target: str, tmp_path: Path) -> None:
    """The seeds themselves break no promise, and there are some."""
    seed_corpus(target, tmp_path)
    seeds = [path.read_bytes() for path in tmp_path.iterdir()]
    assert seeds
    for seed in seeds:
        TARGETS[target](seed)


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has wheels for Linux on x86_64 alone")
@pytest.mark.parametrize("target", TARGETS)
def test_guided_by_coverage(target: str, tmp_path: Path) -> None:
    """From the golden vectors to inputs that take new ways through the code: no finding."""
    runs, found = guided(target, tmp_path, SECONDS, SEED)
    assert not found, found
    assert runs > 100


def test_a_finding_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a target asserts is looked at: a decoder that forgets the half of a line is found out."""
    monkeypatch.setattr("nbchat.providers.sse.SseDecoder._keep", lambda self, piece: None)
    with pytest.raises(AssertionError):
        TARGETS["stream"](b"\x00" + STREAMS[0])
