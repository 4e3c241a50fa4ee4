"""Base URLs: which are accepted, and what "the same origin" and "this machine" mean.

Pure; a base URL comes from a person's settings, never from a notebook or a model.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import parse_qsl, urlsplit

from nbchat.core.errors import ConfigError

__all__ = ["check_base_url", "is_loopback", "join_url", "origin"]

_PORTS = {"http": 80, "https": 443}
_KEY_NAMES = frozenset({"key", "api_key", "apikey", "api-key", "token", "access_token", "secret"})


def is_loopback(host: str) -> bool:
    """Say whether `host` can only be this machine: localhost, *.localhost, 127.0.0.0/8, ::1."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Return (scheme, host, port) of `url`: what a key is bound to."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def check_base_url(url: str, *, insecure: bool = False) -> str:
    """Return the base URL without trailing slash; raises ConfigError, with what to do, for one that must not be used.

    http:// is refused beyond this machine unless `insecure`: the key and the conversation would travel in the clear. User
    names, passwords and keys in the URL are refused, since URLs are shown, logged and saved.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme not in _PORTS or not host or port == 0 or any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise ConfigError(
            f"{_shown(text)!r} is no base URL.", hint='Give one like "https://api.example.com/v1" or "http://127.0.0.1:8080/v1".'
        )
    queried = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.username is not None or parts.password is not None or queried & _KEY_NAMES:
        raise ConfigError(
            f"The base URL of {host} holds a user name, a password or a key.",
            hint="Take it out of the URL and give it as api_key_env=..., keyring=... or api_key=...",
        )
    if parts.fragment:
        raise ConfigError(f"The base URL of {host} has a fragment (#...).", hint="Take it out.")
    if parts.scheme == "http" and not insecure and not is_loopback(host):
        raise ConfigError(
            f"http://{host} would send your key and your conversation unencrypted.",
            hint="Use https://, or insecure=True if you trust every machine in between.",
        )
    path = parts.path.rstrip("/")
    for tail in ("/chat/completions", "/models"):  # people paste the whole address
        path = path.removesuffix(tail)
    return parts._replace(path=path).geturl()


def join_url(base_url: str, path: str) -> str:
    """Return the address of `path` ("/models") below a checked base URL; its query stays at the end."""
    parts = urlsplit(base_url)
    return parts._replace(path=parts.path.rstrip("/") + path).geturl()


def _shown(text: str) -> str:
    """What of a wrong URL may be repeated in an error: it might hold a key."""
    return text.split("?", 1)[0].rsplit("@", 1)[-1][:80]
