"""What lies under a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbchat.machine.filesystem import file_system, is_network

MOUNTS = r"""/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local ext4 rw 0 0
//nas/x /media/my\040disk cifs rw 0 0
garbage
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/a.db", "ext4"),
        ("/home/me/a.db", "nfs4"),
        ("/home/local/a.db", "ext4"),
        ("/homes/a.db", "ext4"),
        ("/media/my disk/a.db", "cifs"),
    ],
)
def test_file_system(path: str, expected: str) -> None:
    """The innermost mount counts, whole path components only, blanks unescaped."""
    assert file_system(Path(path), MOUNTS) == expected


def test_this_machine(tmp_path: Path) -> None:
    """A temporary directory of the machine that runs the tests is no network file system."""
    assert not is_network(tmp_path / "a.db")
