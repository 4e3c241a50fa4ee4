"""Jobs and event logs on a Redis server, for the kernels of many machines. redis-py is loaded when the first call is made."""

from __future__ import annotations

from nbchat.sessions.ports import Clock, EventTransport, JobStore
from nbchat.streams.redis.address import Address
from nbchat.streams.redis.jobs import RedisJobStore
from nbchat.streams.redis.log import RedisEventTransport
from nbchat.streams.redis.server import Server
from nbchat.streams.redis.tail import Tail

__all__ = ["open_redis"]


def open_redis(url: str, clock: Clock, owner: str) -> tuple[JobStore, EventTransport]:
    """Return the jobs and logs of `owner` on the server that the URL names; nothing is connected yet. Raises ConfigError for a
    URL that cannot be used."""
    server = Server(Address.parse(url), owner, clock)
    tail = Tail(server)
    log = RedisEventTransport(server, tail)
    return RedisJobStore(server, tail, log), log
