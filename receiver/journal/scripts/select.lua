-- Looks through a piece of a stream for entries about something: only those cross the wire, without payloads.
-- ARGV: XRANGE or XREVRANGE, stream, from where, to where, how many to look at; then by turns a field and what it
-- must be, or after a colon end with. Answers the id of the last entry looked at ('' when there is none), and
-- the entries.
local command, stream, from, to, most = unpack(ARGV, 1, 5)
local asked = {}
for i = 6, #ARGV, 2 do asked[ARGV[i]] = ':' .. ARGV[i + 1] end

local function fits(fields)
  for i = 1, #fields, 2 do
    local ending = asked[fields[i]]
    if ending and string.sub(':' .. fields[i + 1], -#ending) ~= ending then return false end
  end
  return true
end

local function without_payload(fields)
  local shown = {}
  for i = 1, #fields, 2 do
    if fields[i] ~= 'payload' then shown[#shown + 1], shown[#shown + 2] = fields[i], fields[i + 1] end
  end
  return shown
end

local last, found = '', {}
for _, entry in ipairs(redis.call(command, N .. stream, from, to, 'COUNT', most)) do
  last = entry[1]
  if fits(entry[2]) then found[#found + 1] = {last, without_payload(entry[2])} end
end
return {last, found}
