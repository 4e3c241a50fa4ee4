"""What a redis:// URL says, and that nobody is shown the password in it."""

from __future__ import annotations

import traceback

import pytest

from nbchat.core.errors import ConfigError
from nbchat.streams import open_streams
from nbchat.streams.redis.address import Address
from tests.support.clock import ManualClock

URLS = {
    "redis://localhost": ("localhost", 6379, 0, "", None, False, "nbchat"),
    "redis://localhost:6380/": ("localhost", 6380, 0, "", None, False, "nbchat"),
    "REDISS://[::1]:6380/3": ("::1", 6380, 3, "", None, True, "nbchat"),
    "redis://:p%40ss%2Fw@host/0": ("host", 6379, 0, "", "p@ss/w", False, "nbchat"),
    "redis://ada:secret-word@host?prefix=lab:chat": ("host", 6379, 0, "ada", "secret-word", False, "lab:chat"),
}


@pytest.mark.parametrize("url", URLS)
def test_parts(url: str) -> None:
    """Host, port, database, login, TLS and prefix, with what is usual where nothing is said."""
    found = Address.parse(url)
    password = None if found.password is None else found.password.reveal()
    assert (found.host, found.port, found.database, found.user, password, found.tls, found.prefix) == URLS[url]


@pytest.mark.parametrize(
    "url",
    [
        "redis:",
        "redis://",
        "redis://:secret-word@",
        "redis://ada:secret-word/with@host",
        "redis://:secret-word@host:70000",
        "redis://:secret-word@host:port",
        "redis://:secret-word@[host",
        "redis://:secret-word\u2100@host",
        "redis://:secret-word@host/name",
        "redis://:secret-word@host?socket_timeout=5",
        "redis://ada:12?secret-word@host",
        "redis://ada:12#secret-word@host",
    ],
)
def test_what_cannot_be_read(url: str) -> None:
    """It is refused with how to write it, and what may be a part of the password is not repeated, in no traceback either."""
    with pytest.raises(ConfigError) as caught:
        open_streams(url, ManualClock())
    assert caught.value.hint
    whole = "".join(traceback.format_exception(caught.value))
    assert "secret-word" not in whole
    assert caught.value.__context__ is None


def test_the_password_is_shown_nowhere() -> None:
    """Neither the address nor what redis-py is given says it when it is printed."""
    address = Address.parse("rediss://ada:secret-word@host:6390/2?ssl_ca_certs=/ca.pem")
    login = address.arguments["credential_provider"]
    assert login.get_credentials() == ("ada", "secret-word")
    for shown in (str(address), repr(address), repr(address.arguments), repr(login)):
        assert "secret-word" not in shown
    assert str(address) == "host:6390/2"
    assert address.arguments["ssl_ca_certs"] == "/ca.pem"
    assert address.arguments["ssl_check_hostname"] is True


@pytest.mark.parametrize(
    ("owner", "keys"),
    [
        ("ada", "nbchat:ada:"),
        ("ada@example.org", "nbchat:ada@example.org:"),
        ("a:b", "nbchat:a%3Ab:"),
        ("a*?[b]\\", "nbchat:a%2A%3F%5Bb%5D%5C:"),
    ],
)
def test_keys_of_an_owner(owner: str, keys: str) -> None:
    """No owner's keys begin with another's, and none is a pattern."""
    assert Address.parse("redis://host").keys_of(owner) == keys
