"""Whose jobs these are."""

from __future__ import annotations

import os
import pwd
from types import SimpleNamespace

import pytest

from nbchat.machine.user import user_name


def test_the_hub_knows_best_then_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for all kernels of a user, whatever their environments say besides."""
    account = pwd.getpwuid(os.getuid()).pw_name
    assert user_name({"JUPYTERHUB_USER": "ada", "USER": "root"}) == "ada"
    assert user_name({"JUPYTERHUB_USER": " ", "LOGNAME": "somebody else"}) == account

    def none(_: int) -> SimpleNamespace:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", none)
    assert user_name({}) == str(os.getuid())
