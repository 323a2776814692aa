-- Takes bells off their lines, and the work that they announce in hand.
-- ARGV: lease in ms; how many fetches may be in hand at a time, of all workers together; how many versions to look
-- back over at most; then by turns a line, and for how much of it there is room.
-- Answers: in how many ms there is more (-1: nobody knows), whether there is more for which there was no room, whether
-- there are due jobs that are no bells of ours, and what was taken, each: line, work, token, attempt, deaths, and what
-- is known of the connection or there is to deliver.
local lease, look_back = tonumber(ARGV[1]), tonumber(ARGV[3])
local MOST = 1000
local soonest, crowded, plain, taken, looked = -1, 0, 0, {}, 0

local function take(queue, job, kind, work)
  heard[#heard + 1] = ARQ_JOB .. job
  if kind == 'resume' then
    if redis.call('HGET', N .. 'bells', work) == job then redis.call('HDEL', N .. 'bells', work) end
    return {queue, work, 0, 0, 0, false}
  end
  local handler, connection = string.match(work, '^deliver:([^:]+):(.+)$')
  local claim, ended = begin(work, handler or 'nectar', lease)
  local more = claim and (handler and briefing(handler, connection, look_back, ended) or known(string.match(work, ':(.+)$')))
  return claim and {queue, work, claim[1], claim[2], claim[3], more}
end

local OURS = {deliver = true, refresh = true, resume = true}

for i = 4, #ARGV, 2 do
  local queue, room, passed = ARGV[i], tonumber(ARGV[i + 1]), 0
  if queue == 'arq:queue' then room = math.min(room, tonumber(ARGV[2]) - fetches_in_hand()) end
  while room > 0 and looked < MOST do
    local jobs = redis.call('ZRANGE', queue, '-inf', now, 'BYSCORE', 'LIMIT', passed, room)
    if #jobs == 0 then break end
    local off = {}
    for _, job in ipairs(jobs) do
      local work, kind = string.match(job, '^((%a+):.+)#%d+$')
      if OURS[kind] then
        off[#off + 1] = job
        local claim = take(queue, job, kind, work)
        if claim then taken[#taken + 1], room = claim, room - 1 end
      else
        plain, passed = 1, passed + 1
      end
    end
    if #off > 0 then redis.call('ZREM', queue, unpack(off)) end
    looked = looked + #jobs
  end
  local following = redis.call('ZRANGE', queue, passed, passed, 'WITHSCORES')[2]
  if following and tonumber(following) <= now and room <= 0 then
    crowded = 1
  elseif following then
    local wait = math.max(0, tonumber(following) - now)
    soonest = soonest < 0 and wait or math.min(soonest, wait)
  end
end
-- What there was no room for may be for another worker. Who took nothing wakes nobody: two that are full would wake
-- each other for ever.
if crowded == 1 and #taken > 0 then wake() end
return {soonest, crowded, plain, taken}
