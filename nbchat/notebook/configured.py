"""Configured: what the environment and Jupyter's configuration files say before anybody runs a line.

Owns which of them counts: `c.NbChat.…` of a file before a variable, and both before what was saved. What is said later in a
kernel (`%config NbChat.…`, `nbchat.settings`) counts there from then on. Loads no IPython: without it there is no file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from nbchat.core.errors import ConfigError

__all__ = ["configured_model", "from_environment", "model_label", "transcripts_wanted"]


def from_environment(name: str, allowed: Sequence[str], otherwise: str) -> str:
    """Return what NBCHAT_<NAME> says, or `otherwise` where it is not set; raises ConfigError for what is not allowed."""
    variable = f"NBCHAT_{name.upper()}"
    value = os.environ.get(variable, "").strip() or otherwise
    if value not in allowed:
        raise ConfigError(f"{variable} cannot be {value!r}.", hint=f"Choose one of: {', '.join(allowed)}.")
    return value


def transcripts_wanted() -> bool:
    """Return what NBCHAT_TRANSCRIPTS says ("on", "off"); on where it is not set."""
    return from_environment("transcripts", ("on", "off"), "on") == "on"


def configured_model() -> str:
    """Return the label of the model that is configured for this process, "" for none; raises ConfigError for what is no label."""
    ipython = sys.modules.get("IPython")
    shell: Any = None if ipython is None else ipython.get_ipython()
    chosen = "" if shell is None else shell.config.NbChat.get("model", "")
    if chosen:
        return model_label(chosen, "c.NbChat.model")
    return model_label(os.environ.get("NBCHAT_MODEL", ""), "NBCHAT_MODEL")


def model_label(value: Any, place: str) -> str:
    """Return a model's label as it was written in that place; raises ConfigError for what names none."""
    label = str(value).strip()
    if label and not all(label.partition("/")):
        raise ConfigError(f"{place} does not name a model: {label!r}.", hint='Write "provider/model".')
    return label
