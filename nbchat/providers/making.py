"""make_provider: what a person says about a provider, checked and made into a `Provider` and, if one was given, its key.

Sends nothing and saves nothing (but a key into the OS keyring, where that was asked for).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from getpass import getpass
from pathlib import Path

from nbchat.core.errors import ConfigError
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.secrets import Secret
from nbchat.providers.authorities import check_ca_bundle
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.keys import ask_for_key, store_in_keyring
from nbchat.providers.presets import PRESETS, Preset
from nbchat.providers.urls import check_base_url, check_proxy, origin

__all__ = ["make_provider"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key", "proxy-authorization", "cookie"})
_OWN_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers by which HTTP itself is spoken, and bodies are framed."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def make_provider(
    id: str,
    *,
    base_url: str | None = None,
    preset: str | None = None,
    api_key_env: str | None = None,
    api_key: str | Secret | KeyFunction | None = None,
    keyring: bool | str = False,
    prompt: bool = False,
    headers: Mapping[str, str] | None = None,
    proxy: str = "",
    ca_bundle: str | os.PathLike[str] = "",
    insecure: bool = False,
    name: str = "",
    env: Mapping[str, str] | None = None,
) -> tuple[Provider, Secret | KeyFunction | None]:
    """Return the provider and the key (or the function that gives it) that was given for this process, None otherwise.

    Without `base_url`, `preset` (by default the preset that is called like `id`) gives the URL and the usual variable of
    the key. Of the four ways to a key at most one may be given: `api_key_env` names a variable, `keyring` (True, or a user
    name) means the OS keyring, `prompt` asks with getpass now, `api_key` is kept for this process only; `api_key` with
    `keyring` stores it there. `proxy` and `ca_bundle`: see `Provider`; the bundle is read once, to see that it can be. `env` is
    the environment in which a preset's URL is looked up. Blocks when it prompts, stores or reads. Raises ConfigError, with
    what to do.
    """
    if not _ID.fullmatch(id):
        raise ConfigError(f"{id!r} is no provider id.", hint="Use letters, digits, dots, dashes and underscores; no slash.")
    known = _preset(preset or (id if base_url is None else "custom"), id)
    usual = known.url(os.environ if env is None else env)
    if not (base_url or usual):
        where = f" (the variable {known.base_url[1:].partition('/')[0]} is not set)" if known.base_url else ""
        raise ConfigError(f"The preset “{known.id}” has no base URL here{where}.", hint="Give base_url=...")
    url = check_base_url(base_url or usual, insecure=insecure)
    place, secret = _key(id, known, url, usual, api_key_env, api_key, keyring, prompt)
    provider = Provider(
        id=id,
        base_url=url,
        preset=known.id,
        name=name or (known.name if known.id != "custom" else ""),
        key=place,
        headers=known.headers + _headers(headers or {}),
        insecure=insecure,
        proxy=check_proxy(proxy, url) if proxy else "",
        ca_bundle=_ca_bundle(ca_bundle) if ca_bundle else "",
    )
    return provider, secret


def _ca_bundle(path: str | os.PathLike[str]) -> str:
    """Return the whole path: the next kernel may be started elsewhere."""
    whole = str(Path(path).expanduser().absolute())
    check_ca_bundle(whole)
    return whole


def _preset(wanted: str, id: str) -> Preset:
    known = PRESETS.get(wanted)
    if known is not None and (known.base_url or wanted != id):
        return known
    names = ", ".join(name for name in PRESETS if name != "custom")
    if wanted == id:
        raise ConfigError(f"“{id}” is no preset and has no base URL.", hint=f"Give base_url=..., or a preset: {names}.")
    raise ConfigError(f"“{wanted}” is no preset.", hint=f"Presets are: {names}.")


def _key(
    id: str,
    known: Preset,
    url: str,
    usual: str,
    api_key_env: str | None,
    api_key: str | Secret | KeyFunction | None,
    keyring: bool | str,
    prompt: bool,
) -> tuple[KeyPlace, Secret | KeyFunction | None]:
    ways = [name for name, given in (("api_key_env", api_key_env), ("keyring", keyring), ("prompt", prompt)) if given]
    if len(ways) > 1 or (api_key is not None and ways and ways != ["keyring"]):
        raise ConfigError("The key can come from one place only.", hint="Give one of api_key_env, keyring, prompt and api_key.")
    if isinstance(api_key, KeyFunction) and not keyring:
        return KeyPlace("function"), api_key
    secret = _secret(api_key)
    if keyring:
        user = keyring if isinstance(keyring, str) else id
        if secret is not None:
            store_in_keyring(user, secret)
        return KeyPlace("keyring", user), None
    if secret is not None:
        return KeyPlace("process"), secret
    if api_key_env:
        if not _VARIABLE.fullmatch(api_key_env):
            raise ConfigError("api_key_env is the name of a variable, not a key.", hint='For example api_key_env="LAB_API_KEY".')
        return KeyPlace("env", api_key_env), None
    if prompt:
        typed = Secret(ask_for_key(getpass, known.name if known.id != "custom" else id))
        if not typed:
            raise ConfigError("No key was typed.", hint="Run the cell again to be asked once more.")
        return KeyPlace("prompt"), typed
    # The usual variable belongs to the preset's own server: another base URL must never be sent that key unasked.
    if known.env and usual and origin(url) == origin(usual):
        return KeyPlace("env", known.env), None
    return KeyPlace("none"), None


def _secret(api_key: str | Secret | KeyFunction | None) -> Secret | None:
    if isinstance(api_key, KeyFunction):
        raise ConfigError("A function is not kept in the keyring.", hint="Leave keyring away.")
    secret = api_key if isinstance(api_key, Secret) else Secret(api_key) if api_key is not None else None
    if secret is not None and not secret:
        raise ConfigError("The key is empty.", hint="Leave api_key away for a server without keys.")
    return secret


def _headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for name, value in headers.items():
        if name.lower() in _KEY_HEADERS:
            raise ConfigError(f"The header {name} holds a key.", hint="Give the key with api_key_env, keyring or api_key.")
        if name.lower() in _OWN_HEADERS:
            raise ConfigError(f"The header {name} is set by HTTP itself.", hint="Leave it away.")
        if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise ConfigError(f"{name!r} cannot be sent as a header.", hint="Names and values are printable ASCII.")
    return tuple((name, value) for name, value in headers.items())
