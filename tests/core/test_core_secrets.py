"""Keys that do not show, and their removal from texts."""

from __future__ import annotations

import copy
import json
import pickle
import re
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.secrets import Secret, redact

KEY = "sk-CANARY-1/2+3=4é"
keys = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=4, max_size=30)


@dataclass
class Holder:
    """A value that happens to hold a key."""

    key: Secret


def test_a_secret_shows_its_value_only_when_told_to() -> None:
    """Not in repr, str, format, a dataclass's repr, vars or dir."""
    secret = Secret(KEY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret} {secret!r} {[secret]}",
        repr(Holder(secret)),
        repr(dir(secret)),
        f"{secret._reveal}",
    ]
    assert not any("CANARY" in text for text in shown)
    with pytest.raises(TypeError):
        vars(secret)
    assert secret.reveal() == KEY


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_a_secret_cannot_be_carried_away(leak: object) -> None:
    """Pickling, copying, JSON and hashing are refused, alone or within something."""
    assert callable(leak)
    with pytest.raises(TypeError):
        leak(Secret(KEY))


def test_white_space_around_a_key_is_not_part_of_it() -> None:
    """Keys are pasted with newlines; a header must not carry them."""
    assert Secret(f"  {KEY}\n").reveal() == KEY


def test_secrets_compare_by_value_and_only_with_secrets() -> None:
    """A string is never equal to a secret."""
    assert Secret("abcd") == Secret("abcd ")
    assert Secret("abcd") != Secret("abce")
    assert Secret("abcd") != "abcd"


def test_an_empty_secret_is_false() -> None:
    """An environment variable that is set to nothing is no key."""
    assert not Secret(" ")
    assert Secret("x")


@given(keys)
def test_a_key_is_removed_however_it_is_written(key: str) -> None:
    """Literally, in JSON (with escaped slashes too), percent-encoded (in either case): what stands around it stays."""
    quoted, percent = json.dumps(key)[1:-1], quote(key, safe="")
    lower = re.sub("%..", lambda escape: escape[0].lower(), percent)
    for written in (key, quoted, quoted.replace("/", "\\/"), key.replace("/", "\\/"), percent, lower):
        assert redact(f"a {written} b", [Secret(key)]) == "a *** b"


def test_of_two_keys_that_begin_alike_no_tail_is_left() -> None:
    """The longer one goes first, whatever the order they are given in."""
    short, long = Secret("sk-abcd"), Secret("sk-abcd-efgh")
    for both in ([short, long], [long, short]):
        assert redact("a sk-abcd-efgh b sk-abcd c", both) == "a *** b *** c"


def test_what_is_too_short_to_be_a_key_is_left_alone() -> None:
    """A key "x" must not blot out every x of an error message."""
    assert redact("extra", [Secret("x"), Secret("")]) == "extra"


def test_every_key_that_lives_is_removed() -> None:
    """Another provider's key may be in a server's words, where somebody took one for the other; a short one may be a word."""
    other, word = Secret("sk-CANARY-of-another"), Secret("ollama")
    assert redact(f"no model {other.reveal()} in ollama") == "no model *** in ollama"
    assert redact("ollama", [word]) == "***"
    del other
    assert redact("sk-CANARY-of-another") == "sk-CANARY-of-another"


def test_a_key_that_is_not_utf8_breaks_nothing() -> None:
    """The environment may hold any bytes; redacting runs inside error handling and must not raise."""
    odd = Secret("sk-\udce9-abc")
    assert redact(f"bad {odd.reveal()}!", [odd]) == "bad ***!"
