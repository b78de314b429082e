"""The Lua scripts of the Redis store. Each is one atomic step on a record.

KEYS: the record (hash), its events (list), its lease (string).
ARGV begins with the owner, then the lifetimes of record and lease in milliseconds.
"""

from __future__ import annotations

_RENEW = """
local function renew()
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[3])
  redis.call('HDEL', KEYS[1], 'noticed')
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
"""

_ROLL_BACK = """
local function roll_back()
  local base = tonumber(redis.call('HGET', KEYS[1], 'base'))
  if base == 0 then
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
  else
    redis.call('LTRIM', KEYS[2], 0, base - 1)
    redis.call('HSET', KEYS[1], 'owner', '')
    redis.call('DEL', KEYS[3])
  end
end
"""

_PAGE = """
-- What tells one run of a record from the next, and the events from one on, up to the bytes of a page.
local function stands()
  return tostring(redis.call('HGET', KEYS[1], 'owner')) .. '/' .. tostring(redis.call('HGET', KEYS[1], 'closed_by'))
end
local function page(first, upto, most)
  local events, size = {}, 0
  while first < upto and size < most do
    local event = redis.call('LINDEX', KEYS[2], first)
    if not event then break end
    events[#events + 1] = event
    size = size + #event
    first = first + 1
  end
  return events
end
"""

_WAIT = """
-- Milliseconds in which the owner may still write, 0 where there is none.
-- Whoever could not write while the lease ran out may know more than the record: it is given notice.
local function wait(notice)
  local lease_left = redis.call('PTTL', KEYS[3])
  if lease_left > 0 then return lease_left end
  local owner = redis.call('HGET', KEYS[1], 'owner')
  if owner == '' or redis.call('HGET', KEYS[1], 'noticed') == owner then return 0 end
  redis.call('HSET', KEYS[1], 'noticed', owner)
  redis.call('SET', KEYS[3], owner, 'PX', notice)
  return tonumber(notice)
end
"""

_CLAIM = """
-- An owner that claims twice has not had its first answer: what that did is undone.
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then roll_back() end
local fingerprint = redis.call('HGET', KEYS[1], 'fingerprint')
if not fingerprint then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[4], 'owner', ARGV[1], 'base', 0)
  redis.call('RPUSH', KEYS[2], ARGV[5])
  renew()
  return {'held', 0}
end
if fingerprint ~= ARGV[4] then return {'mismatch', {}} end
local left = wait(ARGV[7])
if left > 0 then return {'running', left} end
local events = redis.call('LLEN', KEYS[2])
local answer = 'complete'
if redis.call('HGET', KEYS[1], 'complete') ~= '1' then
  redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'base', events)
  renew()
  answer = 'held'
end
return {answer, events, stands(), page(0, events, tonumber(ARGV[6]))}
"""

_APPEND = """
-- Who closes twice has not had its first answer.
if ARGV[4] ~= '' and redis.call('HGET', KEYS[1], 'closed_by') == ARGV[1] then return 1 end
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
for i = 5, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
renew()
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'owner', '', 'closed_by', ARGV[1], 'complete', ARGV[4])
  redis.call('DEL', KEYS[3])
end
return 1
"""

_UNDO = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
roll_back()
return 1
"""

_READ = """
if stands() ~= ARGV[4] then return false end
return page(tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
"""

_LOOK = """
if redis.call('EXISTS', KEYS[1]) == 0 then return {'none', 0} end
local left = wait(ARGV[5])
if left > 0 then return {'running', left} end
local events = redis.call('LLEN', KEYS[2])
return {'found', events, stands(), page(0, events, tonumber(ARGV[4]))}
"""

CLAIM = _RENEW + _ROLL_BACK + _PAGE + _WAIT + _CLAIM
"""Take the lease. ARGV[4] to ARGV[7]: fingerprint, first mark, bytes of a page, milliseconds of notice.

Returns the result, and the lease's milliseconds (``running``) or the number of events.
For a record that was there before: also the state that ``READ`` needs, and the first page.
"""

LOOK = _PAGE + _WAIT + _LOOK
"""What is kept, without a lease. ARGV[4], ARGV[5]: bytes of a page, milliseconds of notice. Returns as ``CLAIM`` does."""

READ = _PAGE + _READ
"""More events. ARGV[4] to ARGV[7]: the state from ``CLAIM``, first event, end (exclusive), bytes of a page."""

APPEND = _RENEW + _APPEND
"""Add events. ARGV[4]: '' to go on; '0' or '1' gives the lease back with that as `complete`. Then events."""

UNDO = _ROLL_BACK + _UNDO
"""Remove what was written since the claim."""
