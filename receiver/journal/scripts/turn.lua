-- Gives out turns at a steady pace, to all workers together: each is `spacing` after the one before.
-- ARGV: whose pace, spacing in ms. Answers how many ms it is until then.
local key, spacing = N .. 'pace:' .. ARGV[1], tonumber(ARGV[2])
local turn = math.max(now, tonumber(redis.call('GET', key) or 0))
local wait = turn - now
redis.call('SET', key, turn + spacing, 'PX', wait + spacing)
return wait
