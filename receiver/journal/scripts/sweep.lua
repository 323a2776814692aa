-- Rings for overdue work that no job stands behind: whoever held it died, or its bell was lost.
-- ARGV: how long a bell may take to be answered in ms, where to go on, how many to look at.
-- Answers how many it looked at and rang for.
local grace, offset, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local overdue = redis.call('ZRANGE', N .. 'due', '-inf', now, 'BYSCORE', 'LIMIT', offset, most, 'WITHSCORES')
local last_number = tonumber(redis.call('GET', N .. 'bell') or 0)

local function needs_bell(work, late)
  local job = redis.call('HGET', N .. 'bells', work)
  if not job then return true end
  local place = redis.call('ZSCORE', line(work), job)
  -- A place beyond the running numbers is a time, which by a slow clock may still be to come.
  local in_line = place and tonumber(place) <= last_number
  return late > grace and (not in_line or redis.call('EXISTS', ARQ_RUNNING .. job) == 1)
end

local rung = 0
for i = 1, #overdue, 2 do
  if needs_bell(overdue[i], now - tonumber(overdue[i + 1])) then
    -- It has stood in the line before: whoever came later is behind it.
    ring(overdue[i], now, true)
    rung = rung + 1
  end
end
if rung > 0 then count('swept', rung) end
return {#overdue / 2, rung}
