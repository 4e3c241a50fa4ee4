"""Base URLs: which are accepted, and what "the same origin" and "this machine" mean.

Pure; a base URL comes from a person's settings, never from a notebook or a model.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

from nbchat.core.errors import ConfigError

__all__ = ["check_base_url", "check_proxy", "is_loopback", "join_url", "origin", "root_url"]

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._:-]+").fullmatch
_KEY_NAMES = frozenset({"key", "api_key", "apikey", "api-key", "token", "access_token", "secret"})


def is_loopback(host: str) -> bool:
    """Say whether `host` can only be this machine: localhost, 127.0.0.0/8, ::1.

    Not *.localhost or "localhost.", which some resolvers ask the network for (RFC 6761, 6.3, only asks them not to), and not
    the other spellings of an address (2130706433, ::ffff:127.0.0.1).
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


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
    parts = _split(text)
    if parts is None:
        raise ConfigError(
            f"{_shown(text)!r} is no base URL.", hint='Give one like "https://api.example.com/v1" or "http://127.0.0.1:8080/v1".'
        )
    host = parts.hostname or ""
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


def check_proxy(proxy: str, base_url: str) -> str:
    """Return the URL of a proxy for a checked base URL; raises ConfigError, with what to do, for one that must not be used.

    A user name and a password are refused, since this URL is saved and shown. Plain http:// is fine: what goes to an https://
    server is encrypted all the way through (CONNECT).
    """
    text = proxy.strip().rstrip("/")
    parts = _split(text)
    if parts is not None and (parts.username is not None or parts.password is not None):
        raise ConfigError(
            f"The URL of the proxy {parts.hostname} holds a user name or a password, which would be saved.",
            hint="Leave proxy away and set HTTPS_PROXY before Jupyter starts: it is used and never saved.",
        )
    if parts is None or parts.path or parts.query or parts.fragment:
        raise ConfigError(
            f"{_shown(text)!r} is no proxy.", hint='Give one like "http://proxy.example.com:3128"; SOCKS is not spoken.'
        )
    if is_loopback(origin(base_url)[1]):
        raise ConfigError("A server on this machine is not asked through a proxy.", hint="Leave proxy away.")
    return text


def _split(text: str) -> SplitResult | None:
    """Return the parts of an http(s) URL, None for what is none. Hosts are ASCII (others have an xn-- form), so that nobody reads
    them in another way."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in _PORTS and parts.port != 0 and _HOST(parts.hostname or "")
    except ValueError:
        return None
    return parts if good and not any(ord(char) <= 32 or char in "\\\x7f" for char in text) else None


def join_url(base_url: str, path: str) -> str:
    """Return the address of `path` ("/models", with a query, or "/..") below a checked base URL, whose own query stays."""
    parts, (path, _, query) = urlsplit(base_url), path.partition("?")
    whole = parts.path.rstrip("/") + path
    if ".." in path:
        whole = posixpath.normpath(whole)
    return parts._replace(path=whole, query="&".join(filter(None, (parts.query, query)))).geturl()


def root_url(base_url: str) -> str:
    """Return a checked base URL without the "/v1" at its end: what a server's own API lies below, on the same origin."""
    parts = urlsplit(base_url)
    return parts._replace(path=parts.path.rstrip("/").removesuffix("/v1")).geturl()


def _shown(text: str) -> str:
    """What of a wrong URL may be repeated in an error: it might hold a key."""
    return text.split("?", 1)[0].rsplit("@", 1)[-1][:80]
