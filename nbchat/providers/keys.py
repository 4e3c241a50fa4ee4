"""Keys: from the environment, the OS keyring, a prompt, a function, or given to this process only (ports.KeySource).

Owns where a key is looked up and what to do when it is missing. Keys are Secrets from the first moment and are never written
anywhere but, on request, into the OS keyring. A key that is held belongs to the origin that it was given for: it is not found
for a provider of the same id elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from getpass import getpass

from nbchat.core.errors import ConfigError
from nbchat.core.models import Provider
from nbchat.core.secrets import Secret
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.presets import preset_of
from nbchat.providers.urls import origin

__all__ = ["KEYRING_SERVICE", "Keys", "store_in_keyring"]

KEYRING_SERVICE = "nbchat"
"""The service under which keys stand in the OS keyring; the user name is the provider's id unless told otherwise."""

_Origin = tuple[str, str, int]


class Keys:
    """Looks keys up by a provider's `KeyPlace`; holds those of this process. Safe to use from any thread; `key` may block."""

    def __init__(self, env: Mapping[str, str] | None = None, ask: Callable[[str], str] = getpass) -> None:
        self._env: Mapping[str, str] = os.environ if env is None else env
        self._ask = ask
        self._held: dict[str, tuple[_Origin, Secret]] = {}
        self._functions: dict[str, tuple[_Origin, KeyFunction]] = {}
        self._found: dict[str, bytes] = {}  # digests of keys that were looked up where it may cost a question to look again
        self._salt = secrets.token_bytes(16)
        self._asking = threading.Lock()

    def hold(self, provider: Provider, key: Secret | KeyFunction) -> None:
        """Keep the provider's key, or the function that gives it, for this process only."""
        if isinstance(key, KeyFunction):
            self._functions[provider.id] = origin(provider.base_url), key
        else:
            self._held[provider.id] = origin(provider.base_url), key

    def forget(self, provider_id: str) -> None:
        """Let go of what was held; idempotent."""
        for held in (self._held, self._functions, self._found):
            held.pop(provider_id, None)

    def mark(self, provider: Provider) -> bytes:
        """Return a digest that changes when the provider's key does, b"" while the key is not known; asks nobody.

        A variable is read anew; a key of the keyring is as it was last looked up, for a request. A function's keys are all one:
        it is the same account. Made with a random salt and kept in memory only, so that it says nothing about a key.
        """
        if provider.key.kind == "env":
            return self._digest(Secret(self._env.get(provider.key.name, "")))
        held = self._held_for(provider)
        return self._digest(held) if held else self._found.get(provider.id, b"")

    def _digest(self, key: Secret) -> bytes:
        return hashlib.blake2b(key.reveal().encode("utf-8", "surrogatepass"), key=self._salt, digest_size=16).digest()

    def _held_for(self, provider: Provider) -> Secret | None:
        place, key = self._held.get(provider.id, (None, None))
        return key if place == origin(provider.base_url) else None

    def key(self, provider: Provider) -> Secret | None:
        """Return the provider's key, None for a keyless one; raises ConfigError, with what to do, when it is missing.

        Blocks while a keyring is unlocked, a person types or a function runs: never call it on the background loop.
        """
        kind, name = provider.key.kind, provider.key.name
        if kind == "none":
            return None
        if kind == "env":
            return self._from_env(provider, name)
        if kind == "keyring":
            key = _from_keyring(provider, name or provider.id)
            self._found[provider.id] = self._digest(key)
            return key
        if kind == "prompt":
            return self._from_prompt(provider)
        place, function = self._functions.get(provider.id, (None, None))
        if kind == "function" and function is not None and place == origin(provider.base_url):
            return function.key(provider.id)
        held = self._held_for(provider)
        if kind == "process" and held:
            return held
        if kind == "function":
            raise ConfigError(
                f"The key of “{provider.id}” comes from a function that was given to an earlier process only.",
                hint=f'Run nbchat.add_provider("{provider.id}", ..., api_key=the_function) again.',
            )
        raise ConfigError(
            f"The key of “{provider.id}” was given to an earlier process only and is not known here.",
            hint=f'Run nbchat.add_provider("{provider.id}", ...) again, best with api_key_env="..." or keyring=True.',
        )

    def _from_env(self, provider: Provider, name: str) -> Secret:
        value = Secret(self._env.get(name, ""))
        if not value:
            raise ConfigError(
                f"The environment variable {name} with the key of “{provider.id}” is not set.",
                hint=preset_of(provider).key_hint
                or f"Set {name} before Jupyter starts, or give the key with nbchat.add_provider(..., prompt=True).",
            )
        return value

    def _from_prompt(self, provider: Provider) -> Secret:
        with self._asking:
            held = self._held_for(provider)
            if held:
                return held
            value = Secret(ask_for_key(self._ask, provider.name or provider.id))
            if not value:
                raise ConfigError(f"No key was typed for “{provider.id}”.", hint="Send again to be asked once more.")
            self.hold(provider, value)
            return value


def ask_for_key(ask: Callable[[str], str], name: str) -> str:
    """Return what the person types; raises ConfigError where nobody can be asked."""
    try:
        return ask(f"Key of {name}: ")
    except Exception as error:  # no terminal, a frontend without input: each host has its own error
        cause = f"{type(error).__name__}: {error}"
    raise ConfigError(
        f"The key of “{name}” cannot be asked for here ({cause}).",
        hint='Give it as api_key_env="...", keyring=True or api_key="...".',
    )


def _from_keyring(provider: Provider, user: str) -> Secret:
    value: str | None = None
    trouble = ""
    try:
        import keyring

        value = keyring.get_password(KEYRING_SERVICE, user)
    except ImportError:
        trouble = "the package keyring is not installed"
    except Exception as error:  # every keyring backend has its own errors
        trouble = f"{type(error).__name__}: {error}"
    if trouble:
        raise ConfigError(
            f"The key of “{provider.id}” cannot be read from the OS keyring ({trouble}).",
            hint='Install it with: pip install keyring; or give the key as api_key_env="...".',
        )
    if not value:
        raise ConfigError(
            f"The OS keyring holds no key for “{user}” (service “{KEYRING_SERVICE}”).",
            hint=f"Store it with: keyring set {KEYRING_SERVICE} {user}",
        )
    return Secret(value)


def store_in_keyring(user: str, key: Secret) -> None:
    """Write a key into the OS keyring; raises ConfigError when there is none. Blocks."""
    trouble = ""
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, user, key.reveal())
    except ImportError:
        trouble = "the package keyring is not installed (pip install keyring)"
    except Exception as error:  # every keyring backend has its own errors
        trouble = f"{type(error).__name__}: {error}"
    if trouble:
        raise ConfigError(f"The key cannot be stored in the OS keyring: {trouble}.", hint='Use api_key_env="..." instead.')
