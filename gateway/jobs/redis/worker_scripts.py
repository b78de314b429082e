"""The steps that workers ask for. ARGV goes on from that of the prelude."""

from __future__ import annotations

from gateway.jobs.redis.prelude import PRELUDE

NEXT = (
    PRELUDE
    + """
local owner, seconds = ARGV[2], tonumber(ARGV[3])
if count('bytes', 0) > tonumber(ARGV[4]) then return {'none'} end
local jobs = {}
for _, key in ipairs({'runnable', 'cancelling'}) do
  for _, id in ipairs(call('SMEMBERS', P .. key)) do
    if is_due(num(id, 'due_at')) then
      local partner = tonumber(call('HGET', P .. 'partners', get(id, 'principal')) or '0')
      jobs[#jobs + 1] = {partner, num(id, 'turn'), id}
    end
  end
end
table.sort(jobs, function(a, b)
  if a[1] ~= b[1] then return a[1] < b[1] end
  if a[2] ~= b[2] then return a[2] < b[2] end
  return a[3] < b[3]
end)
local function due(id)
  -- The run of a job that ends sends nothing, and tells what may have been sent.
  if get(id, 'state') == 'cancelling' then return in_doubt(id) end
  for _, range in ipairs({{'-inf', stamp(now)}, {'(' .. stamp(now + 60), '+inf'}}) do
    for _, chunk in ipairs(call('ZRANGEBYSCORE', P .. 'later:' .. id, unpack(range))) do
      call('ZREM', P .. 'later:' .. id, chunk)
      call('ZADD', P .. 'open:' .. id, call('ZSCORE', P .. 'chunks:' .. id, chunk), chunk)
    end
  end
  local first, place = nil, math.huge
  for _, chunk in ipairs(call('ZRANGEBYSCORE', P .. 'leased:' .. id, '-inf', stamp(now))) do
    local theirs = tonumber(call('ZSCORE', P .. 'chunks:' .. id, chunk))
    if theirs < place then first, place = chunk, theirs end
  end
  first = first or call('ZRANGE', P .. 'open:' .. id, 0, 0)[1]
  if first and tonumber(call('HGET', P .. 'chunk:' .. first, 'first_index')) < border(id) then return first end
end
for _, job in ipairs(jobs) do
  local id = job[3]
  local chunk = due(id)
  if chunk then
    local key, turn = P .. 'chunk:' .. chunk, count('turn', 1)
    call('HSET', key, 'owner', owner, 'writes', 0, 'base', call('LLEN', P .. 'events:' .. chunk))
    call('HINCRBY', key, 'attempts', 1)
    call('ZREM', P .. 'open:' .. id, chunk)
    call('ZADD', P .. 'leased:' .. id, stamp(now + seconds), chunk)
    call('HSET', P .. 'partners', get(id, 'principal'), turn)
    call('HSET', P .. 'job:' .. id, 'turn', turn)
    call('HSET', P .. 'counters', 'handed_at', stamp(now))
    if get(id, 'state') == 'queued' then
      if num(id, 'started_at') == 0 then call('HSET', P .. 'job:' .. id, 'started_at', stamp(now)) end
      turn_to(id, 'running', '')
    end
    local limit = math.min(tonumber(call('HGET', key, 'items')), border(id) - tonumber(call('HGET', key, 'first_index')))
    local events, published = {}, {}
    for _, event in ipairs(call('LRANGE', P .. 'events:' .. chunk, 0, -1)) do
      if string.sub(event, 1, 1) == '=' then
        published[#published + 1] = call('HGET', P .. 'result:' .. string.sub(event, 2), 'body')
      else
        events[#events + 1] = event
      end
    end
    return {'lease', id, chunk, limit, call('HMGET', P .. 'job:' .. id, 'principal', 'resource', 'keys_of', 'request_id',
      'traceparent'), call('HMGET', key, 'first_index', 'items', 'calls', 'settled', 'attempts',
      'traceparent', 'part', 'line'), events, published}
  end
end
return {'none'}
"""
)

_OWNED = """
local id, chunk, owner, seconds = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local key = P .. 'chunk:' .. chunk
local function is_owned() return call('HGET', key, 'owner') == owner end
local function renew() call('ZADD', P .. 'leased:' .. id, stamp(now + seconds), chunk) end
"""

RENEW = (
    PRELUDE
    + _OWNED
    + """
if not is_owned() then return {'lost'} end
renew()
return {'held'}
"""
)

