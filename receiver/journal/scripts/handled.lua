-- Settles a delivery that ended well.
-- ARGV: handler, connection, token, version, its status, its mark, memory as JSON, outcome, detail, ms taken.
local handler, connection, token, version, status, mark, memory, outcome, detail, took = unpack(ARGV)
local work = 'deliver:' .. handler .. ':' .. connection
local key = N .. work
local hand, attempt, before, wanted, again, stepped, deaths, reason, remembered = unpack(
  redis.call('HMGET', key, 'hand', 'attempt', 'version', 'wanted', 'again', 'stepped', 'deaths', 'reason', 'memory'))
if hand ~= token then return false end
redis.call('HDEL', key, 'hand')
if attempt or deaths or reason then
  redis.call('HDEL', key, 'attempt', 'deaths', 'not_before', 'refetch', 'reason', 'trace')
end
redis.call('HSET', key, 'version', version, 'status', status, 'mark', mark, 'outcome', outcome, 'detail', detail,
  'settled', stamp)
if memory ~= (remembered or '{}') then redis.call('HSET', key, 'memory', memory) end
record(work, version, attempt, outcome, detail, took)
count('delivery:' .. handler .. ':' .. outcome)

-- Steps of an earlier success: a replay of this one must not take them for its own.
if stepped and before ~= version then
  local steps = N .. 'steps:' .. handler .. ':' .. connection
  if redis.call('HGET', steps, 'base') ~= (before or '0') then
    redis.call('DEL', steps)
    redis.call('HDEL', key, 'stepped')
  end
end

-- Who skips may not have asked its target for anything.
if outcome == 'skipped' then pass_on(work, handler) else close(handler) end
if again or tonumber(wanted or 0) > tonumber(version) then
  schedule(work, now)
else
  no_longer_due(work)
end
return 1
