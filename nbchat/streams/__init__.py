"""Jobs and their event logs: how a running answer is read, live, late or again. Knows neither SQL nor HTTP."""

from nbchat.streams.backends import open_streams

__all__ = ["open_streams"]
