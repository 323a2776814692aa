-- Puts a delivery in hand aside until the connection has been fetched afresh.
-- ARGV: handler, connection, token.
local handler, connection, token = unpack(ARGV)
local work = 'deliver:' .. handler .. ':' .. connection
if redis.call('HGET', N .. work, 'hand') ~= token then return false end
redis.call('HDEL', N .. work, 'hand', 'deaths', 'refetch')
redis.call('HINCRBY', N .. work, 'attempt', -1)
redis.call('ZREM', N .. 'due', work)
pass_on(work, handler)
-- A mark of its own: newer than any event so far, older than any to come, whatever the clock does.
local mark = redis.call('XADD', N .. 'events', '*', 'none', '')
redis.call('XDEL', N .. 'events', mark)
redis.call('HSET', N .. 'awaiting:' .. connection, handler, mark)
want(connection, mark, 0)
return 1
