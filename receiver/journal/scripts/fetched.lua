-- Settles a fetch that succeeded: what it covers, the new version if anything changed, and the deliveries.
-- ARGV: connection, token, mark up to which events are covered, status, snapshot ('' when nothing changed),
-- names of what changed as JSON, ms taken, ms between two fetches, ids of the companies concerned with blanks between
-- them; then the handlers that the change concerns.
local connection, token, mark, status, snapshot, changed, took, interval, companies = unpack(ARGV, 1, 9)
local work, key = 'refresh:' .. connection, N .. 'connection:' .. connection
if redis.call('HGET', N .. work, 'hand') ~= token then return false end
local attempt = redis.call('HGET', N .. work, 'attempt')
redis.call('HDEL', N .. work, 'hand', 'deaths', 'attempt', 'reason', 'trace')
end_fetch(work)
redis.call('HSET', key, 'covered', mark, 'fetched', now)

-- Makes a delivery due, whatever list it was on. In hand: its settling sees that more is wanted. Parked: the
-- breaker lets it go.
local function deliver(handler, version)
  local delivery = 'deliver:' .. handler .. ':' .. connection
  redis.call('HDEL', N .. 'awaiting:' .. connection, handler)
  redis.call('HDEL', N .. delivery, 'refetch')
  if version then redis.call('HSET', N .. delivery, 'wanted', version) end
  if redis.call('HEXISTS', N .. delivery, 'hand') == 1 then
    if not version then redis.call('HSET', N .. delivery, 'again', 1) end
    return
  end
  redis.call('HDEL', N .. delivery, 'attempt')
  if redis.call('ZSCORE', N .. 'parked:' .. handler, delivery) then return end
  redis.call('ZREM', N .. 'dead', delivery)
  redis.call('HDEL', N .. 'dead:' .. connection, delivery)
  schedule(delivery, math.max(now, tonumber(redis.call('HGET', N .. delivery, 'not_before') or 0)))
end

local events, left = {}, {}
for _, entry in ipairs(redis.call('LRANGE', N .. 'inbox:' .. connection, 0, -1)) do
  local list = newer(string.match(entry, '^%S+'), mark) and left or events
  list[#list + 1] = entry
end
redis.call('LTRIM', N .. 'inbox:' .. connection, #events, -1)

local version = false
if snapshot ~= '' then
  version = redis.call('HINCRBY', key, 'version', 1)
  local before = redis.call('HGET', key, 'status')
  if before ~= status then redis.call('HSET', key, 'since', now) end
  redis.call('HSET', key, 'snapshot', snapshot, 'status', status)
  redis.call('XADD', N .. 'changes:' .. connection, 'MAXLEN', '~', 1000, version .. '-0', 'changed', changed,
    'from', before or '', 'to', status, 'fetched', now, 'upto', mark, 'events', #events > 0 and cjson.encode(events) or '[]')
  for company in string.gmatch(companies, '%S+') do redis.call('HINCRBY', N .. 'companies', company, 1) end
  for i = 10, #ARGV do deliver(ARGV[i], version) end
end
local awaiting = redis.call('HGETALL', N .. 'awaiting:' .. connection)
for i = 1, #awaiting, 2 do
  if not newer(awaiting[i + 1], mark) then deliver(awaiting[i], false) end
end

-- A dead letter that is still there stands for these events too: they brought nothing that would undo it.
local dead = redis.call('HGETALL', N .. 'dead:' .. connection)
for i = 1, #dead, 2 do
  local from = string.match(dead[i + 1], '^%S*')
  redis.call('HSET', N .. 'dead:' .. connection, dead[i], from .. ' ' .. mark)
end

close('nectar')
redis.call('ZREM', N .. 'due', work)
if newer(redis.call('HGET', key, 'wanted'), mark) then
  redis.call('HSET', N .. work, 'burst', now)
  schedule(work, now + interval)
end
redis.call('XADD', N .. 'attempts', 'MAXLEN', '~', ATTEMPTS, '*', 'work', work, 'version', version or '',
  'attempt', attempt, 'outcome', 'fetched', 'detail', mark, 'took', took)
count('fetch:fetched')
return version or 0
