"""The functions of `nbchat.…`: each one line on top of the app."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbchat.api.manager import Manager
from nbchat.api.prompts import Prompts
from nbchat.api.session import Session
from nbchat.api.settings import Settings
from nbchat.app import app
from nbchat.core.messages import Attachment
from nbchat.core.secrets import Secret
from nbchat.export.listings import model_table, provider_table
from nbchat.export.money import By, Since, request_rows, since_seconds, summed_rows
from nbchat.export.tables import Table, dataframe
from nbchat.notebook.context import ALLOWANCE, LEAST
from nbchat.notebook.context.describing import name_of
from nbchat.notebook.context.mentioned import attached_to, described
from nbchat.notebook.context.names import Found
from nbchat.providers.key_function import KeyFunction
from nbchat.runtime.process import once_per_process

if TYPE_CHECKING:
    from nbchat.notebook.widget import ChatWidget as Widget
    from nbchat.providers.check import Check

__all__ = [
    "ChatWidget",
    "add_provider",
    "check_provider",
    "context",
    "enable_provider",
    "ledger",
    "list_models",
    "list_providers",
    "remove_provider",
    "session",
    "the_manager",
    "the_prompts",
    "the_settings",
]


def session(name: str | None = None, *, model: str | None = None, system: str | None = None, private: bool = False) -> Session:
    """Return the session of the conversation with this unique name, made when there is none; without a name, the one that
    `%chat` talks to in this notebook.

    `model` ("provider/model") and `system` are used for a new conversation; those of an existing one change only through
    `s.model = ...` and `s.system = ...`. A `private` one is saved nowhere, not in the notebook either. Raises
    UsageError for an empty name, ConfigError for an unknown provider.
    """
    found = app().notebook_session() if name is None else name
    return the_manager().open(found, model=model, system=system, private=private)


def ChatWidget(session: Session) -> Widget:  # noqa: N802 - people call it as the widget that it makes
    """Return a further widget on a session, with a draft and scroll position of its own (`s.widget` is the usual one)."""
    widget: Widget = session._new_widget()
    return widget


def context(**values: Any) -> tuple[Attachment, ...]:
    """Return what goes along for values that a question names: `s.ask("What is odd in @df?", attachments=nbchat.context(df=df))`.

    `%chat` and windows do this for the names in the question; from Python nothing is read that is not given. Each value comes to
    `c.NbChat.context_tokens` tokens at most (2,000), and all of them take 3 s at most; of one that takes longer, or fails, only
    the name and that is told. What is said of a type: `nbchat.describes`.
    """
    running = app()
    names = running.services.names()
    allowance = ALLOWANCE if names is None else max(names.allowance, LEAST)
    found = {f"@{name}": Found(name_of(value), value) for name, value in values.items()}
    told = running.background.wait(described(found, allowance, running.ports.clock.sleep))
    return attached_to(told)


def add_provider(
    id: str | None = None,
    *,
    preset: str | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    api_key: str | Secret | Callable[[], str | Secret] | KeyFunction | None = None,
    keyring: bool | str = False,
    prompt: bool = False,
    name: str = "",
    headers: dict[str, str] | None = None,
    proxy: str = "",
    ca_bundle: str | os.PathLike[str] = "",
    insecure: bool = False,
) -> str:
    """Configure an endpoint and save it (never its key); returns its id, the part before the slash of "provider/model".

    Give a `preset` ("openai", "openrouter", "ollama", ...) or a `base_url`. Several of one kind go by their ids:
    `add_provider("openai-work", preset="openai", api_key_env="WORK_KEY")`. An id that exists is replaced.

    The key's place is one of: `api_key_env` (a variable's name; presets know theirs), `keyring` (True, or a user name, in the
    OS keyring's service "nbchat"; `api_key` beside it is stored there), `prompt=True` (asked with getpass, now), or `api_key`
    itself, kept for this process only. None of them: a keyless server. For keys that soon run out, `api_key` may be a plain
    function without arguments that returns one: it is called on a thread before each request (10 s at most, once at a time;
    what it wants to cache it caches itself) and once more when a server answers 401. A key goes to the base URL's origin alone:
    a provider that is added again elsewhere has no key unless you say again where it is.

    `headers` go with each request and hold no keys. `proxy` ("http://proxy.example.com:3128", without a password, since it is
    saved) is used instead of the environment's HTTPS_PROXY. `ca_bundle` is a PEM file with the certificate authorities to trust
    instead of the usual ones (SSL_CERT_FILE, else certifi's); certificates are always checked. `insecure=True` allows http:// to
    other machines.
    Sends nothing: `check_provider` does. Raises ConfigError for a URL, a file or a place that cannot be used.
    """
    # At once, and under its own name: Verbose tracebacks print what arguments are bound to.
    if isinstance(api_key, str):
        api_key = Secret(api_key)
    elif callable(api_key):
        api_key = KeyFunction(api_key)
    return app().add_provider(
        id,
        preset=preset,
        base_url=base_url,
        api_key_env=api_key_env,
        api_key=api_key,
        keyring=keyring,
        prompt=prompt,
        name=name,
        headers=headers,
        proxy=proxy,
        ca_bundle=ca_bundle,
        insecure=insecure,
    )


def remove_provider(id: str) -> None:
    """Forget the provider `id`, its listing and what this process holds of its key (one in the OS keyring stays there); running
    answers go on. Raises ConfigError for an unknown or built-in one."""
    app().remove_provider(id)


def enable_provider(id: str, enabled: bool = True) -> None:
    """Switch the provider `id` on, or off (`enabled=False`): it stays configured and is not asked. Raises ConfigError for an
    unknown or built-in one."""
    app().enable_provider(id, enabled)


def check_provider(id: str | None = None) -> Check:
    """Test the way to the provider `id` (default: the active one), its certificate and its key, within 5 s; displays well.

    Asks for its list of models and nothing else, so it costs nothing. Raises ConfigError for an unknown provider or one that is
    switched off; whatever else is wrong, and what to do, is in the result's `error`.
    """
    return app().check_provider(id)


def list_providers() -> Table:
    """Return the configured providers: where each one's key is to be found, whether it is on, when it was used last."""
    return provider_table(app().registry.list())


def list_models(provider: str | None = None, *, search: str = "", recent: bool = False, refresh: bool = False) -> Table:
    """Return the models of one provider (default: of the active one; "*": of all that answer), as its own listing says.

    With `search` only those that have all its words in their id, name, description, tags or capabilities; with `recent` only
    the last ten that were asked, newest first, of any provider. Asks the provider (10 s, cached 5 min; `refresh` asks anew).
    """
    return model_table(app().models(provider, search=search, recent=recent, refresh=refresh))


def ledger(by: By | None = None, *, since: Since = None) -> Any:
    """Return what was used and spent: one row a request, or summed by "day", "session", "conversation", "model", "provider",
    "notebook" or "purpose"; with `since` (a date, or "2026-11-01") from that day on, where you are.

    A pandas DataFrame where pandas is installed, else a Table; both have `to_csv(path)` (for a spreadsheet, `%nbchat cost --csv`
    writes names that look like formulas as text). Deleted conversations are in it, private ones are not. Raises UsageError for
    another `by` or `since`.

    A request has when it `started` and the `seconds` that it took, to its first token `first_token_seconds`; `session` (the
    conversation's name then), `notebook`, `purpose` ("answer", "tool-round", "continuation", "title" or "check"), `provider`,
    `model` ("provider/model", as it called itself) and how it ended (`status`). Tokens: `input_tokens`, of which `cached_tokens`,
    `cache_write_tokens`, `input_audio_tokens` and `input_image_tokens` are parts; `output_tokens`, of which `reasoning_tokens`,
    `output_audio_tokens` and `output_image_tokens` are parts; None where nobody said. Money: `cost` (a Decimal, None where
    unknown) in `currency`, whose figure it is (`source`), and the `price` that held then, per million tokens, as JSON. The
    `certainty` of the cost, and `token_certainty`, are "reported", "estimated", "partial" (at least that much) or "unknown". Ids:
    `conversation`, `turn`, `message` (the answer) and `request`. Sums have the key, the number of `requests`, tokens and money.
    """
    running, begin = app(), since_seconds(since)
    records = running.background.wait(running.ports.ledger.records(since=begin))
    return dataframe(request_rows(records) if by is None else summed_rows(records, by))


def the_manager() -> Manager:
    """Return the process's manager (`nbchat.manager`)."""
    return once_per_process("manager", lambda: Manager(app()))


def the_prompts() -> Prompts:
    """Return the system prompts by name (`nbchat.prompts`)."""
    return Prompts(app())


def the_settings() -> Settings:
    """Return the process's settings (`nbchat.settings`)."""
    return Settings(app())
