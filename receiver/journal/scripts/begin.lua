-- Takes one piece of due work in hand. ARGV: work, breaker, lease in ms. Answers token, attempt, deaths; or nothing.
return (begin(ARGV[1], ARGV[2], tonumber(ARGV[3])))
