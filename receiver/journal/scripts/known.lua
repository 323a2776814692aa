-- What is known of a connection before it is fetched. ARGV: connection. Answers wanted, covered, snapshot.
return known(ARGV[1])
