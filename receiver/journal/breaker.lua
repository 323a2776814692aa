-- Prepended to the journal's scripts, after the queue's part: the breakers. Each guards another side, Nectar or
-- a handler's target. While one is open, what needs that side waits in `parked`. When its time has come, one
-- piece of work is the probe, which finds out whether the other side is well again; the rest goes on waiting.

-- Those that this trip has seen closed, or has closed: it need not look again.
local known_closed, known_reset = {}, {}

-- Until when nothing may be tried: nil when the breaker is closed, the lease of the probe while it is in hand.
local function shut_until(breaker)
  if known_closed[breaker] then return nil end
  local time, probe = unpack(redis.call('HMGET', N .. 'breaker:' .. breaker, 'until', 'probe'))
  known_closed[breaker] = not time
  if not time then return nil end
  local tried = probe and redis.call('HEXISTS', N .. probe, 'hand') == 1
  return math.max(time, tried and due_at(probe) or 0)
end

-- Puts work aside until the breaker lets it go. It is on no other list then.
local function park(work, breaker)
  no_longer_due(work)
  redis.call('ZADD', N .. 'parked:' .. breaker, now, work)
  there[N .. 'parked:' .. breaker] = true
  redis.call('SADD', N .. 'breakers', breaker)
end

-- The other side is closed to us: it is tried again after a wait that doubles with each probe that finds it so,
-- at most a minute, or `delay` when that is longer. What was under way when it closed does not count again.
local function open(work, breaker, delay, reason)
  local gate = N .. 'breaker:' .. breaker
  local time, probe, wait = unpack(redis.call('HMGET', gate, 'until', 'probe', 'wait'))
  local reopens = math.max(now + delay, time or 0)
  if not time or probe == work then
    wait = math.min((wait or 1000) * 2, 60000)
    reopens = now + math.max(wait, delay)
  end
  known_closed[breaker], known_reset[breaker] = false, false
  redis.call('HSETNX', gate, 'since', now)
  redis.call('HSET', gate, 'until', reopens, 'wait', wait, 'reason', reason)
  ring('resume:' .. breaker, reopens)
end

-- The other side takes us: what waits for it is let go.
local function close(breaker)
  if known_reset[breaker] then return end
  known_reset[breaker] = true
  if redis.call('HEXISTS', N .. 'breaker:' .. breaker, 'until') == 1 then ring('resume:' .. breaker, now) end
  redis.call('DEL', N .. 'breaker:' .. breaker)
end

-- Work ended in a way that says nothing of the other side: was it the probe, the next one is, at once.
local function pass_on(work, breaker)
  local gate = N .. 'breaker:' .. breaker
  if redis.call('HGET', gate, 'probe') ~= work then return end
  redis.call('HDEL', gate, 'probe')
  ring('resume:' .. breaker, now)
end
