-- Plays a request file (PATH TAB BODY, a request a line) in turn and prints what wrk saw as one line of JSON.
local requests, turn = {}, 0

function init(args)
    for line in io.lines(args[1]) do
        local path, body = line:match("^([^\t]*)\t(.*)$")
        requests[#requests + 1] = wrk.format("PATCH", path, nil, body)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency)
    local histogram = {}
    for i = 1, #latency do
        local value, count = latency(i)
        histogram[i] = "[" .. value .. "," .. count .. "]"
    end
    local errors = summary.errors
    io.write(string.format(
        '\nRESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"latency":[%s]}\n',
        summary.requests, summary.duration, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, table.concat(histogram, ",")))
end
