-- Bodies for wrk, each with an id of its own: a webhook of the service's, made larger by repeating its results.
-- Arguments: a file to read the webhook from, the least length of a body in bytes, and what the ids begin with.

local front, back, run, count = "", "", "", 0

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   local text = file:read("*a")
   file:close()
   run = arguments[3]
   local id = text:match('"id": "([^"]+)"')
   local first, last = text:find(id, 1, true)
   local row = text:match('"imageResults": (%b[])'):sub(2, -2)
   local at = text:find('"imageResults": [', 1, true) + #'"imageResults": ['
   local fill = string.rep(row .. ",", math.ceil(math.max(0, tonumber(arguments[2]) - #text) / (#row + 1)))
   front = text:sub(1, first - 1)
   back = text:sub(last + 1, at - 1) .. fill .. text:sub(at)
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
end

function request()
   count = count + 1
   return wrk.format(nil, nil, nil, front .. string.format("%s-%010d", run, count) .. back)
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
