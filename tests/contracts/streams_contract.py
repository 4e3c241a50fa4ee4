"""What every JobStore and EventTransport must do; a backend's file says only how to make them."""

from __future__ import annotations

from tests.contracts.streams_entries import EntriesContract
from tests.contracts.streams_jobs import JobStoreContract
from tests.contracts.streams_readers import ReadersContract

__all__ = ["EventTransportContract", "JobStoreContract"]


class EventTransportContract(EntriesContract, ReadersContract):
    """Inherit and define `make`; `max_entries` bounds the tail that the backend keeps."""
