"""Keeps nbchat's own requests out of the logs of the HTTP libraries: their URLs and headers are nobody's log's matter.

Owns a mark on the running context; other users of the same libraries in this process keep their logs.
"""

from __future__ import annotations

import contextvars
import logging

__all__ = ["install", "ours"]

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")

ours: contextvars.ContextVar[bool] = contextvars.ContextVar("nbchat-request", default=False)
"""True within a task that runs one of nbchat's requests."""


class _NotOurs(logging.Filter):
    """Drops the records of nbchat's own requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not ours.get()


_FILTER = _NotOurs()


def install() -> None:
    """Put the filter in place; idempotent."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
