-- For wrk: sends the requests of a file, each once, after a line with its length in bytes.
-- Arguments: the file; the mean pause before a request in ms (0: none), of exponential distribution; and whether
-- to begin anew (1) when all are sent.
local requests, sent, pause, again = {}, 0, 0, false

function init(arguments)
  local file = assert(io.open(arguments[1], 'rb'))
  pause, again = tonumber(arguments[2]), arguments[3] == '1'
  while true do
    local length = file:read('*n')
    if not length then break end
    file:read(1)
    requests[#requests + 1] = file:read(length)
  end
  file:close()
  math.randomseed(7)
  if pause == 0 then delay = nil end
end

function delay()
  return math.floor(-pause * math.log(1 - math.random()) + math.random())
end

function request()
  sent = sent + 1
  if sent > #requests then
    -- The same again is a duplicate to whoever remembers it: better no figure than a wrong one.
    if not again then error('out of messages') end
    sent = 1
  end
  return requests[sent]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"answered": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
