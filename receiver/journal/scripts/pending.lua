-- What there is to deliver. ARGV: handler, connection, how many versions to look back over at most.
-- Answers of the connection version, snapshot and covered mark; of the delivery version, status, mark, memory and
-- refetch; the base of its steps; and the newest versions, newest first.
local handler, connection, most = unpack(ARGV)
local pair = handler .. ':' .. connection
return {
  redis.call('HMGET', N .. 'connection:' .. connection, 'version', 'snapshot', 'covered'),
  redis.call('HMGET', N .. 'deliver:' .. pair, 'version', 'status', 'mark', 'memory', 'refetch'),
  redis.call('HGET', N .. 'steps:' .. pair, 'base'),
  redis.call('XREVRANGE', N .. 'changes:' .. connection, '+', '-', 'COUNT', most),
}
