"""What lies under a database file: network file systems (where WAL is unsafe), directories and files of the right mode.

SQLite's WAL needs memory shared between all readers, which no network file system gives (sqlite.org/wal.html).
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["file_system", "is_network", "prepare"]

_NETWORK = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
    "orangefs", "pvfs2", "smb2", "smb3", "smbfs", "sshfs", "vboxsf", "virtiofs", "wekafs",
})  # fmt: skip


def file_system(path: Path, mounts: str | None = None) -> str:
    """Return the type of the file system that `path` lies on, "" where it cannot be known (no /proc: not Linux).

    `mounts` is the text of /proc/self/mounts; its fields are separated by spaces, blanks within are octal escapes.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    real = os.path.realpath(path)
    best, found = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:  # a later mount on the same point covers the earlier
            best, found = len(point), fields[2]
    return found


def is_network(path: Path) -> bool:
    """Whether the file lies on a network file system, as far as this platform tells."""
    return file_system(path) in _NETWORK


def prepare(path: Path) -> None:
    """Make the directory (0700) and an empty file (0600) where they are missing; what exists keeps its mode.

    SQLite gives its -wal and -shm files the mode of the database, so they are private too. Those that were made while the
    database was read-only get its mode of now, else it could not be written again. Raises OSError.
    """
    missing = [parent for parent in (path.parent, *path.parent.parents) if not parent.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists() and os.access(path, os.W_OK) and not os.access(beside, os.W_OK):
            with suppress(OSError):
                beside.chmod(stat.S_IMODE(path.stat().st_mode))
