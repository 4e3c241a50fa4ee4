"""Script: a piece of Lua that the server runs in one step, and what all of ours have in common. Pure.

Keys, each behind the owner's prefix, which every script is given as its one declared key:

- `job:ID` a hash of a job's fields as JSON; its remaining time tells how long the job has been inactive
- `lease:ID` is there while the job's kernel gives signs of life
- `running`, `ended` the ids of jobs, by the server's time
- `log:ID` a hash: generation, seq, end, and the size of the tail and the number of chunks of the text, which a whole log has
- `tail:ID` the newest entries, a stream with ids `generation-seq`
- `text:ID` a list of the joined events before them
- `readers:ID` a hash: how many readers each process has, and `made`, how many there ever were
- `process:ID` is there while a process follows logs: a stream whose entries wake the one that waits there
- `notices` a stream of what happened to jobs

All of them expire: what belongs to an ended job after `KEEP_SECONDS`, the others after `SAFETY_SECONDS` without a change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1

from nbchat.sessions.ports.streams import INACTIVE_SECONDS, KEEP_SECONDS, LEASE_SECONDS, MAX_JOBS

__all__ = ["SAFETY_SECONDS", "Script"]

SAFETY_SECONDS = 3600.0
"""After so long without an entry or an update a running job vanishes, should no kernel be there any more to end it."""
NOTICES = 1000
"""So many notices are kept: a kernel that was away for longer looks at all running jobs anyway."""

_COMMON = f"""
local p = KEYS[1]
local LEASE, KEEP, SAFETY = {LEASE_SECONDS * 1000:.0f}, {KEEP_SECONDS * 1000:.0f}, {SAFETY_SECONDS * 1000:.0f}
local INACTIVE, MAX_JOBS, RUNNING = {INACTIVE_SECONDS * 1000:.0f}, {MAX_JOBS}, '"running"'
local call = redis.call

local function renew(key)  -- not at every entry: a changed time is written to the server's disk, and to its copies
    if call('PTTL', key) < SAFETY - 60000 then call('PEXPIRE', key, SAFETY) end
end

local function notice(kind, id)
    call('XADD', p .. 'notices', 'MAXLEN', '~', {NOTICES}, '*', 'kind', kind, 'id', id)
    renew(p .. 'notices')
end

local function now()
    local time = call('TIME')
    return time[1] * 1000000 + time[2]
end

local function expire_log(id)
    for _, kind in ipairs({{'log:', 'tail:', 'text:', 'readers:'}}) do call('PEXPIRE', p .. kind .. id, KEEP) end
end

local function drop(id)
    for _, kind in ipairs({{'job:', 'lease:', 'log:', 'tail:', 'text:', 'readers:'}}) do call('DEL', p .. kind .. id) end
end
"""


@dataclass(frozen=True, slots=True)
class Script:
    """Lua, with what `_COMMON` defines in front of it; `sha` is the name by which a server knows it."""

    body: str
    text: str = field(init=False, repr=False)
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _COMMON + self.body)
        object.__setattr__(self, "sha", sha1(self.text.encode()).hexdigest())  # noqa: S324 - what EVALSHA goes by
