-- Prepended to every script of the journal: the clock, the order of marks, and the bell.
-- The bell is an arq job that carries ids and nothing else. Lost, late or doubled, it does no harm: whoever
-- hears it asks `due` whether there is work, and the sweep rings again for work that no job stands behind.
local N = 'nectar:'
local ARQ_JOB = 'arq:job:'
local DAY = 86400000
local ATTEMPTS = 100000

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = clock()
-- A whole number as Redis is given it. Left to itself it writes each with seventeen digits, at each command anew,
-- which takes as long as the command.
local function text(number)
  return string.format('%d', number)
end

local stamp = text(now)

-- Whether mark `a` (a stream id, milliseconds-sequence) is newer than mark `b`; any is newer than none.
local function newer(a, b)
  if not b or b == '' then return true end
  local a_ms, a_seq = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_seq = string.match(b, '(%d+)-(%d+)')
  if a_ms ~= b_ms then return tonumber(a_ms) > tonumber(b_ms) end
  return tonumber(a_seq) > tonumber(b_seq)
end

-- A mark that is no event's: newer than any so far, older than any to come, whatever the clock does.
local function own_mark()
  local mark = redis.call('XADD', N .. 'events', '*', 'none', '')
  redis.call('XDEL', N .. 'events', mark)
  return mark
end

-- The line that a bell stands in: arq's usual one, for deliveries one for each handler, so that a slow handler
-- holds up nothing but its own.
local function line(work)
  local handler = string.match(work, '^deliver:([^:]+):')
  return handler and 'arq:deliver:' .. handler or 'arq:queue', handler
end

-- Wakes a worker that waits; one for all that a trip brings, since whoever is woken takes all there is.
local woken = false
local function wake()
  if not woken and redis.call('LLEN', N .. 'wake') < 8 then redis.call('LPUSH', N .. 'wake', '') end
  woken = true
end

-- Whether there may be such a key: asked once in a trip, unless it is told that there is one now.
local there = {}
local function exists(key)
  if there[key] == nil then there[key] = redis.call('EXISTS', key) == 1 end
  return there[key]
end

-- Handlers that are known to have a line.
local has_line = {}

-- What a trip does to much work alike is gathered and written at its end: until when it is leased, what is on `due`
-- no more, whose bell has been answered. Who asks before that asks here.
local leased, undue, answered = {}, {}, {}

-- When work is due; false when it is not. `score`: its place on `due`, where that has been looked up.
local function due_at(work, score)
  if undue[work] then return false end
  if score == nil then score = redis.call('ZSCORE', N .. 'due', work) end
  return tonumber(leased[work] or score) or false
end

local function lease_until(work, time)
  leased[work], undue[work] = time, nil
end

local function no_longer_due(work)
  leased[work], undue[work] = nil, true
end

-- Numbers for bells and hands, each given once. The last one is read once in a trip and written at its end.
local last, given
local function last_number()
  last = last or tonumber(redis.call('GET', N .. 'bell') or 0)
  return last
end

local function next_number()
  last, given = last_number() + 1, true
  return text(last)
end

