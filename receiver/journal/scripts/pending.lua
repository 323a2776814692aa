-- What there is to deliver. ARGV: handler, connection, how many versions to look back over at most.
return briefing(ARGV[1], ARGV[2], tonumber(ARGV[3]))
