--- scripts: what a store does in Redis, one script for each step.
--
-- Law of this file: Redis runs a script atomically, so what it compares is
-- what it changes. Each may be sent twice with the effect of once: the first
-- reply may be lost. Every value has an expiry. A line has one command at
-- most: an error of Redis names the line, and so the command that the user is
-- not allowed.

local M = {}

--- KEYS: record. ARGV: its size at most. The milliseconds left and the record.
--- Instead of the time, -2: there is none (as with PTTL); -3: it is too large
--- to be sent.
M.LOAD = [[
local size = redis.call('strlen', KEYS[1])
if size > tonumber(ARGV[1]) then return {-3} end
local record = redis.call('get', KEYS[1])
if not record then return {-2} end
return {redis.call('pttl', KEYS[1]), record}]]

--- KEYS: record, lock. ARGV: fence, record, milliseconds. 0: stale.
M.SAVE = [[
local fence = redis.call('get', KEYS[2])
if fence ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
return 1]]

--- KEYS: lock. ARGV: fence, milliseconds. 0: busy. Sent twice, it finds its
--- own fence.
M.LOCK = [[
local taken = redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2])
if taken then return 1 end
local fence = redis.call('get', KEYS[1])
if fence ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])]]

--- KEYS: lock. ARGV: fence, milliseconds from now on. 0: stale.
M.EXTEND = [[
local fence = redis.call('get', KEYS[1])
if fence ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])]]

--- KEYS: lock. ARGV: fence.
M.UNLOCK = [[
local fence = redis.call('get', KEYS[1])
if fence ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])]]

--- The command on a line of a script.
---@param script string|nil
---@param line integer
---@return string|nil
function M.command_at(script, line)
  local number = 0
  for text in ((script or "") .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if number == line then
      return text:match "redis%.call%('([a-z]+)'"
    end
  end
end

return M