-- refresh:CONNECTION, deliver:HANDLER:CONNECTION or resume:BREAKER, to be heard at the time `at`.
-- A bell for now is scored with its running number, far below any time: it keeps its place in the line, and
-- a worker whose clock is slow hears it all the same. With `first` it stands before all others.
local function ring(work, at, first)
  local number = next_number()
  local job = work .. '#' .. number
  local call, arguments = string.match(work, '^(%a+):(.*)$')
  local list = {}
  for argument in string.gmatch(arguments, '[^:]+') do list[#list + 1] = argument end
  local message = cjson.encode({t = cjson.null, f = call, a = list, k = {}, et = at})
  redis.call('SET', ARQ_JOB .. job, message, 'PX', text(math.max(at - now, 0) + DAY))
  local queue, handler = line(work)
  -- Not 0: arq takes that for no job.
  redis.call('ZADD', queue, first and 0.5 or at > now and text(at) or number, job)
  if handler and not has_line[handler] then
    redis.call('SADD', N .. 'handlers', handler)
    has_line[handler] = true
  end
  redis.call('HSET', N .. 'bells', work, job)
  answered[work] = nil
  wake()
end

-- How much work waits, or is in hand. Counted once in a trip; what that makes due adds to it.
local waiting
local function backlog()
  waiting = waiting or redis.call('ZCARD', N .. 'due')
    + (exists(N .. 'parked:nectar') and redis.call('ZCARD', N .. 'parked:nectar') or 0)
  return waiting
end

-- Puts work on the list of what is due at `at`, and rings for it. It is on no other list then.
local function schedule(work, at)
  local added = redis.call('ZADD', N .. 'due', text(at), work)
  if waiting then waiting = waiting + added end
  leased[work], undue[work] = nil, nil
  ring(work, at)
end

-- A fetch of the connection that begins after now: unless one is in hand (which then runs once more, since
-- `wanted` has moved on), is due already, or is parked until Nectar takes us again. The first is due at once.
-- One that would follow sooner than `interval` ms waits for the burst to end: until no event has come for
-- half of it, at most five times as long.
local function want(connection, mark, interval)
  local work, key = 'refresh:' .. connection, N .. 'connection:' .. connection
  redis.call('HSET', key, 'wanted', mark)
  if exists(N .. 'parked:nectar') and redis.call('ZSCORE', N .. 'parked:nectar', work) then return end
  if due_at(work) then
    local burst = redis.call('HGET', N .. work, 'burst')
    if burst then
      local quiet = math.min(now + math.floor(interval / 2), burst + 5 * interval)
      redis.call('ZADD', N .. 'due', 'GT', text(quiet), work)
    end
    return
  end
  if exists(N .. 'dead') and redis.call('ZREM', N .. 'dead', work) == 1 then
    redis.call('HDEL', N .. 'dead:' .. connection, work)
    redis.call('HDEL', N .. work, 'attempt')
  end
  local soonest = tonumber(redis.call('HGET', key, 'fetched') or 0) + interval
  if soonest > now then redis.call('HSET', N .. work, 'burst', stamp) end
  schedule(work, math.max(now, soonest))
end

-- Gathered too, and read by nobody in between: what is counted, and arq's keys of bells that were heard.
local counts, heard = {}, {}

local function count(name, by)
  counts[name] = (counts[name] or 0) + (by or 1)
end

-- Writes down how an attempt ended; `failed`: those before it, since the last success.
local recorded = false
local function record(work, version, failed, outcome, detail, took)
  local attempt = failed and text(failed + 1) or '1'
  redis.call('XADD', N .. 'attempts', '*', 'work', work, 'version', version, 'attempt', attempt, 'outcome', outcome,
    'detail', detail, 'took', took)
  recorded = true
end

local function names(of)
  local found = {}
  for name in pairs(of) do found[#found + 1] = name end
  return found
end

local function write_gathered()
  if given then redis.call('SET', N .. 'bell', text(last)) end
  local leases, gone, bells = {}, names(undue), names(answered)
  for work, time in pairs(leased) do leases[#leases + 1], leases[#leases + 2] = time, work end
  if #leases > 0 then redis.call('ZADD', N .. 'due', unpack(leases)) end
  if #gone > 0 then redis.call('ZREM', N .. 'due', unpack(gone)) end
  if #bells > 0 then redis.call('HDEL', N .. 'bells', unpack(bells)) end
  if #heard > 0 then redis.call('DEL', unpack(heard)) end
  if recorded then redis.call('XTRIM', N .. 'attempts', 'MAXLEN', '~', ATTEMPTS) end
  for name, by in pairs(counts) do redis.call('HINCRBY', N .. 'stats', name, by) end
end
