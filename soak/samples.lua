-- samples: what the programs use, over time.
--
-- Law of this file: only the kernel says what a program uses. What is compared
-- are medians of quarters, the second with the last: the first is for caches
-- to fill.
local file = require "equinix.base.file"
local json = require "equinix.base.json"
local process = require "spec.support.process"

local M = {}
local Samples = {}
Samples.__index = Samples

local PAGE = tonumber((process.capture "getconf PAGESIZE")) / 1024 -- KiB
local TICK = tonumber((process.capture "getconf CLK_TCK"))

-- More than this is growth: KiB, and a part of what it was; descriptors.
local MORE_MEMORY, MEMORY_RATIO, MORE_FILES = 2048, 1.1, 8

---@return {memory: number, files: integer, cpu: number}|nil
local function use_of(pid)
  local statm = file.read(("/proc/%d/statm"):format(pid))
  local stat = file.read(("/proc/%d/stat"):format(pid))
  if not statm or not stat then
    return nil
  end
  local fields = {}
  for field in stat:match "%) (.*)$":gmatch "%S+" do
    fields[#fields + 1] = field
  end
  return {
    memory = tonumber(statm:match "^%d+ (%d+)") * PAGE,
    files = tonumber((process.capture(("ls /proc/%d/fd | wc -l"):format(
      pid)))) or 0,
    cpu = (fields[12] + fields[13]) / TICK,
  }
end

local function calls_of(world, i)
  local text = file.read(("%s/state.%d"):format(world.dir, i))
  return text and json.decode(text).calls or 0
end

function M.new(world)
  return setmetatable({ world = world, of = {} }, Samples)
end

--- Takes one of each caller.
function Samples:take()
  for i, caller in ipairs(self.world.callers) do
    local use = use_of(caller.pid)
    if use then
      use.calls = calls_of(self.world, i)
      self.of[i] = self.of[i] or {}
      table.insert(self.of[i], use)
    end
  end
end

local function median(list, name, from, to)
  local values = {}
  for i = math.max(1, math.ceil(from * #list)), math.floor(to * #list) do
    values[#values + 1] = list[i][name]
  end
  table.sort(values)
  return values[math.ceil(#values / 2)] or 0
end

-- CPU seconds of a call in that part of the run.
local function cost(list, from, to)
  local first = list[math.max(1, math.ceil(from * #list))]
  local last = list[math.max(1, math.floor(to * #list))]
  local calls = last.calls - first.calls
  return calls > 0 and (last.cpu - first.cpu) / calls or 0
end

--- What has grown, a line each.
---@return string[]
function Samples:growth()
  local lines = {}
  for i, list in ipairs(self.of) do
    local before = median(list, "memory", 0.25, 0.5)
    local after = median(list, "memory", 0.75, 1)
    if after > before * MEMORY_RATIO + MORE_MEMORY then
      lines[#lines + 1] = ("caller %d grew from %d to %d KiB"):format(i,
        before, after)
    end
    local files = median(list, "files", 0.25, 0.5)
    local more = median(list, "files", 0.75, 1)
    if more > files + MORE_FILES then
      lines[#lines + 1] = ("caller %d had %d descriptors open, then %d")
        :format(i, files, more)
    end
  end
  return lines
end

--- A line for each caller.
---@return string
function Samples:summary()
  local lines = {}
  for i, list in ipairs(self.of) do
    lines[i] = ("caller %d: memory %d -> %d KiB, descriptors %d -> %d, CPU of "
      .. "a call %.3f -> %.3f ms"):format(i,
      median(list, "memory", 0.25, 0.5), median(list, "memory", 0.75, 1),
      median(list, "files", 0.25, 0.5), median(list, "files", 0.75, 1),
      1000 * cost(list, 0.25, 0.5), 1000 * cost(list, 0.75, 1))
  end
  return table.concat(lines, "\n")
end

return M
