-- Settles a fetch or delivery that did not end well.
-- ARGV: work, token, breaker, reaction (retry, later, park, reject, release), delay in ms, whether the other
-- side asked for that delay and whether it is down (1 or 0), most attempts, failures in a row that open the
-- breaker, version, reason, trace, memory as JSON ('' for none), marks from and upto of the events in
-- question, ms taken, name of the count.
local work, token, breaker, reaction = unpack(ARGV, 1, 4)
local delay, asked, down, most, threshold = tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7] == '1', unpack(ARGV, 8, 9)
local version, reason, trace, memory, from, upto, took, counter = unpack(ARGV, 10, 17)
local key, gate, connection = N .. work, N .. 'breaker:' .. breaker, string.match(work, '[^:]+$')
if redis.call('HGET', key, 'hand') ~= token then return false end
redis.call('HDEL', key, 'hand', 'deaths')
redis.call('HSET', key, 'reason', reason, 'trace', trace, 'settled', now)
if memory ~= '' then redis.call('HSET', key, 'memory', memory) end
redis.call('ZREM', N .. 'due', work)

-- What was in hand is out of date: more has come to be wanted meanwhile, which has all its attempts before it.
local wanted = redis.call('HGET', key, 'wanted')
local superseded = wanted and tonumber(wanted) > tonumber(version)
if string.match(work, '^refresh:') then
  superseded = newer(redis.call('HGET', N .. 'connection:' .. connection, 'wanted'), upto)
end

local attempt = tonumber(redis.call('HGET', key, 'attempt'))
local failures = down and redis.call('HINCRBY', gate, 'failures', 1) or 0
local open = failures >= tonumber(threshold) or (down and redis.call('HEXISTS', gate, 'until') == 1)
if reaction == 'park' or (reaction == 'retry' and open) then
  reaction = 'park'
  -- Twice as long each time that it is found still closed to us, at most a minute.
  local wait = math.min(tonumber(redis.call('HGET', gate, 'wait') or 1000) * 2, 60000)
  local reopens = now + math.max(wait, delay)
  redis.call('HSETNX', gate, 'since', now)
  redis.call('HSET', gate, 'until', reopens, 'wait', wait, 'reason', reason)
  redis.call('HINCRBY', key, 'attempt', -1)
  redis.call('ZADD', N .. 'parked:' .. breaker, now, work)
  redis.call('SADD', N .. 'breakers', breaker)
  ring('resume:' .. breaker, reopens)
elseif reaction == 'release' then
  redis.call('HINCRBY', key, 'attempt', -1)
  schedule(work, now)
elseif superseded then
  redis.call('HDEL', key, 'attempt')
  schedule(work, asked and now + delay or now)
elseif reaction == 'later' then
  redis.call('HDEL', key, 'attempt')
  redis.call('HSET', key, 'refetch', 1)
  schedule(work, now + delay)
elseif reaction == 'retry' and attempt < tonumber(most) then
  if asked then redis.call('HSET', key, 'not_before', now + delay) end
  schedule(work, now + delay)
else
  if reaction == 'retry' then reaction = 'dead' end
  redis.call('ZADD', N .. 'dead', now, work)
  redis.call('HSET', N .. 'dead:' .. connection, work, from .. ' ' .. upto)
end
redis.call('XADD', N .. 'attempts', 'MAXLEN', '~', ATTEMPTS, '*', 'work', work, 'version', version,
  'attempt', attempt, 'outcome', reaction, 'detail', reason, 'took', took)
count(counter .. ':' .. reaction)
return reaction
