-- Takes one piece of due work in hand. ARGV: work, breaker, lease in ms. Answers token, attempt, deaths; or nothing.
-- A full Redis lets a script through whose first write frees memory: what waits can be worked off. claim.lua begins
-- with the same.
fetches_in_hand()
return (begin(ARGV[1], ARGV[2], tonumber(ARGV[3]), due_at(ARGV[1])))
