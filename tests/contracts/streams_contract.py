"""What every JobStore and EventTransport must do; a backend's file says only how a kernel opens it."""

from __future__ import annotations

from tests.contracts.streams_attaching import AttachingContract
from tests.contracts.streams_ends import EndsContract
from tests.contracts.streams_entries import EntriesContract
from tests.contracts.streams_jobs import JobsContract
from tests.contracts.streams_lease import LeaseContract
from tests.contracts.streams_positions import PositionsContract
from tests.contracts.streams_readers import ReadersContract
from tests.contracts.streams_watching import WatchingContract

__all__ = ["SharedContract", "StreamsContract"]


class StreamsContract(
    JobsContract, EndsContract, WatchingContract, EntriesContract, PositionsContract, ReadersContract, AttachingContract
):
    """Inherit and define `open`; `max_entries` bounds the tail that the backend keeps."""


class SharedContract(StreamsContract, LeaseContract):
    """The same for a backend whose kernels are processes of their own, and may die."""
