"""Where the server is and who asks: what a redis:// URL says. Must not know redis-py; the password is shown to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from nbchat.core.errors import ConfigError
from nbchat.core.secrets import Secret

__all__ = ["Address", "Login"]

_FORM = (
    "Write it as redis://user:password@host:6379/0, with rediss:// for TLS; in user and password, write @ : / ? # as "
    "%40 %3A %2F %3F %23."
)
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
"""Parameters for TLS, with redis-py's names: paths of the authorities to trust, and of a client's certificate and its key."""
_PARAMETERS = ("prefix", *_FILES)
_SAFE = "@.-_"


class Login:
    """User and password, as redis-py asks for them: held so that neither `repr` nor `vars` shows them."""

    __slots__ = ("_password", "_user")

    def __init__(self, user: str, password: Secret) -> None:
        self._user = user
        self._password = password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return what AUTH is given."""
        return (self._user, self._password.reveal()) if self._user else (self._password.reveal(),)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """Return the same."""
        return self.get_credentials()


@dataclass(frozen=True, slots=True)
class Address:
    """A server, the database on it, the login, and what all keys begin with."""

    host: str
    port: int
    database: int = 0
    user: str = ""
    password: Secret | None = None
    tls: bool = False
    prefix: str = "nbchat"
    files: Mapping[str, str] = field(default_factory=dict)
    """Paths of certificates, by redis-py's name of the setting."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Return what a URL says. Raises ConfigError for one that cannot be used, without repeating what may be a password."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or 6379
        except ValueError:  # which repeats what it could not read
            parts, port = urlsplit(""), 0
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = sorted(set(given) - set(_PARAMETERS))
        if not parts.hostname or parts.fragment or "@" in "".join(unknown):  # behind a bare ? or # may be the rest of a password
            raise ConfigError("the address of the Redis server in NBCHAT_STREAMS cannot be read.", hint=_FORM)
        database = parts.path.strip("/") or "0"
        if not (database.isascii() and database.isdigit()):
            raise ConfigError("behind the host, NBCHAT_STREAMS names the number of a Redis database, such as /0.", hint=_FORM)
        if unknown:
            raise ConfigError(
                f"NBCHAT_STREAMS has a parameter that nbchat does not know: {', '.join(unknown)}.",
                hint=f"There are: {', '.join(_PARAMETERS)}.",
            )
        return cls(
            parts.hostname,
            port,
            int(database),
            unquote(parts.username or ""),
            Secret(unquote(parts.password)) if parts.password else None,
            parts.scheme.lower() == "rediss",
            quote(given.get("prefix") or "nbchat", safe=_SAFE + ":"),
            {name: value for name, value in given.items() if name in _FILES and value},
        )

    def __str__(self) -> str:
        """The address as people may see it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" + (f"/{self.database}" if self.database else "")

    def keys_of(self, owner: str) -> str:
        """Return what all keys of an owner begin with. It contains no character that means something in an ACL's pattern."""
        return f"{self.prefix}:{quote(owner, safe=_SAFE)}:"

    @property
    def arguments(self) -> dict[str, Any]:
        """What redis-py's connection is made with: no retries and no times of its own, `Link` has one for all of a call."""
        login = None if self.password is None else Login(self.user, self.password)
        shared: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "db": self.database,
            "credential_provider": login,
            "socket_timeout": None,
            "socket_connect_timeout": None,
            "encoding_errors": "replace",
            "decode_responses": True,
            "protocol": 2,
        }
        return {**shared, "ssl_check_hostname": True, **self.files} if self.tls else shared
