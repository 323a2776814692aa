-- Takes bells off their lines, and the work that they announce in hand.
-- ARGV: lease in ms; how many fetches may be in hand at a time, of all workers together; how many versions to look
-- back over at most; then by turns a line, and for how much of it there is room.
-- Answers: in how many ms there is more (-1: nobody knows), whether there is more for which there was no room, whether
-- there are due jobs that are no bells of ours; then, of each piece of work that was taken: its name, token, attempt,
-- deaths, how many values are known of the connection or of what there is to deliver, and these. All in one list: each
-- list within another takes Redis as long as a command.
local lease, look_back = tonumber(ARGV[1]), tonumber(ARGV[3])
local MOST = 1000
local answer, looked = {-1, 0, 0}, 0

local function tell(work, token, attempt, deaths, more)
  local at = #answer
  answer[at + 1], answer[at + 2], answer[at + 3], answer[at + 4], answer[at + 5] = work, token, attempt, deaths, #more
  for i = 1, #more do answer[at + 5 + i] = more[i] end
end

local OURS = {deliver = true, refresh = true, resume = true}
local NOTHING = {}

-- Whether the work that a bell announces is in hand now. `name`, `connection`: what follows its kind.
local function take(job, work, kind, name, connection, score)
  heard[#heard + 1] = ARQ_JOB .. job
  if kind == 'resume' then
    if redis.call('HGET', N .. 'bells', work) == job then redis.call('HDEL', N .. 'bells', work) end
    tell(work, '', 0, 0, NOTHING)
    return true
  end
  local fetch = kind == 'refresh'
  local claim, ended = begin(work, fetch and 'nectar' or name, lease, due_at(work, score))
  if not claim then return false end
  tell(work, claim[1], claim[2], claim[3], fetch and known(name) or briefing(name, connection, look_back, ended))
  return true
end

-- What these jobs announce: the bells, each with its work, kind, name and connection; these works; and how many jobs
-- are no bells of ours.
local function read(jobs)
  local bells, works, others = {}, {}, 0
  for _, job in ipairs(jobs) do
    local work, kind, name, connection = string.match(job, '^((%a+):([^:#]+):?([^#]*))#%d+$')
    if OURS[kind] then
      bells[#bells + 1], works[#works + 1] = {job, work, kind, name, connection}, work
    else
      others = others + 1
    end
  end
  return bells, works, others
end

for i = 4, #ARGV, 2 do
  local queue, room, passed = ARGV[i], tonumber(ARGV[i + 1]), 0
  if queue == 'arq:queue' then room = math.min(room, tonumber(ARGV[2]) - fetches_in_hand()) end
  while room > 0 and looked < MOST do
    local jobs = redis.call('ZRANGE', queue, '-inf', now, 'BYSCORE', 'LIMIT', passed, room)
    if #jobs == 0 then break end
    local bells, works, others = read(jobs)
    if others > 0 then answer[3], passed = 1, passed + others end
    local scores, off = #works > 0 and redis.call('ZMSCORE', N .. 'due', unpack(works)), {}
    for place, bell in ipairs(bells) do
      off[place] = bell[1]
      if take(bell[1], bell[2], bell[3], bell[4], bell[5], scores[place]) then room = room - 1 end
    end
    if #off > 0 then redis.call('ZREM', queue, unpack(off)) end
    looked = looked + #jobs
  end
  local following = redis.call('ZRANGE', queue, passed, passed, 'WITHSCORES')[2]
  if following and tonumber(following) <= now and room <= 0 then
    answer[2] = 1
  elseif following then
    local wait = math.max(0, tonumber(following) - now)
    answer[1] = answer[1] < 0 and wait or math.min(answer[1], wait)
  end
end
-- What there was no room for may be for another worker. Who took nothing wakes nobody: two that are full would wake
-- each other for ever.
if answer[2] == 1 and #answer > 3 then wake() end
return answer
