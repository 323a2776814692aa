-- What is known of a connection before it is fetched. ARGV: connection. Answers wanted, covered, snapshot.
return redis.call('HMGET', N .. 'connection:' .. ARGV[1], 'wanted', 'covered', 'snapshot')
