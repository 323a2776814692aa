-- Settles a fetch that succeeded: what it covers, the new version if anything changed, and the deliveries.
-- ARGV: connection, token, mark up to which events are covered, status, snapshot ('' when nothing changed),
-- names of what changed as JSON, ms taken, ms between two fetches, ids of the companies concerned with blanks between
-- them; then the handlers that the change concerns.
local connection, token, mark, status, snapshot, changed, took, interval, companies = unpack(ARGV, 1, 9)
local work, key = 'refresh:' .. connection, N .. 'connection:' .. connection
local hand, attempt, deaths, reason = unpack(redis.call('HMGET', N .. work, 'hand', 'attempt', 'deaths', 'reason'))
if hand ~= token then return false end
local wanted, before = unpack(redis.call('HMGET', key, 'wanted', 'status'))
redis.call('HDEL', N .. work, 'hand')
if attempt or deaths or reason then redis.call('HDEL', N .. work, 'attempt', 'deaths', 'reason', 'trace') end
end_fetch(work)

local function pairs_of(name)
  local flat, found = redis.call('HGETALL', name), {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local awaiting, dead = pairs_of(N .. 'awaiting:' .. connection), pairs_of(N .. 'dead:' .. connection)

-- Makes a delivery due, whatever list it was on. In hand: its settling sees that more is wanted. Parked: the
-- breaker lets it go.
local function deliver(handler, version)
  local delivery = 'deliver:' .. handler .. ':' .. connection
  local state = N .. delivery
  local held, tried, refetch, not_before = unpack(
    redis.call('HMGET', state, 'hand', 'attempt', 'refetch', 'not_before'))
  if awaiting[handler] then redis.call('HDEL', N .. 'awaiting:' .. connection, handler) end
  if refetch then redis.call('HDEL', state, 'refetch') end
  if version then redis.call('HSET', state, 'wanted', version) end
  if held then
    if not version then redis.call('HSET', state, 'again', 1) end
    return
  end
  if tried then redis.call('HDEL', state, 'attempt') end
  local parked = N .. 'parked:' .. handler
  if exists(parked) and redis.call('ZSCORE', parked, delivery) then return end
  if dead[delivery] then
    redis.call('ZREM', N .. 'dead', delivery)
    redis.call('HDEL', N .. 'dead:' .. connection, delivery)
    dead[delivery] = nil
  end
  schedule(delivery, math.max(now, tonumber(not_before or 0)))
end

local events, left = {}, {}
for _, entry in ipairs(redis.call('LRANGE', N .. 'inbox:' .. connection, 0, -1)) do
  local list = newer(string.match(entry, '^%S+'), mark) and left or events
  list[#list + 1] = entry
end
redis.call('LTRIM', N .. 'inbox:' .. connection, #events, -1)

local version, state = false, {'covered', mark, 'fetched', stamp}
if snapshot ~= '' then
  version = redis.call('HINCRBY', key, 'version', 1)
  if before ~= status then state[5], state[6] = 'since', stamp end
  local behind_it = #events > 0 and cjson.encode(events) or '[]'
  redis.call('HSET', key, 'snapshot', snapshot, 'status', status, 'versioned', stamp, 'changed', changed,
    'events', behind_it, unpack(state))
  redis.call('XADD', N .. 'changes:' .. connection, 'MAXLEN', '~', 1000, version .. '-0', 'changed', changed,
    'from', before or '', 'to', status, 'fetched', stamp, 'upto', mark, 'events', behind_it)
  for company in string.gmatch(companies, '%S+') do redis.call('HINCRBY', N .. 'companies', company, 1) end
  for i = 10, #ARGV do
    deliver(ARGV[i], version)
    awaiting[ARGV[i]] = nil
  end
else
  redis.call('HSET', key, unpack(state))
end
for handler, since in pairs(awaiting) do
  if not newer(since, mark) then deliver(handler, false) end
end

-- A dead letter that is still there stands for these events too: they brought nothing that would undo it.
for delivery, span in pairs(dead) do
  redis.call('HSET', N .. 'dead:' .. connection, delivery, string.match(span, '^%S*') .. ' ' .. mark)
end

close('nectar')
if newer(wanted, mark) then
  redis.call('HSET', N .. work, 'burst', stamp)
  schedule(work, now + interval)
else
  no_longer_due(work)
end
record(work, version or '', attempt, 'fetched', mark, took)
count('fetch:fetched')
return version or 0
