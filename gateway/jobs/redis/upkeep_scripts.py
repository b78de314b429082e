"""Heartbeats, permits, the sweep and the gauges. ARGV goes on from that of the prelude."""

from __future__ import annotations

from gateway.jobs.redis.prelude import PRELUDE

BEAT = PRELUDE + "call('ZADD', P .. 'workers', stamp(now), ARGV[2]) return {'alive'}"
REST = PRELUDE + "call('ZREM', P .. 'workers', ARGV[2]) return {'gone'}"
WORKERS = PRELUDE + "return {call('ZCOUNT', P .. 'workers', '(' .. stamp(now - tonumber(ARGV[2])), '+inf')}"
RING = PRELUDE + "return {count('permits', math.max(tonumber(ARGV[2]), -count('permits', 0)))}"
TAKE = PRELUDE + "if count('permits', 0) <= 0 then return {0} end count('permits', -1) return {1}"

ELECT = (
    PRELUDE
    + """
local seconds = tonumber(ARGV[2])
local held = tonumber(call('HGET', P .. 'counters', 'swept_until') or '0')
if now < held and held <= now + seconds then return {0} end
call('HSET', P .. 'counters', 'swept_until', stamp(now + seconds))
return {1}
"""
)

SWEEP = (
    PRELUDE
    + """
local idle, keep, portion = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for _, id in ipairs(call('SMEMBERS', P .. 'uploading')) do
  if num(id, 'part_at') <= now - idle then stop(id, 'idle', idle) end
end
for _, key in ipairs({'runnable', 'paused'}) do
  for _, id in ipairs(call('SMEMBERS', P .. key)) do
    if num(id, 'expires_at') <= now then stop(id, 'expired', keep) end
  end
end
for _, id in ipairs(call('SMEMBERS', P .. 'cancelling')) do end_if_over(id, keep) end
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'ended', '-inf', stamp(now))) do
  local key = get(id, 'key')
  if key ~= '' then call('DEL', P .. 'key:' .. key) end
  turn_to(id, 'removed', '')
  call('ZREM', P .. 'ended', id)
  call('ZREM', P .. 'jobs', id)
  call('ZREM', P .. 'jobs:of:' .. get(id, 'principal'), id)
  call('SADD', P .. 'removed', id)
end
call('ZREMRANGEBYSCORE', P .. 'workers', '-inf', stamp(now - 3600))
local function forget_ids(id)
  count('bytes', -100 * call('HLEN', P .. 'ids:' .. id))
  call('UNLINK', P .. 'ids:' .. id)
end
for _, id in ipairs(call('SMEMBERS', P .. 'with_ids')) do
  if get(id, 'state') ~= 'uploading' then
    forget_ids(id)
    call('SREM', P .. 'with_ids', id)
  end
end
local id = call('SRANDMEMBER', P .. 'removed')
if not id then return {0} end
for _, result in ipairs(call('ZRANGE', P .. 'results:' .. id, 0, portion)) do
  count('bytes', -call('HSTRLEN', P .. 'result:' .. result, 'body'))
  call('UNLINK', P .. 'result:' .. result)
  call('ZREM', P .. 'results:' .. id, result)
  portion = portion - 1
end
for _, chunk in ipairs(call('ZRANGE', P .. 'chunks:' .. id, 0, portion)) do
  count('bytes', -tonumber(call('HGET', P .. 'chunk:' .. chunk, 'bytes')))
  call('UNLINK', P .. 'chunk:' .. chunk, P .. 'events:' .. chunk)
  call('ZREM', P .. 'chunks:' .. id, chunk)
end
if call('ZCARD', P .. 'chunks:' .. id) + call('ZCARD', P .. 'results:' .. id) > 0 then return {1} end
local principal = get(id, 'principal')
if call('ZCARD', P .. 'jobs:of:' .. principal) == 0 then call('HDEL', P .. 'partners', principal) end
for _, name in ipairs({'job', 'parts', 'items', 'refused', 'open', 'later', 'leased', 'errors', 'unsettled'}) do
  call('UNLINK', P .. name .. ':' .. id)
end
call('SREM', P .. 'removed', id)
return {1}
"""
)

GAUGES = (
    PRELUDE
    + """
local due, since, leased, stands_since = 0, math.huge, 0, now
for _, id in ipairs(call('SMEMBERS', P .. 'runnable')) do
  local limit, own = border(id), call('ZCOUNT', P .. 'leased:' .. id, '-inf', stamp(now))
  own = own + call('ZCOUNT', P .. 'later:' .. id, '-inf', stamp(now))
    + call('ZCOUNT', P .. 'later:' .. id, '(' .. stamp(now + 60), '+inf')
  if limit == math.huge then
    own = own + call('ZCARD', P .. 'open:' .. id)
  else
    for _, chunk in ipairs(call('ZRANGE', P .. 'open:' .. id, 0, -1)) do
      if tonumber(call('HGET', P .. 'chunk:' .. chunk, 'first_index')) >= limit then break end
      own = own + 1
    end
  end
  if own > 0 and is_due(num(id, 'due_at')) then
    due, since = due + own, math.min(since, math.max(num(id, 'queued_at'), num(id, 'due_at')))
  end
  stands_since = math.min(stands_since, math.max(num(id, 'queued_at'), num(id, 'progress_at')))
end
for _, id in ipairs(call('SMEMBERS', P .. 'cancelling')) do
  if in_doubt(id) then due = due + 1 end
end
for _, key in ipairs({'runnable', 'paused', 'cancelling'}) do
  for _, id in ipairs(call('SMEMBERS', P .. key)) do
    leased = leased + call('ZCOUNT', P .. 'leased:' .. id, '(' .. stamp(now), '+inf')
  end
end
local handed = tonumber(call('HGET', P .. 'counters', 'handed_at') or '0')
local waited = due > 0 and math.max(0, now - math.max(since, handed)) or 0
return {call('HGETALL', P .. 'states'), due, leased, stamp(waited), stamp(now - stands_since), count('bytes', 0),
  count('applied', 0), count('failed', 0), count('unknown', 0)}
"""
)
