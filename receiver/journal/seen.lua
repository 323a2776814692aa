-- Prepended to the journal's scripts: the ids of the messages that have come, each with the mark of its event.
-- They lie in hashes, each of the ids that end alike (Svix draws their ends at random). A key for each id would take
-- more memory, and of a million such keys it takes Redis longer to find any. A hash is of a span of time as long as ids
-- are remembered: the last two spans have all that are, and a hash goes as a whole.

-- The event of a message that came within so many seconds, or false; and the hash to remember it in.
local function remembered(message, seconds)
  local span, ending = math.floor(now / 1000 / seconds), string.sub(message, -3)
  local hash = N .. 'seen:' .. text(span) .. ':' .. ending
  local event = redis.call('HGET', hash, message)
    or redis.call('HGET', N .. 'seen:' .. text(span - 1) .. ':' .. ending, message)
  return event and tonumber(string.match(event, '^%d+')) > now - seconds * 1000 and event, hash
end

local function remember(hash, message, event, seconds)
  redis.call('HSET', hash, message, event)
  if redis.call('HLEN', hash) == 1 then redis.call('EXPIRE', hash, 2 * seconds) end
end
