"""What the server does with jobs, each in one step. A job comes back as its fields and whether its kernel has a lease."""

from __future__ import annotations

from nbchat.streams.redis.scripts import Script

__all__ = ["CLEAN", "CREATE", "DELETE", "FIND", "GET", "RENEW", "RUNNING", "STATUSES", "STOP", "UPDATE"]

_FOUND = """
local function found(id)
    local fields = call('HGETALL', p .. 'job:' .. id)
    if #fields == 0 then return false end
    return {fields, call('EXISTS', p .. 'lease:' .. id)}
end

local function running()  -- oldest first; those whose keys are gone are forgotten
    local ids = {}
    for _, id in ipairs(call('ZRANGE', p .. 'running', 0, -1)) do
        if call('EXISTS', p .. 'job:' .. id) == 1 then ids[#ids + 1] = id else call('ZREM', p .. 'running', id) end
    end
    return ids
end

local function bounded()
    local over = call('ZCARD', p .. 'running') + call('ZCARD', p .. 'ended') - MAX_JOBS
    local dropped = 0
    if over > 0 then
        local oldest = call('ZPOPMIN', p .. 'ended', over)
        for n = 1, #oldest, 2 do drop(oldest[n]); dropped = dropped + 1 end
    end
    return dropped
end
"""

CREATE = Script(
    _FOUND
    + """
-- ARGV: id, limit or '', then names and values. Returns {'known' | 'made', job} or {'limit'}
local id, limit = ARGV[1], tonumber(ARGV[2])
local known = found(id)
if known then return {'known', known} end
if limit then  -- what a dead kernel left behind holds no place
    local alive = 0
    for _, other in ipairs(running()) do alive = alive + call('EXISTS', p .. 'lease:' .. other) end
    if alive >= limit then return {'limit'} end
end
local job = p .. 'job:' .. id
call('HSET', job, unpack(ARGV, 3))
call('PEXPIRE', job, SAFETY)
call('SET', p .. 'lease:' .. id, 1, 'PX', LEASE)
call('ZADD', p .. 'running', now(), id)
call('PEXPIRE', p .. 'running', SAFETY)
bounded()
notice('job', id)
return {'made', found(id)}
"""
)

GET = Script(
    _FOUND
    + """
-- ARGV: ids. Returns a job or false for each
local jobs = {}
for n, id in ipairs(ARGV) do jobs[n] = found(id) end
return jobs
"""
)

RUNNING = Script(
    _FOUND
    + """
local jobs = {}
for _, id in ipairs(running()) do jobs[#jobs + 1] = found(id) end
return jobs
"""
)

FIND = Script(
    _FOUND
    + """
-- ARGV: conversation id. Returns its newest running job, or nothing
local ids = running()
for n = #ids, 1, -1 do
    if call('HGET', p .. 'job:' .. ids[n], 'conversation_id') == ARGV[1] then return {found(ids[n])} end
end
return {}
"""
)

UPDATE = Script(
    _FOUND
    + """
-- ARGV: id, generation, '1' to end the job, '1' to do so only when it is inactive, then names and values ('': none any more)
local id, job = ARGV[1], p .. 'job:' .. ARGV[1]
local held = call('HMGET', job, 'generation', 'status')
if held[1] ~= ARGV[2] or held[2] ~= RUNNING then return {} end
if ARGV[4] == '1' and call('PTTL', job) > SAFETY - INACTIVE then return {} end
for n = 5, #ARGV, 2 do
    if ARGV[n + 1] == '' then call('HDEL', job, ARGV[n]) else call('HSET', job, ARGV[n], ARGV[n + 1]) end
end
if ARGV[3] ~= '1' then
    call('PEXPIRE', job, SAFETY)
    renew(p .. 'running')
    return {found(id)}
end
call('PEXPIRE', job, KEEP)
expire_log(id)
call('DEL', p .. 'lease:' .. id)
call('ZREM', p .. 'running', id)
call('ZADD', p .. 'ended', now(), id)
call('PEXPIRE', p .. 'ended', 2 * KEEP)  -- longer than its members, so that they are missed
bounded()
notice('job', id)
return {found(id)}
"""
)

STOP = Script("""
-- ARGV: id, generation
local held = call('HMGET', p .. 'job:' .. ARGV[1], 'generation', 'status')
if held[1] ~= ARGV[2] or held[2] ~= RUNNING then return 0 end
call('HSET', p .. 'job:' .. ARGV[1], 'stop_requested', 'true')
notice('job', ARGV[1])
return 1
""")

RENEW = Script("""
-- ARGV: ids
for _, id in ipairs(ARGV) do
    if call('HGET', p .. 'job:' .. id, 'status') == RUNNING then
        local lease = p .. 'lease:' .. id  -- to prolong is allowed on a full server too
        if call('PEXPIRE', lease, LEASE) == 0 then call('SET', lease, 1, 'PX', LEASE) end
        if not call('ZSCORE', p .. 'running', id) then call('ZADD', p .. 'running', now(), id) end  -- it was evicted
    end
end
if #ARGV > 0 then renew(p .. 'running') end
return 1
""")

DELETE = Script("""
-- ARGV: id
drop(ARGV[1])
call('ZREM', p .. 'running', ARGV[1])
call('ZREM', p .. 'ended', ARGV[1])
return 1
""")

CLEAN = Script(
    _FOUND
    + """
-- Returns how many ended jobs went, and id and generation of each running one that is inactive
local answer = {0}
for _, id in ipairs(call('ZRANGE', p .. 'ended', 0, -1)) do
    if call('EXISTS', p .. 'job:' .. id) == 0 then
        call('ZREM', p .. 'ended', id)
        answer[1] = answer[1] + 1
    end
end
answer[1] = answer[1] + bounded()
for _, id in ipairs(running()) do
    if call('PTTL', p .. 'job:' .. id) <= SAFETY - INACTIVE then
        answer[#answer + 1] = id
        answer[#answer + 1] = call('HGET', p .. 'job:' .. id, 'generation')
    end
end
return answer
"""
)

STATUSES = Script("""
-- the status of each job, as JSON
local statuses = {}
for _, index in ipairs({'running', 'ended'}) do
    for _, id in ipairs(call('ZRANGE', p .. index, 0, -1)) do
        local status = call('HGET', p .. 'job:' .. id, 'status')
        if status then statuses[#statuses + 1] = status end
    end
end
return statuses
""")
