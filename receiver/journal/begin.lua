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

-- What is known of how a delivery ended so far; all nil for a fetch.
local HANDLED = {'version', 'status', 'mark', 'memory', 'refetch'}

-- Until when a lease of so many ms that begins now is.
local lease_ends = {}
local function end_of(lease)
  lease_ends[lease] = lease_ends[lease] or text(now + lease)
  return lease_ends[lease]
end

-- Takes a piece of work in hand that is due at `due` (by due_at): leased there, under a token that is in no other hand.
-- Answers token, attempt and deaths, and what HANDLED names; nothing when it is not due, is in another's hand, or its
-- breaker is open (then it is parked). An attempt is counted when it has failed.
local function begin(work, breaker, lease, due)
  if not due then return false end
  local state = N .. work
  local known = redis.call('HMGET', state, 'hand', 'attempt', 'deaths', 'burst', 'again', unpack(HANDLED))
  local hand, attempt, deaths, burst, again = unpack(known, 1, 5)
  if due > now then
    -- Put off since this bell was rung. One for much later is left to the sweep: a fast clock heard it.
    if due - now < 1500 and not hand then ring(work, due) end
    return false
  end
  answered[work] = true
  if burst or again then redis.call('HDEL', state, 'burst', 'again') end

  -- Still in hand means that whoever held it died: that is counted apart and uses up no attempt.
  deaths = tonumber(deaths or 0)
  if hand then
    deaths = deaths + 1
    redis.call('HDEL', state, 'hand')
    redis.call('HSET', state, 'deaths', text(deaths))
  end

  local shut = shut_until(breaker)
  if shut and shut > now then
    park(work, breaker)
    return false
  end
  if shut then redis.call('HSET', N .. 'breaker:' .. breaker, 'probe', work) end

  local token = next_number()
  redis.call('HSET', state, 'hand', token)
  lease_until(work, end_of(lease))
  if breaker == 'nectar' then redis.call('ZADD', N .. 'fetching', end_of(lease), work) end
  return {token, tonumber(attempt or 0) + 1, deaths}, {unpack(known, 6, 10)}
end

-- What is known of a connection before it is fetched: wanted, covered, snapshot.
local function known(connection)
  return redis.call('HMGET', N .. 'connection:' .. connection, 'wanted', 'covered', 'snapshot')
end

-- What there is to deliver, after what HANDLED names. `most`: how many versions to look back over.
-- Answers of the connection version, snapshot and covered mark; of the delivery version, status, mark, memory and
-- refetch; the base of its steps in a replay; when the newest version was fetched; and of each version that the
-- handler has not succeeded with, newest first, what changed and the events behind it.
local function briefing(handler, connection, most, ended)
  local version, snapshot, covered, fetched, changed, events = unpack(redis.call('HMGET', N .. 'connection:' .. connection,
    'version', 'snapshot', 'covered', 'versioned', 'changed', 'events'))
  local handled, status, mark, memory, refetch = unpack(ended, 1, 5)
  local base = version == handled and redis.call('HGET', N .. 'steps:' .. handler .. ':' .. connection, 'base')
  local answer = {version, snapshot, covered, handled, status, mark, memory, refetch, base, fetched or ''}
  local behind = math.min(most, tonumber(version or 0) - tonumber(handled or 0))
  if behind == 1 then
    -- By far the most: what the newest version brought is with the connection.
    answer[11], answer[12] = changed, events
  elseif behind > 1 then
    for _, entry in ipairs(redis.call('XREVRANGE', N .. 'changes:' .. connection, '+', '-', 'COUNT', behind)) do
      local change = {}
      for i = 1, #entry[2], 2 do change[entry[2][i]] = entry[2][i + 1] end
      answer[#answer + 1], answer[#answer + 2] = change.changed, change.events
    end
  end
  return answer
end
