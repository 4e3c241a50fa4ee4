"""Whose jobs these are, where several people share a machine or a server. Asks nobody but the system."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping

__all__ = ["user_name"]


def user_name(environ: Mapping[str, str] | None = None) -> str:
    """Return the JupyterHub user (`JUPYTERHUB_USER`), else the login name, else the user id.

    The login name is the account's, not that of an environment variable: all kernels of a user must agree on it. In a container
    with an arbitrary user id no account has it.
    """
    env = os.environ if environ is None else environ
    if hub := env.get("JUPYTERHUB_USER", "").strip():
        return hub
    if not hasattr(os, "getuid"):
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
