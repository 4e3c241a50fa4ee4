"""How a log is kept in few rows: joined in levels, nothing of it lost, and no append dearer than the one before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbchat.core.events import Event, TextDelta
from nbchat.streams.folding import Folded
from nbchat.streams.sqlite import entries
from nbchat.streams.sqlite.file import StreamsFile
from tests.contracts.streams_base import START
from tests.streams.test_codec import EVENTS
from tests.support.clock import ManualClock


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StreamsFile]:
    opened = StreamsFile(tmp_path / "streams.db", ManualClock())
    yield opened
    opened.close()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that a few batches exceed them."""
    for name, value in (("MAX_ENTRIES", 4), ("_SLACK", 2), ("_FAN", 3)):
        monkeypatch.setattr(entries, name, value)


def append(file: StreamsFile, stream_id: str, events: list[Event]) -> None:
    with file.transaction():
        entries.append(file, "me", stream_id, 1, events, None, None)


def rows(file: StreamsFile) -> int:
    return int(file.row("SELECT COUNT(*) FROM entries")[0])


@pytest.mark.usefixtures("few")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(EVENTS.filter(bool), min_size=10, max_size=60))
def test_joined_rows_fold_to_the_same(file: StreamsFile, batches: list[list[Event]]) -> None:
    """Whatever came, in whatever batches, and however often its rows were joined; the tail is as it was written."""
    with file.transaction():
        entries.drop(file, "me", "t1")
    expected = Folded()
    everything: list[list[Event]] = [[START], *batches]
    for seq, batch in enumerate(everything, 1):
        append(file, "t1", batch)
        for event in batch:
            expected.apply(event)
        state = entries.resume_state(file, "me", "t1")
        assert state == expected.state("t1", 1, seq)
    found = entries.read(file, "me", "t1", 1, len(batches) - 3)
    assert [list(entry.events) for entry in found or ()] == batches[-4:]


@pytest.mark.usefixtures("few")
def test_rows_are_few(file: StreamsFile) -> None:
    """A thousand batches lie in some rows a level, and each is written again once a level, not with each append."""
    written = list[str]()
    file.sql.set_trace_callback(lambda sql: written.append(sql) if sql.startswith("INSERT INTO entries") else None)
    for number in range(1000):
        append(file, "t1", [TextDelta(f"{number:04}")])
    assert rows(file) <= 4 + 2 + 2 * 6
    once, again = 1000 * 4, sum(len(sql) for sql in written)
    assert len(written) < 1000 * 1.8
    assert again < 12 * (once + 40 * 1000)
