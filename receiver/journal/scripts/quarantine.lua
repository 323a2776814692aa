-- Keeps an authentic message that does not fit the schema; the same message again only counts up.
-- ARGV: message id, payload, what is wrong with it as JSON.
local key = N .. 'quarantined:' .. ARGV[1]
if redis.call('ZADD', N .. 'quarantine', 'NX', now, ARGV[1]) == 1 then count('quarantined') end
there[N .. 'quarantine'] = true
redis.call('HSET', key, 'payload', ARGV[2], 'errors', ARGV[3], 'last', now)
return redis.call('HINCRBY', key, 'times', 1)
