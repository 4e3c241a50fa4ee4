"""Offers are found by looking: nothing is sent, and nothing is used unasked."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.models import KeyPlace
from nbchat.providers import offers
from nbchat.providers.keys import Keys
from nbchat.providers.making import make_provider
from nbchat.providers.offers import find_offers, listening_ports


def test_keys_in_the_environment() -> None:
    """A key that is set is offered by the name of its variable, never by its value."""
    found = find_offers({"OPENROUTER_API_KEY": "sk-CANARY", "OPENAI_API_KEY": "  ", "OTHER": "x"}, ports=lambda _: set())
    assert [offer.id for offer in found] == ["openrouter"]
    assert found[0].provider.key == KeyPlace("env", "OPENROUTER_API_KEY")
    assert "OPENROUTER_API_KEY" in found[0].detail
    assert "CANARY" not in repr(found)


def test_local_servers() -> None:
    """A listener on a usual port is offered after the keys, keyless and on loopback."""
    found = find_offers({"GROQ_API_KEY": "x"}, ports=lambda ports: {11434, 4000} & set(ports))
    assert [offer.id for offer in found] == ["groq", "ollama", "litellm"]
    assert found[1].provider.base_url == "http://127.0.0.1:11434/v1"
    assert found[1].provider.key == KeyPlace("none")


def test_colab() -> None:
    """In Colab its models are offered, at the address that its environment gives; with or without the key, which Colab gives
    when it is asked for it. Outside, and where the address is none, they are not."""
    here = {"MODEL_PROXY_HOST": "https://mp.example/", "MODEL_PROXY_API_KEY": "sk-CANARY"}
    (found,) = find_offers(here, ports=lambda _: set())
    assert (found.id, found.text) == ("colab", "Use Google Colab")
    assert found.provider.base_url == "https://mp.example/models/openapi"
    assert found.provider.key == KeyPlace("env", "MODEL_PROXY_API_KEY")
    assert "CANARY" not in repr(found)
    (found,) = find_offers({"MODEL_PROXY_HOST": "https://mp.example"}, ports=lambda _: set())
    assert "not in MODEL_PROXY_API_KEY yet" in found.detail
    with pytest.raises(ConfigError) as caught:
        Keys({}).key(found.provider)
    assert "userdata.get" in caught.value.hint
    for nowhere in ({}, {"MODEL_PROXY_API_KEY": "k"}, {"MODEL_PROXY_HOST": "http://mp.example"}, {"MODEL_PROXY_HOST": "mp"}):
        assert find_offers(nowhere, ports=lambda _: set()) == []
    with pytest.raises(ConfigError, match="MODEL_PROXY_HOST is not set"):
        make_provider("colab", env={})


def test_usual_ports() -> None:
    """The ports that are looked at are those of the local presets."""
    asked: list[set[int]] = []

    def none(ports: Iterable[int]) -> set[int]:
        asked.append(set(ports))
        return set()

    find_offers({}, ports=none)
    assert asked == [{11434, 1234, 8080, 8000, 4000}]


def test_looking_is_not_noticed() -> None:
    """A listener is found without a connection being made to it; a bound port that does not listen is none."""
    with socket.socket() as listener, socket.socket() as idle:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        idle.bind(("127.0.0.1", 0))
        port, other = listener.getsockname()[1], idle.getsockname()[1]
        assert listening_ports([port, other]) == {port}
        if sys.platform.startswith("linux"):  # elsewhere there is no table to read, and a bare connection is made
            with pytest.raises(BlockingIOError):
                listener.accept()


def test_without_the_table_a_bare_connection_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere a connection is opened and closed without a byte."""
    monkeypatch.setattr(offers, "_read", lambda path: None)
    with socket.socket() as listener, socket.socket() as idle:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        idle.bind(("127.0.0.1", 0))
        port, other = listener.getsockname()[1], idle.getsockname()[1]
        assert listening_ports([port, other]) == {port}
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""


@pytest.mark.parametrize(
    ("address", "reaches"),
    [
        ((127, 0, 0, 1), True),
        ((127, 9, 9, 9), True),
        ((0, 0, 0, 0), True),
        ((10, 0, 0, 5), False),
        ((0,) * 16, True),
        ((0,) * 15 + (1,), True),
        ((0,) * 10 + (255, 255, 127, 0, 0, 1), True),
        ((0,) * 10 + (255, 255, 10, 0, 0, 1), False),
        ((254, 128) + (0,) * 13 + (1,), False),
    ],
)
def test_addresses_of_the_table(address: tuple[int, ...], reaches: bool) -> None:
    """Loopback and "every address" count, for both families; another interface's does not."""
    raw = bytes(address)
    words = [int.from_bytes(raw[i : i + 4], sys.byteorder) for i in range(0, len(raw), 4)]
    line = f"  0: {''.join(f'{word:08X}' for word in words)}:2CAA 00000000:0000 0A 00000000:00000000"
    assert offers._listeners(f"  sl  local_address\n{line}\n") == ({0x2CAA} if reaches else set())
