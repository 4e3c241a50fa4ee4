"""The one error tree. Each error says whose fault it is, what to do, and carries what was not lost.

Owns classes and their serialised form (`ErrorInfo`); which HTTP status means which kind is the providers' matter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from nbchat.core.messages import Message

__all__ = [
    "BusyError",
    "ChatError",
    "ConfigError",
    "ErrorInfo",
    "ErrorKind",
    "KernelLoopError",
    "ProviderError",
    "StorageError",
    "UsageError",
]

ErrorKind = Literal[
    "auth", "billing", "not_found", "rate_limit", "context_length", "content_filter", "server", "network", "timeout",
    "protocol", "cancelled", "interrupted", "invalid", "config", "storage", "busy", "tools", "budget", "internal",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as data: its `kind`, one sentence of cause as `text`, what to do as `hint`; safe to store and to show (redacted,
    at most 500 characters)."""

    kind: ErrorKind
    text: str
    hint: str = ""

    @property
    def sentences(self) -> str:
        """The cause and what to do, as one text: what a server says often ends without a full stop."""
        stop = "." if self.hint and self.text[-1:].isalnum() else ""
        return f"{self.text}{stop} {self.hint}".strip()

    def to_json(self) -> dict[str, Any]:
        """Return the error as a JSON object with the field names of this class."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ErrorInfo:
        """Return the error that `to_json` made."""
        return cls(data["kind"], data["text"], data.get("hint", ""))


class ChatError(Exception):
    """Base of everything that nbchat raises: `kind`, `hint` (what to do) and `message`, the partial answer if there is one."""

    kind: ErrorKind = "internal"

    def __init__(self, text: str, *, kind: ErrorKind | None = None, hint: str = "", message: Message | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.kind = kind or type(self).kind
        self.hint = hint
        self.message = message

    def __str__(self) -> str:
        return self.info.sentences

    @property
    def info(self) -> ErrorInfo:
        """The same error as a value."""
        return ErrorInfo(self.kind, self.text, self.hint)


class ProviderError(ChatError):
    """The provider, or the way to it, failed: `status` (HTTP), `code` (the provider's own), `retry_after` (seconds)."""

    kind: ErrorKind = "server"

    def __init__(
        self,
        text: str,
        *,
        kind: ErrorKind = "server",
        hint: str = "",
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text, kind=kind, hint=hint)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class UsageError(ChatError):
    """The caller's fault: an argument that cannot be used; nothing was sent."""

    kind: ErrorKind = "invalid"


class ConfigError(ChatError):
    """The set-up's fault: no such provider, no key, a bad URL; nothing was sent."""

    kind: ErrorKind = "config"


class BusyError(ChatError):
    """Another turn runs (in this kernel or another one), or as many as were allowed, and the caller asked not to queue
    (`when_busy="raise"`)."""

    kind: ErrorKind = "busy"


class StorageError(ChatError):
    """The database's fault: read-only, full, corrupt, newer than this nbchat; the chat goes on in memory."""

    kind: ErrorKind = "storage"


class KernelLoopError(ChatError):
    """A blocking call was made on a loop that it would block for ever, or an awaiting one where no loop could go on with it."""

    kind: ErrorKind = "invalid"
