-- What there is to deliver. ARGV: handler, connection, how many versions to look back over at most.
local handler, connection, most = unpack(ARGV)
local ended = redis.call('HMGET', N .. 'deliver:' .. handler .. ':' .. connection, unpack(HANDLED))
return briefing(handler, connection, tonumber(most), ended)
