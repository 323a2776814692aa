-- Has a connection fetched afresh, and then shown to these handlers whether anything has changed or not.
-- Twice is once: what already waits for that fetch goes on waiting for it.
-- ARGV: connection; then the handlers.
local connection = ARGV[1]
local mark = own_mark()
for i = 2, #ARGV do redis.call('HSET', N .. 'awaiting:' .. connection, ARGV[i], mark) end
want(connection, mark, 0)
count('replayed')
return mark
