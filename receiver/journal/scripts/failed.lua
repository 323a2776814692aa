-- Settles a fetch or delivery that did not end well.
-- ARGV: work, token, breaker, reaction (retry, later, park, reject, release), delay in ms, whether the other
-- side asked for that delay and whether it is down (1 or 0), most attempts, failures in a row that open the
-- breaker, version, reason, trace, memory as JSON ('' for none), marks from and upto of the events in
-- question, ms taken, name of the count.
local work, token, breaker, reaction = unpack(ARGV, 1, 4)
local delay, asked, down, most, threshold = tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7] == '1', unpack(ARGV, 8, 9)
local version, reason, trace, memory, from, upto, took, counter = unpack(ARGV, 10, 17)
local key, fetching, connection = N .. work, string.match(work, '^refresh:'), string.match(work, '[^:]+$')
if redis.call('HGET', key, 'hand') ~= token then return false end
redis.call('HDEL', key, 'hand', 'deaths')
if fetching then end_fetch(work) end
redis.call('HSET', key, 'reason', reason, 'trace', trace, 'settled', now)
if memory ~= '' then redis.call('HSET', key, 'memory', memory) end
redis.call('ZREM', N .. 'due', work)

-- What was in hand is out of date: more has come to be wanted meanwhile, which has all its attempts before it.
local wanted, again = unpack(redis.call('HMGET', key, 'wanted', 'again'))
local superseded = again or (wanted and tonumber(wanted) > tonumber(version))
if fetching then
  superseded = newer(redis.call('HGET', N .. 'connection:' .. connection, 'wanted'), upto)
end

local failed = tonumber(redis.call('HGET', key, 'attempt') or 0)
local failures = 0
if down then
  failures = redis.call('HINCRBY', N .. 'breaker:' .. breaker, 'failures', 1)
  known_reset[breaker] = false
end
if reaction == 'retry' then
  if asked then redis.call('HSET', key, 'not_before', now + delay) end
  if down and (failures >= tonumber(threshold) or shut_until(breaker)) then
    reaction = 'park'
  elseif failed + 1 >= tonumber(most) and not superseded then
    reaction = 'dead'
  end
end

if superseded or reaction == 'later' then
  redis.call('HDEL', key, 'attempt')
elseif reaction ~= 'park' and reaction ~= 'release' then
  redis.call('HSET', key, 'attempt', text(failed + 1))
end
if reaction == 'later' and not superseded then redis.call('HSET', key, 'refetch', 1) end

if reaction == 'park' then
  park(work, breaker)
  open(work, breaker, asked and delay or 0, reason)
elseif superseded and not asked and not fetching then
  schedule(work, now)
elseif superseded or (reaction ~= 'dead' and reaction ~= 'reject') then
  schedule(work, now + delay)
else
  -- What was fetched meanwhile brought it nothing newer: the dead letter stands for those events too.
  if not fetching then upto = redis.call('HGET', N .. 'connection:' .. connection, 'covered') or upto end
  redis.call('ZADD', N .. 'dead', now, work)
  there[N .. 'dead'] = true
  redis.call('HSET', N .. 'dead:' .. connection, work, from .. ' ' .. upto)
end
if reaction ~= 'park' then pass_on(work, breaker) end
record(work, version, failed, reaction, reason, took)
count(counter .. ':' .. reaction)
return reaction
