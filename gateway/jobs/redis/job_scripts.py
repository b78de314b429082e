"""The steps that partners ask for. ARGV goes on from that of the prelude."""

from __future__ import annotations

from gateway.jobs.redis.prelude import PRELUDE

_FIND = """
local id, principal = ARGV[2], ARGV[3]
if is_hidden(id, principal) then return {'missing'} end
"""

CREATE = (
    PRELUDE
    + """
local id, principal, key, fingerprint = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local live, uploading, bytes, keep, retry_of = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
if key ~= '' then
  local found = call('GET', P .. 'key:' .. key)
  if found then
    if get(found, 'fingerprint') ~= fingerprint then return {'reused'} end
    return {'found', found}
  end
end
if retry_of ~= '' and is_hidden(retry_of, principal) then return {'missing'} end
if call('SCARD', P .. 'live:' .. principal) >= live then return {'live_jobs'} end
if call('SCARD', P .. 'uploading') >= uploading then return {'uploading_jobs'} end
if count('bytes', 0) > bytes then return {'full'} end
local fields = {}
for at = 11, #ARGV do fields[#fields + 1] = ARGV[at] end
call('HSET', P .. 'job:' .. id, 'id', id, 'principal', principal, 'key', key, 'fingerprint', fingerprint,
  'created_at', stamp(now), 'part_at', stamp(now), 'expires_at', stamp(now + keep), 'version', 0,
  'keys_of', retry_of ~= '' and get(retry_of, 'keys_of') or id, 'retry_of', retry_of, unpack(fields))
turn_to(id, 'uploading', '')
call('ZADD', P .. 'jobs', 0, id)
call('ZADD', P .. 'jobs:of:' .. principal, 0, id)
if key ~= '' then call('SET', P .. 'key:' .. key, id) end
return {'made', id}
"""
)
"""ARGV: id, principal, key, fingerprint, the three bounds, seconds to keep, retry_of, further fields and values."""

LOOK = (
    PRELUDE
    + _FIND
    + """
local position = 0
if get(id, 'state') == 'queued' then
  local at = num(id, 'queued_at')
  for _, other in ipairs(call('SMEMBERS', P .. 'runnable')) do
    local theirs = num(other, 'queued_at')
    if get(other, 'state') == 'running' or theirs < at or (theirs == at and other < id) then position = position + 1 end
  end
end
return {'job', call('HGETALL', P .. 'job:' .. id), call('HGETALL', P .. 'errors:' .. id), position, stamp(now)}
"""
)

_PART = (
    _FIND
    + """
local number, digest = tonumber(ARGV[4]), ARGV[5]
if get(id, 'state') ~= 'uploading' then return {'state', get(id, 'state')} end
local taken = call('HGET', P .. 'parts:' .. id, number)
"""
)

HAS_PART = (
    PRELUDE
    + _PART
    + """
if taken and taken ~= digest then return {'differs'} end
return {taken and 'taken' or 'new'}
"""
)

REFUSE_PART = (
    PRELUDE
    + _PART
    + """
if not taken then call('SADD', P .. 'refused:' .. id, number) end
call('HSET', P .. 'job:' .. id, 'part_at', stamp(now))
return {'refused'}
"""
)

PUT_PART = (
    PRELUDE
    + _PART
    + """
local most, most_bytes, items, pieces = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local traceparent = ARGV[10]
if taken then return {taken == digest and 'taken' or 'differs'} end
if num(id, 'total') + items > most then return {'items', num(id, 'total') + items} end
local ids_at, size = 11 + 3 * pieces, 100 * items
for piece = 0, pieces - 1 do size = size + #ARGV[13 + 3 * piece] end
if count('bytes', 0) + size > most_bytes then return {'full'} end
local own, duplicates, total = {}, {}, 0
for line = 1, items do
  local item = ARGV[ids_at + line - 1]
  local first = call('HGET', P .. 'ids:' .. id, item) or own[item]
  if first then
    total = total + 1
    if total <= 100 then duplicates[total] = {line, item, first} end
  end
  own[item] = own[item] or (number .. ':' .. line)
end
if total > 0 then
  call('SADD', P .. 'refused:' .. id, number)
  call('HSET', P .. 'job:' .. id, 'part_at', stamp(now))
  return {'duplicates', total, duplicates}
end
for item, place in pairs(own) do call('HSET', P .. 'ids:' .. id, item, place) end
for piece = 0, pieces - 1 do
  local line, calls = tonumber(ARGV[11 + 3 * piece]), ARGV[13 + 3 * piece]
  local chunk = count('chunk', 1)
  call('HSET', P .. 'chunk:' .. chunk, 'part', number, 'line', line, 'items', ARGV[12 + 3 * piece], 'calls', calls,
    'settled', '0', 'attempts', 0, 'owner', '', 'is_done', 0, 'bytes', #calls, 'traceparent', traceparent)
  call('ZADD', P .. 'chunks:' .. id, number * 1048576 + line, chunk)
  call('ZADD', P .. 'unsettled:' .. id, chunk, chunk)
end
call('SADD', P .. 'with_ids', id)
count('bytes', size)
call('HSET', P .. 'parts:' .. id, number, digest)
call('HSET', P .. 'items:' .. id, number, items)
call('SREM', P .. 'refused:' .. id, number)
set(id, 'total', num(id, 'total') + items, 'part_at', stamp(now))
return {'taken'}
"""
)
"""ARGV after the part: most items, most bytes, items, pieces, traceparent; line, items and calls of each piece; the item ids."""

