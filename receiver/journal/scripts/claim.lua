-- Takes bells off their lines, and the work that they announce in hand.
-- ARGV: lease in ms; then by turns a line, and for how much of it there is room.
-- Answers: in how many ms there is more (0: now, as soon as there is room; -1: nobody knows), whether there are due
-- jobs that are no bells of ours, and what was taken, each: line, work, token, attempt, deaths.
local lease = tonumber(ARGV[1])
local MOST = 1000
local more, plain, taken, looked = -1, 0, {}, 0

-- The breaker that work stands behind; nothing for what is no bell of ours.
local function breaker_of(work)
  return string.match(work, '^deliver:([^:]+):') or string.match(work, '^refresh:') and 'nectar'
end

local function take(queue, job, work)
  redis.call('ZREM', queue, job)
  redis.call('DEL', ARQ_JOB .. job)
  if string.match(work, '^resume:') then
    if redis.call('HGET', N .. 'bells', work) == job then redis.call('HDEL', N .. 'bells', work) end
    return {queue, work, 0, 0, 0}
  end
  local claim = begin(work, breaker_of(work), lease)
  return claim and {queue, work, unpack(claim)}
end

for i = 2, #ARGV, 2 do
  local queue, room, passed = ARGV[i], tonumber(ARGV[i + 1]), 0
  while room > 0 and looked < MOST do
    local jobs = redis.call('ZRANGE', queue, '-inf', now, 'BYSCORE', 'LIMIT', passed, room)
    if #jobs == 0 then break end
    for _, job in ipairs(jobs) do
      local work = string.match(job, '^(.+)#%d+$')
      if work and (breaker_of(work) or string.match(work, '^resume:')) then
        local claim = take(queue, job, work)
        if claim then taken[#taken + 1], room = claim, room - 1 end
      else
        plain, passed = 1, passed + 1
      end
    end
    looked = looked + #jobs
  end
  local following = redis.call('ZRANGE', queue, passed, passed, 'WITHSCORES')[2]
  if following then
    local wait = math.max(0, tonumber(following) - now)
    more = more < 0 and wait or math.min(more, wait)
  end
end
-- What there was no room for may be for another worker.
if more == 0 then wake() end
return {more, plain, taken}
