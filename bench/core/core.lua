-- The core of contract section 3 at C speed: echoes the legacy action. An id that starts with 404 is not found, one
-- that starts with 422 is rejected. Headers and body leave in one send.
local core = { calls = 0, delay = 0, exports = 0, times = {}, distinct = 0, most = 0 }

local NOT_FOUND = '{"message":"Not found","errors":{},"status_code":404}'
local REJECTED = '{"message":"Invalid","errors":{"due_at":["Must lie ahead."]},"status_code":422}'

local function answer(status, body)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #body
    ngx.print(body)
end

local function update(id)
    ngx.req.read_body()
    core.calls = core.calls + 1
    if core.delay > 0 then ngx.sleep(core.delay) end
    local class = string.sub(id, 1, 3)
    if class == "404" then return answer(404, NOT_FOUND) end
    if class == "422" then return answer(422, REJECTED) end
    answer(200, '{"data":{"id":' .. id .. ',"author":4711,' .. string.sub(ngx.req.get_body_data(), 2) .. '}')
end

function core.update()
    update(string.sub(ngx.var.uri, 10))
end

-- The same below /counted, with a ledger of how often each id came.
function core.update_counted()
    local id = string.sub(ngx.var.uri, 18)
    local times = (core.times[id] or 0) + 1
    core.times[id] = times
    if times == 1 then core.distinct = core.distinct + 1 end
    if times > core.most then core.most = times end
    update(id)
end

-- How many ids came, and how often the most frequent one did.
function core.tell_ledger()
    answer(200, '{"distinct":' .. core.distinct .. ',"most":' .. core.most .. '}')
end

function core.tell_calls()
    answer(200, tostring(core.calls))
end

-- A collector of traces (OTLP over HTTP) that keeps nothing.
function core.take_spans()
    ngx.req.discard_body()
    core.exports = core.exports + 1
    answer(200, "")
end

function core.tell_exports()
    answer(200, tostring(core.exports))
end

-- ?ms=20: every later call takes this long.
function core.set_delay()
    core.delay = tonumber(ngx.var.arg_ms) / 1000
    answer(200, "ok")
end

return core
