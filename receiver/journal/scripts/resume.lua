-- Lets go what a breaker holds: all by and by when it is closed, one to try when its time has come.
-- ARGV: breaker, how many at a time. Answers how many are still parked.
local breaker, parked = ARGV[1], N .. 'parked:' .. ARGV[1]
local shut = shut_until(breaker)
if shut and shut > now then return redis.call('ZCARD', parked) end
local freed = redis.call('ZPOPMIN', parked, shut and 1 or tonumber(ARGV[2]))
for i = 1, #freed, 2 do schedule(freed[i], now) end
local left = redis.call('ZCARD', parked)
if left == 0 and not shut then redis.call('SREM', N .. 'breakers', breaker) end
if left > 0 and not shut then ring('resume:' .. breaker, now) end
return left
