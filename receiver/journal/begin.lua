-- Prepended to the journal's scripts, after the breakers: taking work in hand.

-- How many fetches are in hand, of all workers together. Those whose lease has ended are not.
local function fetches_in_hand()
  redis.call('ZREMRANGEBYSCORE', N .. 'fetching', '-inf', now)
  return redis.call('ZCARD', N .. 'fetching')
end

-- A fetch is over: the next one may begin.
local function end_fetch(work)
  redis.call('ZREM', N .. 'fetching', work)
  if redis.call('ZCARD', 'arq:queue') > 0 then wake() end
end

-- Takes a piece of due work in hand: leased in `due`, a new token, its attempt counted.
-- Answers nothing when it is not due, is in another's hand, or its breaker is open (then it is parked).
local function begin(work, breaker, lease)
  local due = redis.call('ZSCORE', N .. 'due', work)
  if not due then return false end
  due = tonumber(due)
  if due > now then
    -- Put off since this bell was rung. One for much later is left to the sweep: a fast clock heard it.
    if due - now < 1500 and redis.call('HEXISTS', N .. work, 'hand') == 0 then ring(work, due) end
    return false
  end
  redis.call('HDEL', N .. 'bells', work)
  redis.call('HDEL', N .. work, 'burst', 'again')

  local state = N .. work
  -- Still in hand means that whoever held it died: that is counted apart and uses up no attempt.
  if redis.call('HDEL', state, 'hand') == 1 then
    redis.call('HINCRBY', state, 'deaths', 1)
    redis.call('HINCRBY', state, 'attempt', -1)
  end

  local shut = shut_until(breaker)
  if shut and shut > now then
    park(work, breaker)
    return false
  end
  if shut then redis.call('HSET', N .. 'breaker:' .. breaker, 'probe', work) end

  local token, attempt = redis.call('HINCRBY', state, 'token', 1), redis.call('HINCRBY', state, 'attempt', 1)
  redis.call('HSET', state, 'hand', token)
  redis.call('ZADD', N .. 'due', now + lease, work)
  if string.match(work, '^refresh:') then redis.call('ZADD', N .. 'fetching', now + lease, work) end
  return {token, attempt, tonumber(redis.call('HGET', state, 'deaths') or 0)}
end
