"""The one place that imports httpx; it is itself imported on a thread, by the first request.

Owns connections and the translation of transport failures. Must not know what bodies mean.
"""

from __future__ import annotations

from nbchat.providers.http.client import HttpClient
from nbchat.providers.http.exchange import Exchange

__all__ = ["Exchange", "HttpClient"]
