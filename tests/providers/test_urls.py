"""Base URLs: what is accepted, and what would send a key where it must not go."""

from __future__ import annotations

import pytest

from nbchat.core.errors import ConfigError
from nbchat.providers.urls import check_base_url, check_proxy, is_loopback, join_url, origin


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        (" https://api.example.com/v1/chat/completions ", "https://api.example.com/v1"),
        ("https://api.example.com/v1/models", "https://api.example.com/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://x.example/openai?api-version=1", "https://x.example/openai?api-version=1"),
    ],
)
def test_accepted(given: str, used: str) -> None:
    """Trailing slashes and pasted endpoints are taken off; plain http is fine on this machine."""
    assert check_base_url(given) == used


@pytest.mark.parametrize(
    "url",
    [
        "", "api.example.com/v1", "ftp://x/v1", "https://", "https:///v1", "file:///etc/passwd", "https://x:99999/v1", "https://x:0/",
        "https://x/v1#frag", "https://exa mple.com/v1", "https://x/\r\nHost: y", "http://[::1", "javascript:alert(1)",
        "http://127.0.0.1\\.evil.com/v1", "https://api.openai.com\\@evil.com/v1", "http://127.0.0.1:80\\@evil.com",
    ],
)  # fmt: skip
def test_refused(url: str) -> None:
    """What is no http(s) URL with a host is refused with an example of one."""
    with pytest.raises(ConfigError) as caught:
        check_base_url(url)
    assert caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com@evil.com/v1?sk-CANARY",
        "http://127.0.0.1:80@evil.com/sk-CANARY",
        "https://me:sk-CANARY@x/v1",
        "https://sk-CANARY@x/v1",
        "https://x/v1?key=sk-CANARY",
        "https://x/?Api_Key=sk-CANARY",
    ],
)
def test_keys_do_not_belong_into_urls(url: str) -> None:
    """A URL that holds a key is refused, and the refusal does not repeat it."""
    with pytest.raises(ConfigError) as caught:
        check_base_url(url)
    assert "CANARY" not in str(caught.value)


def test_plain_http_beyond_this_machine() -> None:
    """http:// to another machine needs insecure=True; names that only look local do not pass."""
    for url in (
        "http://10.0.0.5:8080/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.nip.io/v1",
        "http://0.0.0.0:1/v1",
        "http://2130706433/v1",
        "http://[::ffff:127.0.0.1]:8080/v1",
        "http://api.localhost/v1",
    ):
        with pytest.raises(ConfigError, match="unencrypted"):
            check_base_url(url)
        assert check_base_url(url, insecure=True) == url


def test_loopback() -> None:
    """All of 127.0.0.0/8, ::1 and localhost are this machine; what only may be it, or is written in another way, is not."""
    for host in ("localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"):
        assert is_loopback(host)
    for host in (
        "", "127.0.0.1.example.com", "localhost.evil.com", "localhost.com", "a.localhost", "localhost.", "128.0.0.1", "::2",
        "0.0.0.0", "::", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "::ffff:127.0.0.1", "[::ffff:7f00:1]",
        "::ffff:10.0.0.5", "①②⑦.0.0.1", "ⓛocalhost",
    ):  # fmt: skip
        assert not is_loopback(host)


def test_origin_and_paths() -> None:
    """An origin is scheme, host and port; a path goes before the query."""
    assert origin("https://API.example.com/v1") == ("https", "api.example.com", 443)
    assert origin("http://127.0.0.1:8080/v1") == ("http", "127.0.0.1", 8080)
    assert join_url("https://x/v1?a=b", "/models") == "https://x/v1/models?a=b"
    assert join_url("https://x/v1?a=b", "/models?limit=9") == "https://x/v1/models?a=b&limit=9"
    assert join_url("https://x/models/openapi", "/..") == "https://x/models"


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("http://me:CANARY-1@proxy.example:3128", "user name or a password"),
        ("http://CANARY@proxy.example", "user name or a password"),
        ("socks5://proxy.example:1080", "no proxy"),
        ("proxy.example:3128", "no proxy"),
        ("http://", "no proxy"),
        ("http://proxy.example:0", "no proxy"),
        ("http://proxy.example/path", "no proxy"),
        ("http://proxy.example?x=CANARY", "no proxy"),
        ("http://pro xy", "no proxy"),
    ],
)
def test_proxies_that_are_refused(proxy: str, says: str) -> None:
    """A proxy's URL is saved, so it holds no password; what cannot be one is said, with an example."""
    with pytest.raises(ConfigError, match=says) as caught:
        check_proxy(proxy, "https://api.example.com/v1")
    assert caught.value.hint
    assert "CANARY" not in str(caught.value)


def test_proxies() -> None:
    """Plain http is spoken with a proxy, since what goes through it is encrypted; this machine is asked without one."""
    assert check_proxy(" http://proxy.example:3128/ ", "https://x/v1") == "http://proxy.example:3128"
    assert check_proxy("https://proxy.example", "https://x/v1") == "https://proxy.example"
    with pytest.raises(ConfigError, match="this machine"):
        check_proxy("http://proxy.example:3128", "http://127.0.0.1:8080/v1")
