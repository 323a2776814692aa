-- Puts a delivery in hand aside until the connection has been fetched afresh.
-- ARGV: handler, connection, token.
local handler, connection, token = unpack(ARGV)
local work = 'deliver:' .. handler .. ':' .. connection
if redis.call('HGET', N .. work, 'hand') ~= token then return false end
redis.call('HDEL', N .. work, 'hand', 'deaths', 'refetch')
redis.call('ZREM', N .. 'due', work)
pass_on(work, handler)
local mark = own_mark()
redis.call('HSET', N .. 'awaiting:' .. connection, handler, mark)
want(connection, mark, 0)
return 1
