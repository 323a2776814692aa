-- Lets go what a breaker holds: all by and by when it is closed, one to try when its time has come.
-- ARGV: breaker, how many at a time. Answers how many are still parked.
local breaker, parked = ARGV[1], N .. 'parked:' .. ARGV[1]
local closed_until = redis.call('HGET', N .. 'breaker:' .. breaker, 'until')
if closed_until and tonumber(closed_until) > now then return redis.call('ZCARD', parked) end
local freed = redis.call('ZPOPMIN', parked, closed_until and 1 or tonumber(ARGV[2]))
for i = 1, #freed, 2 do schedule(freed[i], now) end
local left = redis.call('ZCARD', parked)
if left == 0 and not closed_until then redis.call('SREM', N .. 'breakers', breaker) end
if left > 0 and not closed_until then ring('resume:' .. breaker, now) end
return left
