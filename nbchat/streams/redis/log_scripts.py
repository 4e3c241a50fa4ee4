"""What the server does with event logs and their readers, each in one step."""

from __future__ import annotations

from nbchat.streams.redis.scripts import Script

__all__ = ["APPEND", "BEAT", "COUNT_READERS", "FOLD", "FORGET", "POSITION", "READ", "READERS", "REWRITE", "STATE"]

_LOG = """
-- What is known of a log: generation and seq, nil where there is none. A server that is short of memory may have thrown away one
-- of its keys: then there is none.
local function known(id)
    local held = call('HMGET', p .. 'log:' .. id, 'generation', 'seq', 'end', 'chunks')
    if not held[1] then return nil end
    local whole = call('EXISTS', p .. 'tail:' .. id) == 1 and call('LLEN', p .. 'text:' .. id) == tonumber(held[4])
    return tonumber(held[1]), whole and tonumber(held[2]) or nil, held[3]
end

local function begin(id, generation)  -- a server that is full refuses the first line, and would none behind it
    call('HSET', p .. 'log:' .. id, 'generation', generation, 'size', 0, 'chunks', 0)
    call('HDEL', p .. 'log:' .. id, 'seq', 'end')
    call('DEL', p .. 'tail:' .. id, p .. 'text:' .. id)
    call('PEXPIRE', p .. 'log:' .. id, KEEP)  -- so little that the first entry prolongs it, and with it the others, which are new
end

local function add(id, generation, after, seq, events, size, ended)
    local entry = string.format('%.0f-%.0f', generation, seq)
    call('XADD', p .. 'tail:' .. id, entry, 'after', string.format('%.0f', after), 'events', events)
    call('HSET', p .. 'log:' .. id, 'seq', string.format('%.0f', seq))
    if ended == '1' then call('HSET', p .. 'log:' .. id, 'end', 1) end
    local status = call('HGET', p .. 'job:' .. id, 'status')
    if status == RUNNING then
        call('PEXPIRE', p .. 'job:' .. id, SAFETY)
        renew(p .. 'running')
    end
    if ended == '1' or (status and status ~= RUNNING) then
        expire_log(id)
    elseif call('PTTL', p .. 'log:' .. id) < SAFETY - 60000 then
        for _, kind in ipairs({'log:', 'tail:', 'text:', 'readers:'}) do call('PEXPIRE', p .. kind .. id, SAFETY) end
    end
    return call('HINCRBY', p .. 'log:' .. id, 'size', size)
end
"""

APPEND = Script(
    _LOG
    + """
-- ARGV: id, generation, after or '', seq or '', events, their size, '1' for an end. Returns seq, length and size of the tail; or
-- what forbids it
local id, generation, after, seq = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local current, last, ended = known(id)
if current and generation < current then return {'older', current} end
if current ~= generation then last, ended = nil, nil end
if seq and last and seq <= last then return {seq, 0, 0} end
if last and ended then return {'ended'} end
if after and after ~= (last or 0) then return {'gap', last or 0} end
if ARGV[5] == '' then return {last or 0, 0, 0} end
if not last then begin(id, ARGV[2]) end
local size = add(id, generation, last or 0, seq or (last or 0) + 1, ARGV[5], ARGV[6], ARGV[7])
return {seq or (last or 0) + 1, call('XLEN', p .. 'tail:' .. id), size}
"""
)

REWRITE = Script(
    _LOG
    + """
-- ARGV: id, generation, seq, events, their size, '1' for an end
local id, generation, seq = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local current, last = known(id)
if current and generation < current then return {'older', current} end
if current == generation and last and last >= seq then return {} end
begin(id, ARGV[2])
add(id, generation, 0, seq, ARGV[4], ARGV[5], ARGV[6])
return {}
"""
)

