-- Rings for overdue work that no job stands behind: whoever held it died, or its bell was lost.
-- ARGV: how long a bell may take to be answered in ms; how many to look at; since when, and how many to pass over.
-- Answers how many it looked at and rang for, and the last two for the next page: to count from the beginning each
-- time would take as long as all the pages before.
local grace, most, since, passed = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local overdue = redis.call('ZRANGE', N .. 'due', since, now, 'BYSCORE', 'LIMIT', passed, most, 'WITHSCORES')
if #overdue == 0 then return {0, 0, since, passed} end
local latest, same = overdue[#overdue], 0
while same < #overdue / 2 and overdue[#overdue - 2 * same] == latest do same = same + 1 end
if latest == since then same = same + passed end

-- Of a backlog all is overdue: it is looked up with few commands.
local works, lateness = {}, {}
for i = 1, #overdue, 2 do
  if not (leased[overdue[i]] or undue[overdue[i]]) then
    works[#works + 1], lateness[overdue[i]] = overdue[i], now - tonumber(overdue[i + 1])
  end
end
if #works == 0 then return {#overdue / 2, 0, latest, same} end
local jobs = redis.call('HMGET', N .. 'bells', unpack(works))
local late = {}
for i, work in ipairs(works) do
  if jobs[i] and lateness[work] > grace then
    local queue = line(work)
    late[queue] = late[queue] or {}
    table.insert(late[queue], jobs[i])
  end
end
local lost = {}
for queue, some in pairs(late) do
  for i, place in ipairs(redis.call('ZMSCORE', queue, unpack(some))) do
    -- A place beyond the running numbers is a time, which by a slow clock may still be to come.
    lost[some[i]] = not (place and tonumber(place) <= last_number())
  end
end

local rung = 0
for i, work in ipairs(works) do
  if not jobs[i] or lost[jobs[i]] then
    -- It has stood in the line before: whoever came later is behind it.
    ring(work, now, true)
    rung = rung + 1
  end
end
if rung > 0 then count('swept', rung) end
return {#overdue / 2, rung, latest, same}
