"""What a Redis server says when it cannot, and what people are told: the server's lines as it sends them."""

from __future__ import annotations

import pytest
from redis._parsers.base import BaseParser

from nbchat.core.errors import ChatError, ConfigError
from nbchat.sessions.ports import StreamsError
from nbchat.streams.redis.address import Address
from nbchat.streams.redis.trouble import told

ADDRESS = Address.parse("redis://ada:secret-word@host")
SCRIPT = " script: 0123456789abcdef, on @user_script:12."
MAY_PASS = {
    "LOADING Redis is loading the dataset in memory": "is still reading its data",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": "has lost the server",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist.": "cannot write to its disk",
    "NOREPLICAS Not enough good replicas to write.": "too few copies",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.": "held up by somebody's script",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)": "being made a copy",
    "ERR max number of clients reached": "has no connection left",
    f"READONLY You can't write against a read only replica.{SCRIPT}": "takes no changes",
    f"OOM command not allowed when used memory > 'maxmemory'.{SCRIPT}": "is full",
    "ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -OOM command not allowed": "is full",
    "ERR something that no version said so far, secret-word": "refused: something that no version said so far, ***",
}
CANNOT_WORK = {
    "NOPERM this user has no permissions to run the 'evalsha' command": "~nbchat:me:*",
    f"ERR The user executing the script can't run this command or subcommand{SCRIPT}": "~nbchat:me:*",
    f"ERR The user executing the script can't access at least one of the keys mentioned{SCRIPT}": "~nbchat:me:*",
    "NOAUTH Authentication required.": "NBCHAT_STREAMS",
    "WRONGPASS invalid username-password pair or user is disabled.": "NBCHAT_STREAMS",
    "MOVED 3999 127.0.0.1:6381": "single server",
    "CROSSSLOT Keys in request don't hash to the same slot": "single server",
    "CLUSTERDOWN Hash slot not served": "single server",
    f"ERR Script attempted to access a non local key in a cluster node{SCRIPT}": "single server",
    "ERR unknown command `XREAD`, with args beginning with: `COUNT`, `500`,": "Redis 6.2 or newer",
    f"WRONGTYPE Operation against a key holding the wrong kind of value{SCRIPT}": "?prefix=NAME",
    "ERR DB index is out of range": "Correct the number",
}


def read(line: str) -> ChatError:
    """What is told when redis-py has read this line."""
    error = BaseParser.parse_error(line)  # type: ignore[no-untyped-call]
    return told(error, ADDRESS, "nbchat:me:")


@pytest.mark.parametrize("line", MAY_PASS)
def test_what_may_pass(line: str) -> None:
    """Trouble, in words that say what it is."""
    error = read(line)
    assert isinstance(error, StreamsError)
    assert MAY_PASS[line] in str(error)
    assert "secret-word" not in str(error)


@pytest.mark.parametrize("line", CANNOT_WORK)
def test_what_cannot_work(line: str) -> None:
    """A set-up, and what to do about it."""
    error = read(line)
    assert isinstance(error, ConfigError)
    assert CANNOT_WORK[line] in str(error)
    assert "Redis at host:6379" in str(error)
