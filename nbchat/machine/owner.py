"""Which process owns a running turn, and whether that process is dead.

Owns the process's identity (host, boot, process-id namespace, process id, start time) and the rule of leases. A pid alone
is not enough: pids are used again, and two containers on one host both have a process 7.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname

__all__ = ["LEASE_SECONDS", "ProcessIdentity", "is_dead", "this_process"]

LEASE_SECONDS = 10.0
"""How long a turn counts as alive after its owner's last heartbeat, where its owner cannot be looked at."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of one boot of one host. `start` is when the process started, as the system says it; "?" and random
    text where it does not say, and then only the lease can tell whether the process lives."""

    host: str
    boot: str
    namespace: str
    pid: int
    start: str

    def __str__(self) -> str:
        return "|".join((self.host, self.boot, self.namespace, str(self.pid), self.start))

    @classmethod
    def parse(cls, text: str) -> ProcessIdentity | None:
        """Return the identity that `str` made, None for anything else."""
        fields = text.split("|")
        if len(fields) != 5 or not fields[3].isdigit():
            return None
        return cls(fields[0], fields[1], fields[2], int(fields[3]), fields[4])

    def is_alive(self) -> bool | None:
        """Whether the process runs; None where that cannot be known from here (another host, no /proc)."""
        here = this_process()
        if self == here:
            return True
        if (self.host, self.boot, self.namespace) != (here.host, here.boot, here.namespace):
            return None
        if self.start.startswith(_UNKNOWN):
            return None
        found = _start_of(self.pid)
        return None if found == _UNKNOWN else found == self.start


_UNKNOWN = "?"
_GONE = ("Z", "X", "x")
_known: dict[int, ProcessIdentity] = {}


def this_process() -> ProcessIdentity:
    """Return the identity of the calling process (of the child, after a fork)."""
    pid = os.getpid()
    if pid not in _known:
        _known[pid] = ProcessIdentity(
            gethostname().replace("|", "-"),
            _read("/proc/sys/kernel/random/boot_id"),
            _namespace(),
            pid,
            _own_start(pid),
        )
    return _known[pid]


def is_dead(owner: str, lease: float, now: float) -> bool:
    """Whether a running turn's owner is gone: looked at where possible, else by its lease.

    A process of this host that lives is not dead, however old its lease (it may have been suspended). `lease` and `now`
    are seconds since the epoch.
    """
    identity = ProcessIdentity.parse(owner)
    alive = None if identity is None else identity.is_alive()
    return lease < now if alive is None else not alive


def _own_start(pid: int) -> str:
    start = _start_of(pid)
    return f"{_UNKNOWN}{os.urandom(8).hex()}" if start in (None, _UNKNOWN) else str(start)


def _start_of(pid: int) -> str | None:
    """Return when a process of this machine started; None when it is gone or a zombie (killed, not yet collected), "?"
    where this system does not tell."""
    if Path("/proc/self/stat").exists():
        return _start_by_proc(pid)
    return _UNKNOWN if sys.platform == "win32" else _start_by_ps(pid)


def _start_by_proc(pid: int) -> str | None:
    text = _read(f"/proc/{pid}/stat")
    # The second field is the program's name in parentheses and may contain anything, so count from its end; field 22 is
    # the start in clock ticks after the boot.
    fields = text[text.rfind(")") + 1 :].split()
    return None if len(fields) < 20 or fields[0] in _GONE else fields[19]


def _start_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env={**os.environ, "LC_ALL": "C"})  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return _UNKNOWN
    state, _, start = done.stdout.strip().partition(" ")
    return None if not start or state[0] in _GONE else " ".join(start.split())


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
