"""Offers: what could be used here, found without sending anything: keys in the environment, servers that listen locally.

Owns the looking. An offer is never used unasked: a loopback port may be another user's, and a key costs money.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbchat.core.errors import ConfigError
from nbchat.core.models import Provider
from nbchat.providers.making import make_provider
from nbchat.providers.presets import PRESETS, Preset
from nbchat.providers.urls import origin

__all__ = ["Offer", "find_offers", "listening_ports"]

_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp (Linux, include/net/tcp_states.h)


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider that could be used: `text` names it, `detail` says why it is offered (never a key)."""

    id: str
    text: str
    detail: str
    provider: Provider


def find_offers(env: Mapping[str, str] | None = None, *, ports: Callable[[Iterable[int]], set[int]] | None = None) -> list[Offer]:
    """Return the offers, keys first, in the order of the presets. Reads the environment and the table of local sockets.

    `ports` says which of the given ports have a listener on this machine (default: `listening_ports`). May take some
    milliseconds of I/O: call it off the main thread.
    """
    given = os.environ if env is None else env
    offers = [offer for preset in PRESETS.values() if preset.env and (offer := _hosted_offer(preset, given))]
    local = [preset for preset in PRESETS.values() if preset.local]
    listening = (ports or listening_ports)(_port(preset) for preset in local)
    return offers + [_server_offer(preset) for preset in local if _port(preset) in listening]


def _hosted_offer(preset: Preset, env: Mapping[str, str]) -> Offer | None:
    """A provider whose key is set; or whose address is (Colab gives the key when it is asked for it)."""
    url, key = preset.url(env), env.get(preset.env, "").strip()
    if not url or not (key or preset.base_url.startswith("$")):
        return None
    try:
        provider, _ = make_provider(preset.id, env=env)
    except ConfigError:  # the variable holds no address
        return None
    detail = f"its key is in {preset.env}" if key else f"it is here; its key is not in {preset.env} yet"
    return Offer(preset.id, f"Use {preset.name}", detail, provider)


def _server_offer(preset: Preset) -> Offer:
    provider, _ = make_provider(preset.id)
    detail = f"something listens on port {_port(preset)} of this machine, where {preset.name} usually does"
    return Offer(preset.id, f"Use {preset.name} on this machine", detail, provider)


def _port(preset: Preset) -> int:
    return origin(preset.base_url)[2]


def listening_ports(ports: Iterable[int]) -> set[int]:
    """Return which of `ports` accept connections on loopback.

    On Linux the kernel's table is read, which nobody notices; elsewhere a connection is opened and closed without a byte.
    """
    wanted = set(ports)
    if sys.platform.startswith("linux"):
        tables = [_read(Path("/proc/net/tcp")), _read(Path("/proc/net/tcp6"))]
        if any(table is not None for table in tables):
            return {port for table in tables if table is not None for port in _listeners(table)} & wanted
    return {port for port in wanted if _accepts(port)}


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii")
    except OSError:
        return None


def _listeners(table: str) -> set[int]:
    """Return the ports of the sockets that listen on loopback or on every address, from the text of /proc/net/tcp{,6}."""
    found = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTEN:
            address, _, port = fields[1].partition(":")
            if _reaches_loopback(address):
                found.add(int(port, 16))
    return found


def _reaches_loopback(address: str) -> bool:
    """`address` is hexadecimal, in 32-bit words of the machine's byte order."""
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    raw = b"".join(struct.pack("=I", word) for word in words)
    if len(raw) == 16 and raw.startswith(b"\0" * 10 + b"\xff\xff"):
        raw = raw[12:]
    if not any(raw):
        return True
    return raw[0] == 127 if len(raw) == 4 else raw == b"\0" * 15 + b"\1"


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False
