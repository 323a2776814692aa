-- Takes a message in: it is recorded, its connection wants a fetch, the bell rings.
-- ARGV: most work that may wait, seconds a message id is remembered, ms between two fetches of a connection; the
-- message's id, event type, connection, payload, flags. Answers a word and the event's id.
local limit, memory, interval = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local message, kind, connection, payload, flags = unpack(ARGV, 4, 8)

-- The handlers whose delivery of this event is among the dead letters; 'refresh' stands for the fetch.
local function failed(event)
  local found = {}
  local dead = redis.call('HGETALL', N .. 'dead:' .. connection)
  for i = 1, #dead, 2 do
    local from, upto = string.match(dead[i + 1], '^(%S*) (%S+)$')
    if newer(event, from) and not newer(event, upto) then found[#found + 1] = dead[i] end
  end
  return found
end

local seen, ids = remembered(message, memory)
local again = seen and failed(seen) or {}
if seen and #again == 0 then
  count('duplicate')
  return {'duplicate', seen}
end
if backlog() >= limit then
  count('overloaded')
  return {'overloaded', ''}
end
local event = redis.call('XADD', N .. 'events', '*', 'message', message, 'type', kind,
  'connection', connection, 'payload', payload, 'flags', flags)
remember(ids, message, event, memory)
local inbox = N .. 'inbox:' .. connection
-- The newest hundred are shown. Of a long burst not each event has the rest cut off.
if redis.call('RPUSH', inbox, event .. ' ' .. cjson.encode({message, kind})) > 150 then
  redis.call('LTRIM', inbox, -100, -1)
end
for _, work in ipairs(again) do
  local handler = string.match(work, '^deliver:([^:]+):')
  if handler then redis.call('HSET', N .. 'awaiting:' .. connection, handler, event) end
end
if exists(N .. 'quarantine') and redis.call('ZREM', N .. 'quarantine', message) == 1 then
  redis.call('DEL', N .. 'quarantined:' .. message)
end
want(connection, event, interval)
count('accepted')
return {'accepted', event}