FOLD = Script("""
-- ARGV: id, the id of the first of the entries that are folded, their number and size, what they fold to. Does nothing where the
-- tail begins otherwise: they were folded already, or the log was written again, before this came
local log, tail, text = p .. 'log:' .. ARGV[1], p .. 'tail:' .. ARGV[1], p .. 'text:' .. ARGV[1]
local oldest = call('XRANGE', tail, '-', '+', 'COUNT', 1)[1]
if not oldest or oldest[1] ~= ARGV[2] then return 0 end
call('RPUSH', text, ARGV[5])
call('HINCRBY', log, 'chunks', 1)
call('HINCRBY', log, 'size', -ARGV[4])
call('XTRIM', tail, 'MAXLEN', call('XLEN', tail) - ARGV[3])
call('PEXPIRE', text, math.max(call('PTTL', log), 1))
return 1
""")

READ = Script(
    _LOG
    + """
-- ARGV: id, generation, after. Returns {seq, entries}
local current, last = known(ARGV[1])
if not last or current ~= tonumber(ARGV[2]) then return {} end
return {last, call('XRANGE', p .. 'tail:' .. ARGV[1], string.format('%.0f-%.0f', current, tonumber(ARGV[3]) + 1), '+')}
"""
)

STATE = Script(
    _LOG
    + """
-- ARGV: id. Returns {generation, seq, texts, entries}
local current, last = known(ARGV[1])
if not last then return {} end
return {current, last, call('LRANGE', p .. 'text:' .. ARGV[1], 0, -1), call('XRANGE', p .. 'tail:' .. ARGV[1], '-', '+')}
"""
)

POSITION = Script(
    _LOG
    + """
-- ARGV: ids. Returns the id of the newest notice, then generation and seq of each log
local newest = call('XREVRANGE', p .. 'notices', '+', '-', 'COUNT', 1)
local answer = {newest[1] and newest[1][1] or '0-0'}
for _, id in ipairs(ARGV) do
    local current, last = known(id)
    answer[#answer + 1] = {last and current or 0, last or 0}
end
return answer
"""
)

FORGET = Script("""
-- ARGV: id
call('DEL', p .. 'log:' .. ARGV[1], p .. 'tail:' .. ARGV[1], p .. 'text:' .. ARGV[1], p .. 'readers:' .. ARGV[1])
return 1
""")

_READERS = """
local function sign(process)  -- of life, which also wakes its process
    local key = p .. 'process:' .. process
    call('XADD', key, 'MAXLEN', 1, '*', 'wake', 1)
    call('PEXPIRE', key, LEASE)
end

local function counted(id)  -- the readers of living processes, and whether some of a dead one were forgotten
    local key, total, dead = p .. 'readers:' .. id, 0, false
    local held = call('HGETALL', key)
    for n = 1, #held, 2 do
        if held[n] ~= 'made' then
            if call('EXISTS', p .. 'process:' .. held[n]) == 1 then
                total = total + held[n + 1]
            else
                call('HDEL', key, held[n])
                dead = true
            end
        end
    end
    return total, dead
end
"""

READERS = Script(
    _READERS
    + """
-- ARGV: process, then for each log: id, how many readers the process has, how many it made, how often its last one left
sign(ARGV[1])
for n = 2, #ARGV, 4 do
    local id, key, count = ARGV[n], p .. 'readers:' .. ARGV[n], tonumber(ARGV[n + 1])
    local before = counted(id)
    local ours = tonumber(call('HGET', key, ARGV[1]) or 0)
    if count > 0 then call('HSET', key, ARGV[1], count) else call('HDEL', key, ARGV[1]) end
    if ARGV[n + 2] ~= '0' then call('HINCRBY', key, 'made', ARGV[n + 2]) end
    local rest = call('PTTL', p .. 'log:' .. id)
    call('PEXPIRE', key, rest > 0 and rest or SAFETY)
    if before == ours then
        for _ = 1, tonumber(ARGV[n + 3]) do notice('left', id) end
    end
end
return 1
"""
)

COUNT_READERS = Script(
    _READERS
    + """
-- ARGV: id. Returns how many readers there are, and how many there ever were
local total, dead = counted(ARGV[1])
if dead and total == 0 then notice('left', ARGV[1]) end
return {total, tonumber(call('HGET', p .. 'readers:' .. ARGV[1], 'made') or 0)}
"""
)

BEAT = Script("""
-- ARGV: process. Returns 0 where the server had forgotten it
return call('PEXPIRE', p .. 'process:' .. ARGV[1], LEASE)
""")