START = (
    PRELUDE
    + _FIND
    + """
local parts, is_rehearsed = tonumber(ARGV[4]), ARGV[5] == '1'
local state = get(id, 'state')
if state ~= 'uploading' then
  if num(id, 'parts') ~= parts then return {'state', state} end
  return {'started'}
end
local missing, refused, surplus = {}, {}, {}
for number = 1, parts do
  if call('SISMEMBER', P .. 'refused:' .. id, number) == 1 then refused[#refused + 1] = number
  elseif call('HEXISTS', P .. 'parts:' .. id, number) == 0 then missing[#missing + 1] = number end
end
local there = call('HKEYS', P .. 'parts:' .. id)
for _, number in ipairs(call('SMEMBERS', P .. 'refused:' .. id)) do there[#there + 1] = number end
for _, number in ipairs(there) do
  if tonumber(number) > parts then surplus[#surplus + 1] = tonumber(number) end
end
table.sort(surplus)
if #missing + #refused + #surplus > 0 then return {'parts', missing, refused, surplus} end
if is_rehearsed then return {'started'} end
local first = 0
for _, chunk in ipairs(call('ZRANGE', P .. 'chunks:' .. id, 0, -1)) do
  call('HSET', P .. 'chunk:' .. chunk, 'first_index', first)
  first = first + tonumber(call('HGET', P .. 'chunk:' .. chunk, 'items'))
end
call('ZUNIONSTORE', P .. 'open:' .. id, 1, P .. 'chunks:' .. id)
call('HSET', P .. 'job:' .. id, 'parts', parts, 'queued_at', stamp(now))
turn_to(id, 'queued', '')
return {'started'}
"""
)

PAUSE = (
    PRELUDE
    + _FIND
    + """
local state = get(id, 'state')
if state ~= 'queued' and state ~= 'running' and state ~= 'paused' then return {'state', state} end
if state ~= 'paused' or (ARGV[4] == 'operator' and get(id, 'why') ~= 'operator') then turn_to(id, 'paused', ARGV[4]) end
return {'paused'}
"""
)

RESUME = (
    PRELUDE
    + _FIND
    + """
local state = get(id, 'state')
if state ~= 'queued' and state ~= 'running' and state ~= 'paused' then return {'state', state} end
if state == 'paused' then
  if get(id, 'why') == 'operator' and principal ~= '' then return {'operator'} end
  call('HSET', P .. 'job:' .. id, 'due_at', 0, 'queued_at', stamp(now))
  if settled(id) >= border(id) then set(id, 'pause_after', '') end
  turn_to(id, num(id, 'started_at') > 0 and 'running' or 'queued', '')
end
return {'resumed'}
"""
)

CANCEL = (
    PRELUDE
    + _FIND
    + """
local state = get(id, 'state')
if SETS[state] and state ~= 'cancelling' then stop(id, ARGV[4], tonumber(ARGV[5])) end
return {'cancelled'}
"""
)

REMOVE = (
    PRELUDE
    + _FIND
    + """
if SETS[get(id, 'state')] then return {'state', get(id, 'state')} end
local key = get(id, 'key')
if key ~= '' then call('DEL', P .. 'key:' .. key) end
turn_to(id, 'removed', '')
call('ZREM', P .. 'ended', id)
call('ZREM', P .. 'jobs', id)
call('ZREM', P .. 'jobs:of:' .. get(id, 'principal'), id)
call('SADD', P .. 'removed', id)
return {'removed'}
"""
)

LINK = (
    PRELUDE
    + _FIND
    + """
set(id, 'retried_as', ARGV[4])
return {'linked'}
"""
)
