-- The mark of the event of a message that came within so many seconds. ARGV: message, seconds.
return (remembered(ARGV[1], tonumber(ARGV[2])))
