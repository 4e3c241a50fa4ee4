"""From what redis-py raises to what people are told: StreamsError for a server in trouble, ConfigError for a wrong set-up."""

from __future__ import annotations

import re
import socket
import ssl

from nbchat.core.errors import ChatError, ConfigError
from nbchat.core.secrets import redact
from nbchat.sessions.ports import StreamsError
from nbchat.streams.redis.address import Address

__all__ = ["CLOSED", "told"]

_LONGEST = 200
CLOSED = "the connection to Redis was closed here."
_TROUBLES = {
    "READONLY": "takes no changes: it is a copy of another server, or is being made one.",
    "OOM": "is full: it has reached its maxmemory.",
    "LOADING": "is still reading its data.",
    "MASTERDOWN": "has lost the server that it is a copy of.",
    "MISCONF": "takes no changes: it cannot write to its disk.",
    "NOREPLICAS": "takes no changes: too few copies of it are there.",
    "BUSY": "is held up by somebody's script.",
    "UNBLOCKED": "is being made a copy of another server.",
    "max number of clients": "has no connection left.",
}
"""The server's word for it, and what follows "Redis at ..."; each may pass."""
_SETUPS = {
    r"\b(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b|non local key": (
        "is part of a Redis Cluster, which nbchat does not support.",
        "Let NBCHAT_STREAMS name a single server.",
    ),
    r"unknown command|Unknown Redis command": (
        "is too old: it has no streams.",
        "nbchat needs Redis 6.2 or newer.",
    ),
    r"\bWRONGTYPE\b": (
        "holds something else under the keys that nbchat uses.",
        "Give nbchat a prefix of its own: ?prefix=NAME at the end of NBCHAT_STREAMS.",
    ),
    r"DB index": (
        "has no database of that number.",
        "Correct the number behind the host in NBCHAT_STREAMS, or leave it out.",
    ),
}
_CODES = {
    "ReadOnlyError": "READONLY", "OutOfMemoryError": "OOM", "BusyLoadingError": "LOADING", "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED", "AskError": "ASK", "ClusterCrossSlotError": "CROSSSLOT", "ClusterDownError": "CLUSTERDOWN",
}  # fmt: skip
"""The codes that redis-py takes away from the server's words, by the name of what it raises."""


def told(error: BaseException, address: Address, keys: str) -> ChatError:
    """Return what to raise instead. `keys` is what all keys of this owner begin with."""
    from redis import exceptions

    who, text = f"Redis at {address}", _words(error, address)
    if isinstance(error, exceptions.AuthenticationError):
        return _login(who, address)
    if isinstance(error, exceptions.NoPermissionError) or "user executing the script can't" in text:
        return ConfigError(
            f"{who} does not allow this user what nbchat does there.",
            hint=f"Let its ACL allow the keys ~{keys}* and the commands that nbchat's README lists.",
        )
    if isinstance(error, exceptions.InvalidResponse):
        return ConfigError(
            f"what answers at {address} is no Redis server, or wants TLS.", hint="For TLS write rediss:// instead."
        )
    for pattern, (what, hint) in _SETUPS.items():
        if re.search(pattern, text):
            return ConfigError(f"{who} {what}", hint=hint)
    for sign, what in _TROUBLES.items():
        if re.search(rf"\b{sign}\b", text) or getattr(error, "status_code", None) == sign:
            return StreamsError(f"{who} {what}")
    if isinstance(error, exceptions.ResponseError):
        return StreamsError(f"{who} refused: {text}")
    return _away(error, who, text, tls=address.tls)


def _words(error: BaseException, address: Address) -> str:
    """Return what the server said, with its code in front where redis-py took it away."""
    text = f"{_CODES.get(type(error).__name__, '')} {error}".strip()
    return redact(text, [] if address.password is None else [address.password])[:_LONGEST]


def _login(who: str, address: Address) -> ConfigError:
    if address.password is None:
        return ConfigError(f"{who} asks for a login.", hint="Add it to NBCHAT_STREAMS: redis://user:password@host:6379.")
    return ConfigError(
        f"{who} refuses the login in NBCHAT_STREAMS.",
        hint="Correct user and password; characters such as @ : / are written there as %40 %3A %2F.",
    )


def _away(error: BaseException, who: str, text: str, *, tls: bool) -> ChatError:
    """The server was not reached, or went silent."""
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ConfigError(
            f"{who} has a certificate that is not trusted: {cause.verify_message}.",
            hint="Name the authority's file at the end of NBCHAT_STREAMS: ?ssl_ca_certs=/path/to/ca.pem",
        )
    if isinstance(cause, ssl.SSLError):
        return ConfigError(
            f"{who} does not speak TLS as it was asked to.", hint="Without TLS write redis:// instead of rediss://."
        )
    if isinstance(cause, FileNotFoundError):
        return ConfigError("a certificate file that NBCHAT_STREAMS names is not there.")
    if type(error).__name__ == "TimeoutError":
        hint = "If it never does: is this the port for TLS?" if tls else ""
        return StreamsError(f"{who} does not answer.", hint=hint)
    if isinstance(cause, ConnectionRefusedError):
        return StreamsError(f"{who} refuses connections: is it running?")
    if isinstance(cause, socket.gaierror):
        return StreamsError(f"{who} is not found: no machine of that name is known here.")
    if "closed" in text.lower() or isinstance(cause, ConnectionError):
        hint = "" if tls else "If it always does: does this port want TLS (rediss://)?"
        return StreamsError(f"{who} closed the connection.", hint=hint)
    return StreamsError(f"{who} cannot be reached: {text}")
