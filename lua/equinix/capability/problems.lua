--- problems: the mistakes of a file, each with its place.
--
-- Law of this file: all mistakes are reported at once, in the order of their
-- places, one line each, whatever a name in it has: FILE:line:column: what,
-- where, did you mean. A name from the file is shown cut; a value is shown
-- only by those that know that it can't be a secret.

local printable = require "equinix.base.printable"
local suggest = require "equinix.base.suggest"

local M = {}

local MAX_SHOWN = 100 -- lines
local MAX_NAME = 64 -- bytes
local MAX_KEPT = 1000 -- mistakes

---@class equinix.capability.Problem
---@field line? integer nil: it is about the whole file
---@field column? integer
---@field message string

---@class equinix.capability.Problems
---@field list equinix.capability.Problem[]
---@field warnings equinix.capability.Problem[]
local Problems = {}
Problems.__index = Problems

local function entry(place, message, ...)
  if select("#", ...) > 0 then
    message = printable.text(message:format(...))
  end
  return { line = place.line, column = place.column, message = message }
end

--- Whether there are more mistakes than a report shows by far.
---@return boolean
function Problems:is_full()
  return #self.list >= MAX_KEPT
end

--- Adds a mistake.
---@param place equinix.capability.Place
---@param message string a format
function Problems:add(place, message, ...)
  if not self:is_full() then
    self.list[#self.list + 1] = entry(place, message, ...)
  end
end

--- Adds something that is no mistake but may surprise.
---@param place equinix.capability.Place
---@param message string a format
function Problems:warn(place, message, ...)
  self.warnings[#self.warnings + 1] = entry(place, message, ...)
end

---@return equinix.capability.Problems
function M.new()
  return setmetatable({ list = {}, warnings = {} }, Problems)
end

--- A name from the file as a message shows it.
---@param name string
---@return string
function M.name(name)
  if #name > MAX_NAME then
    name = name:sub(1, MAX_NAME) .. "..."
  end
  return "'" .. printable.text(name) .. "'"
end

--- "; did you mean 'method'?", or nothing.
---@param name string
---@param known table<string, any> the names are its keys
---@return string
function M.meant(name, known)
  local near = #name <= MAX_NAME and suggest.name(name, known)
  return near and ("; did you mean %s?"):format(M.name(near)) or ""
end

local function before(a, b)
  local x, y = a[1], b[1]
  if x.line ~= y.line then
    return (x.line or 0) < (y.line or 0)
  elseif x.column ~= y.column then
    return (x.column or 0) < (y.column or 0)
  end
  return a[2] < b[2]
end

--- The same mistakes in the order of their places, each once.
---@param list equinix.capability.Problem[]
---@return equinix.capability.Problem[]
function M.sorted(list)
  local keyed, sorted, seen = {}, {}, {}
  for i, problem in ipairs(list) do
    keyed[i] = { problem, i }
  end
  table.sort(keyed, before)
  for _, pair in ipairs(keyed) do
    local problem = pair[1]
    local key = ("%s:%s:%s"):format(tostring(problem.line),
      tostring(problem.column), problem.message)
    if not seen[key] then
      seen[key], sorted[#sorted + 1] = true, problem
    end
  end
  return sorted
end

--- The lines of a report.
---@param list equinix.capability.Problem[]
---@param path string the file's
---@param what? string stands before each message
---@return string[]
function M.report(list, path, what)
  local lines, sorted = {}, M.sorted(list)
  for i, problem in ipairs(sorted) do
    if i > MAX_SHOWN then
      lines[i] = ("%s: %d more%s"):format(path, #sorted - MAX_SHOWN,
        #list >= MAX_KEPT and " at least" or "")
      break
    end
    local place = problem.line
      and (":%d:%d"):format(problem.line, problem.column) or ""
    lines[i] = path .. place .. ": " .. (what or "") .. problem.message
  end
  return lines
end

return M
