"""What the Lua scripts share.

KEYS[1] begins every key; its hash tag keeps them on one node. ARGV[1]: the time to take for Redis' own, empty but in tests.
A script returns a list whose first word says what came of it.

::

    job:ID        hash, the columns of a job              jobs, jobs:of:P   sorted by id
    parts:ID      hash, number to digest                  items:ID          hash, number to items
    refused:ID    set of numbers                          ids:ID            hash, item id to part:line
    chunks:ID     sorted by place, all chunks of a job    open:ID           those that nobody runs
    later:ID      by the time they are due                leased:ID         by the end of the lease
    chunk:N       hash                                    events:N          list, the journal; =R points to a result
    results:ID    by number                               result:N          hash
    unsettled:ID  chunks by number, those not done
    errors:ID     hash, n: i: s: and a code               key:K             the job that a key made
    uploading runnable paused cancelling removed with_ids  sets of jobs; ended: by expiry
    live:P        set of a principal's live jobs          states counters partners workers
"""

from __future__ import annotations

PRELUDE = """
local P = KEYS[1]
local call = redis.call
local clock = call('TIME')
local now = tonumber(ARGV[1]) or tonumber(clock[1]) + tonumber(clock[2]) / 1000000
-- Nothing waits longer: the clock was set back since.
local function is_due(at) return at <= now or at > now + 60 end
local function stamp(time) return string.format('%.6f', time) end
local function get(id, name) return call('HGET', P .. 'job:' .. id, name) end
local function num(id, name) return tonumber(get(id, name) or '') or 0 end
local function set(id, ...)
  call('HSET', P .. 'job:' .. id, ...)
  call('HINCRBY', P .. 'job:' .. id, 'version', 1)
end
local function count(name, by) return call('HINCRBY', P .. 'counters', name, by) end
local function is_hidden(id, principal)
  local owner = get(id, 'principal')
  return not owner or get(id, 'state') == 'removed' or (principal ~= '' and principal ~= owner)
end
local SETS = {uploading = 'uploading', queued = 'runnable', running = 'runnable', paused = 'paused',
              cancelling = 'cancelling'}
local function turn_to(id, state, why)
  local before, principal = get(id, 'state'), get(id, 'principal')
  if before and before ~= '' then
    call('HINCRBY', P .. 'states', before, -1)
    if SETS[before] then call('SREM', P .. SETS[before], id) end
  end
  if state ~= 'removed' then call('HINCRBY', P .. 'states', state, 1) end
  if SETS[state] then
    call('SADD', P .. SETS[state], id)
    call('SADD', P .. 'live:' .. principal, id)
  else
    call('SREM', P .. 'live:' .. principal, id)
  end
  set(id, 'state', state, 'why', why)
end
local function settled(id) return num(id, 'applied') + num(id, 'failed') + num(id, 'unknown') end
local function ended_state(id)
  local why, total, applied = get(id, 'why'), num(id, 'total'), num(id, 'applied')
  local is_stopped = why == 'asked' or why == 'operator' or why == 'idle' or why == 'expired'
  if is_stopped and settled(id) < math.max(1, total) then return 'cancelled' end
  if applied == total then return 'succeeded' end
  return applied > 0 and 'partial' or 'failed'
end
local function forget_journals(id, key)
  for _, chunk in ipairs(call('ZRANGE', P .. key .. ':' .. id, 0, -1)) do
    call('HSET', P .. 'chunk:' .. chunk, 'owner', '')
    call('DEL', P .. 'events:' .. chunk)
  end
end
-- A chunk whose dead worker may have sent items.
local function in_doubt(id)
  for _, chunk in ipairs(call('ZRANGEBYSCORE', P .. 'leased:' .. id, '-inf', stamp(now))) do
    if call('LLEN', P .. 'events:' .. chunk) > 0 then return chunk end
  end
end
local function end_if_over(id, keep)
  local state = get(id, 'state')
  if not SETS[state] or state == 'uploading' then return end
  if state == 'cancelling' then
    if call('ZCOUNT', P .. 'leased:' .. id, '(' .. stamp(now), '+inf') > 0 then return end
    if num(id, 'expires_at') > now and in_doubt(id) then return end
  elseif call('ZCARD', P .. 'open:' .. id) + call('ZCARD', P .. 'later:' .. id)
      + call('ZCARD', P .. 'leased:' .. id) > 0 then
    return
  end
  for _, key in ipairs({'leased', 'open', 'later'}) do
    forget_journals(id, key)
    call('DEL', P .. key .. ':' .. id)
  end
  turn_to(id, ended_state(id), get(id, 'why'))
  call('HSET', P .. 'job:' .. id, 'ended_at', stamp(now), 'expires_at', stamp(now + keep))
  call('ZADD', P .. 'ended', stamp(now + keep), id)
end
local function stop(id, why, keep)
  turn_to(id, 'cancelling', why)
  end_if_over(id, keep)
end
local function border(id)
  local pause_after = num(id, 'pause_after')
  return pause_after > 0 and pause_after or math.huge
end
"""
