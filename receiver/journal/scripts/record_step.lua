-- Keeps the result of a finished step. Steps live from one success of the handler to the end of the next.
-- ARGV: handler, connection, token, version that the handler last succeeded with, step, result as JSON.
local handler, connection, token, base, step, result = unpack(ARGV)
local pair = handler .. ':' .. connection
if redis.call('HGET', N .. 'deliver:' .. pair, 'hand') ~= token then return false end
local key = N .. 'steps:' .. pair
if redis.call('HGET', key, 'base') ~= base then redis.call('DEL', key) end
redis.call('HSET', key, 'base', base, 'step:' .. step, result)
redis.call('HSET', N .. 'deliver:' .. pair, 'stepped', 1)
return 1
