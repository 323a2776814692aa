-- Prolongs leases: of what is still in the hand that holds the token.
-- ARGV: lease in ms; then work and token by turns.
local kept = 0
for i = 2, #ARGV, 2 do
  if redis.call('HGET', N .. ARGV[i], 'hand') == ARGV[i + 1] then
    kept = kept + redis.call('ZADD', N .. 'due', 'XX', 'CH', now + tonumber(ARGV[1]), ARGV[i])
    redis.call('ZADD', N .. 'fetching', 'XX', now + tonumber(ARGV[1]), ARGV[i])
  end
end
return kept
