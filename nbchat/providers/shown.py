"""What of a provider's set-up may be shown: where its key comes from, and its address, whatever a database holds. Pure."""

from __future__ import annotations

from nbchat.core.models import KeyPlace
from nbchat.providers.errors import excerpt

__all__ = ["place_of_key", "shown_url"]


def place_of_key(place: KeyPlace, id: str) -> str:
    """Say where a provider's key comes from, without any part of it."""
    return {
        "env": f"from {place.name}",
        "process": "given to this process",
        "function": "from a function of this process",
        "keyring": f"from the OS keyring (“{place.name or id}”)",
        "prompt": "typed when it is first needed",
    }.get(place.kind, "none")


def shown_url(url: str) -> str:
    """Return what of a base URL may be shown: a database may hold one with a password in it."""
    before, at, after = url.rpartition("@")
    after = after.split("?", 1)[0].split("#", 1)[0]
    return excerpt(f"{'…' if before else ''}{at}{after}", (), 120)
