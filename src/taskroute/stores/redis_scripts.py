"""What runs inside a Redis or Valkey server, in Lua: the steps of a command that nothing may come between.

Scripts for a sized store are given the key of the entry, and those of its shard's books: how often entries are used (sorted), when they end
(sorted), how large they are, and sums. Then follow the beginning of all keys of entries, the shard's share in bytes, and the name.
"""

from __future__ import annotations

from typing import Final

# Each script is sent whole, with all the functions it calls. What it writes is written even when something later in it fails, so that the
# first write is the one that a full or read-only server refuses.
INCREMENT: Final = """
local new = redis.call('EXISTS', KEYS[1]) == 0
redis.call('INCRBY', KEYS[1], ARGV[1])
if new then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])
"""

COMPARE_AND_SET: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""

_BOOKS: Final = """
local entry, frequencies, times, sizes, sums = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local base, share, name = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function forget(name)
    local size = redis.call('HGET', sizes, name)
    if size then
        redis.call('HINCRBY', sums, 'bytes', -size)
        redis.call('HDEL', sizes, name)
    end
    redis.call('ZREM', frequencies, name)
    redis.call('ZREM', times, name)
end

local function drop(name)
    redis.call('DEL', base .. name)
    forget(name)
end
"""

# A use weighs a little more than the one before it, which comes to the same as all earlier ones weighing a little less.
_USE: Final = """
local function use(name)
    local weight = tonumber(redis.call('HGET', sums, 'weight') or 1)
    weight = weight * 2 ^ (1 / math.max(100, 10 * redis.call('ZCARD', frequencies)))
    if weight > 1e100 then
        redis.call('ZUNIONSTORE', frequencies, 1, frequencies, 'WEIGHTS', string.format('%.17g', 1 / weight))
        weight = 1
    end
    weight = string.format('%.17g', weight)
    redis.call('ZINCRBY', frequencies, weight, name)
    redis.call('HSET', sums, 'weight', weight)
end
"""

_KEEP: Final = """
local function expired(limit)
    return redis.call('ZRANGEBYSCORE', times, '-inf', now(), 'LIMIT', 0, limit)
end

local function record(name)
    local size = #name + redis.call('STRLEN', base .. name)
    local left = redis.call('PTTL', base .. name)
    redis.call('HINCRBY', sums, 'bytes', size - (redis.call('HGET', sizes, name) or 0))
    redis.call('HSET', sizes, name, size)
    if left < 0 then redis.call('ZREM', times, name) else redis.call('ZADD', times, now() + left, name) end
    return size
end

local function least_used()
    for _, other in ipairs(redis.call('ZRANGE', frequencies, 0, 1)) do
        if other ~= name then return other end
    end
end

local function keep()
    if record(name) > share then return drop(name) end
    use(name)
    for _, other in ipairs(expired(100)) do drop(other) end
    while tonumber(redis.call('HGET', sums, 'bytes')) > share do
        local other = expired(1)[1] or least_used()
        if not other then return end
        drop(other)
    end
end

local function set(value, ms)
    if ms == '0' then redis.call('SET', entry, value) else redis.call('SET', entry, value, 'PX', ms) end
    keep()
end
"""

# An answer that cannot be counted as used, since the server is full or may only be read, is an answer all the same.
SIZED_GET: Final = (
    _BOOKS
    + _USE
    + """
local value = redis.call('GET', entry)
if value then pcall(use, name) elseif redis.call('HEXISTS', sizes, name) == 1 then pcall(forget, name) end
return value
"""
)

SIZED_PUT: Final = _BOOKS + _USE + _KEEP + "set(ARGV[4], ARGV[5])"

SIZED_DELETE: Final = _BOOKS + "drop(name)"

SIZED_INCREMENT: Final = (
    _BOOKS
    + _USE
    + _KEEP
    + """
local new = redis.call('EXISTS', entry) == 0
redis.call('INCRBY', entry, ARGV[4])
if new and ARGV[5] ~= '0' then redis.call('PEXPIRE', entry, ARGV[5]) end
local total = redis.call('GET', entry)
keep()
return total
"""
)

SIZED_COMPARE_AND_SET: Final = (
    _BOOKS
    + _USE
    + _KEEP
    + """
local expected = ARGV[6] == '1' and ARGV[7]
if redis.call('GET', entry) ~= expected then return 0 end
set(ARGV[4], ARGV[5])
return 1
"""
)

TALLY: Final = (
    _BOOKS
    + _KEEP
    + """
local over = expired(1000)
for _, other in ipairs(over) do drop(other) end
return {#over == 1000 and 1 or 0, redis.call('HLEN', sizes), tonumber(redis.call('HGET', sums, 'bytes') or 0)}
"""
)

CHECK: Final = (
    _BOOKS
    + _USE
    + _KEEP
    + """
local found = {}
local time = now()

local function problem(name)
    local size, frequency = redis.call('HGET', sizes, name), redis.call('ZSCORE', frequencies, name)
    local ends = redis.call('ZSCORE', times, name)
    local left = redis.call('PTTL', base .. name)
    if left == -2 then
        if (size or frequency or ends) and not (ends and tonumber(ends) <= time) then return 'is on the books and not in the store' end
        return
    end
    if not size then return 'is in the store and not on the books' end
    if tonumber(size) ~= #name + redis.call('STRLEN', base .. name) then return 'has another size than on the books' end
    if not frequency then return 'has no frequency on the books' end
    if (left >= 0) ~= (ends and true or false) then return 'has an end in the store or on the books, and not in both' end
    if ends and math.abs(ends - time - left) > 1000 then return 'has another end than on the books' end
end

for i = 4, #ARGV do
    local wrong = problem(ARGV[i])
    if wrong then
        found[#found + 1] = ARGV[i]
        found[#found + 1] = wrong
        if ARGV[3] == '1' then
            if redis.call('EXISTS', base .. ARGV[i]) == 0 then
                forget(ARGV[i])
            else
                record(ARGV[i])
                use(ARGV[i])
            end
        end
    end
end
return found
"""
)

TOTAL: Final = (
    _BOOKS
    + """
local sum = 0
for _, size in ipairs(redis.call('HVALS', sizes)) do sum = sum + size end
local recorded = tonumber(redis.call('HGET', sums, 'bytes') or 0)
if ARGV[3] == '1' and recorded ~= sum then redis.call('HSET', sums, 'bytes', sum) end
return {recorded, sum}
"""
)