_END = """
local keep = tonumber(ARGV[6])
local ends, is_done, wait, job_wait, is_excused =
  ARGV[7] == '1', ARGV[8] == '1', tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11] == '1'
if call('HGET', key, 'closed_by') == owner then return {'held'} end
if not is_owned() then return {'lost'} end
renew()
local function stop_where_asked()
  if get(id, 'state') ~= 'running' then return end
  local share, first = get(id, 'max_failed_percent'), num(id, 'pause_after')
  local total, failed = num(id, 'total'), num(id, 'failed') + num(id, 'unknown')
  if share ~= '' and 100 * failed > tonumber(share) * total then
    turn_to(id, 'cancelling', 'max_failed_percent')
  elseif first > 0 and settled(id) >= first then
    set(id, 'pause_after', '')
    if settled(id) < total then turn_to(id, 'paused', 'pause_after') end
  end
end
local function go_on()
  if ends then
    local attempts = tonumber(call('HGET', key, 'attempts'))
    if is_excused then attempts = math.max(0, attempts - 1) end
    call('HSET', key, 'owner', '', 'closed_by', owner, 'is_done', is_done and 1 or 0, 'attempts', attempts)
    call('ZREM', P .. 'leased:' .. id, chunk)
    if is_done then
      call('DEL', P .. 'events:' .. chunk)
      call('ZREM', P .. 'unsettled:' .. id, chunk)
    elseif wait > 0 then
      call('ZADD', P .. 'later:' .. id, stamp(now + wait), chunk)
    else
      call('ZADD', P .. 'open:' .. id, call('ZSCORE', P .. 'chunks:' .. id, chunk), chunk)
    end
    if job_wait > 0 then call('HSET', P .. 'job:' .. id, 'due_at', stamp(now + job_wait)) end
  end
  stop_where_asked()
  if ends then end_if_over(id, keep) end
  return {'held'}
end
"""

WRITE = (
    PRELUDE
    + _OWNED
    + _END
    + """
local number, bits, results = tonumber(ARGV[12]), ARGV[13], ARGV[14]
local applied, failed, unknown, errors = tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18])
local function tell_error(code, times, first, sample)
  local known = P .. 'errors:' .. id
  local before = tonumber(call('HGET', known, 'i:' .. code) or '')
  if not before and call('HLEN', known) >= 60 then return end
  call('HINCRBY', known, 'n:' .. code, times)
  if not before or tonumber(first) < before then call('HSET', known, 'i:' .. code, first, 's:' .. code, sample) end
end
local function sample(items)
  local kept = {}
  for at, amount in string.gmatch(get(id, 'samples'), '([%d.]+) (%d+);') do
    if tonumber(at) > now - 30 then kept[#kept + 1] = {tonumber(at), tonumber(amount)} end
  end
  local last = kept[#kept]
  if last and last[1] > now - 1 then last[2] = last[2] + items else kept[#kept + 1] = {now, items} end
  local text = {}
  for at, one in ipairs(kept) do text[at] = stamp(one[1]) .. ' ' .. one[2] .. ';' end
  return table.concat(text)
end
local function publish()
  local result = count('result', 1)
  call('HSET', key, 'settled', bits, 'writes', number, 'attempts', 0)
  call('HSET', P .. 'result:' .. result, 'chunk', chunk, 'applied', applied, 'failed', failed, 'unknown', unknown,
    'body', results)
  call('RPUSH', P .. 'events:' .. chunk, '=' .. result)
  call('ZADD', P .. 'results:' .. id, result, result)
  count('bytes', #results)
  count('applied', applied)
  count('failed', failed)
  count('unknown', unknown)
  for at = 0, errors - 1 do tell_error(ARGV[19 + 4 * at], ARGV[20 + 4 * at], ARGV[21 + 4 * at], ARGV[22 + 4 * at]) end
  set(id, 'applied', num(id, 'applied') + applied, 'failed', num(id, 'failed') + failed,
    'unknown', num(id, 'unknown') + unknown, 'samples', sample(applied + failed + unknown), 'progress_at', stamp(now))
end
for at = 19 + 4 * errors, #ARGV do call('RPUSH', P .. 'events:' .. chunk, ARGV[at]) end
if number > tonumber(call('HGET', key, 'writes')) then publish() end
return go_on()
"""
)
"""ARGV after the lease: seconds to keep; whether it ends, is done, the waits, is excused; the write's number, bits,
results, three counts, number of errors; code, count, first index and sample of each; the events."""

UNDO = (
    PRELUDE
    + _OWNED
    + _END
    + """
local base = tonumber(call('HGET', key, 'base'))
if base == 0 then call('DEL', P .. 'events:' .. chunk) else call('LTRIM', P .. 'events:' .. chunk, 0, base - 1) end
return go_on()
"""
)

STATE = (
    PRELUDE
    + """
if is_hidden(ARGV[2], '') then return {'missing'} end
return {get(ARGV[2], 'state')}
"""
)
