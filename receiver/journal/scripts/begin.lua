-- Takes a piece of due work in hand: leased in `due`, a new token, its attempt counted.
-- Answers nothing when it is not due, is in another's hand, or its breaker is open (then it is parked).
-- ARGV: work, breaker, lease in ms.
local work, breaker, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local due = redis.call('ZSCORE', N .. 'due', work)
if not due then return false end
due = tonumber(due)
if due > now then
  -- Put off since this bell was rung. One for much later is left to the sweep: a fast clock heard it.
  if due - now < 1500 and redis.call('HEXISTS', N .. work, 'hand') == 0 then ring(work, due) end
  return false
end
redis.call('HDEL', N .. 'bells', work)
redis.call('HDEL', N .. work, 'burst')

local closed_until = redis.call('HGET', N .. 'breaker:' .. breaker, 'until')
if closed_until then
  if tonumber(closed_until) > now then
    redis.call('ZREM', N .. 'due', work)
    redis.call('ZADD', N .. 'parked:' .. breaker, now, work)
    redis.call('SADD', N .. 'breakers', breaker)
    return false
  end
  -- This one finds out whether the other side is well again; the rest waits for what it finds.
  redis.call('HSET', N .. 'breaker:' .. breaker, 'until', now + lease)
end

local state = N .. work
local token = redis.call('HINCRBY', state, 'token', 1)
-- Still in hand means that whoever held it died: that is counted apart and uses up no attempt.
local died = redis.call('HEXISTS', state, 'hand') == 1
local deaths = died and redis.call('HINCRBY', state, 'deaths', 1) or 0
local attempt = died and redis.call('HGET', state, 'attempt') or redis.call('HINCRBY', state, 'attempt', 1)
redis.call('HSET', state, 'hand', token)
redis.call('ZADD', N .. 'due', now + lease, work)
return {token, tonumber(attempt), deaths}
