--- engine: the results of an engine one at a time, for specs.
--
-- Law of this file: it drops nothing; what one wait returns beyond the first
-- result is kept for the next call.
local core = require "equinix.core"

local Engine = {}
Engine.__index = Engine

--- The next result: number, response | number, nil, err | nil
function Engine:wait(seconds, input)
  if self.process ~= core.pid() then -- a forked child has none
    self.process, self.results = core.pid(), {}
  end
  if #self.results == 0 then
    self.results = self.engine:wait(seconds, input)
  end
  local result = table.remove(self.results, 1)
  if result then
    return result.number, result.response, result.err
  end
  return nil
end

function Engine:start(...)
  return self.engine:start(...)
end

--- Also one whose result was read, but not returned yet.
function Engine:cancel(number)
  for i, result in ipairs(self.results) do
    if result.number == number then
      table.remove(self.results, i)
      return true
    end
  end
  return self.engine:cancel(number)
end

function Engine:__tostring()
  return tostring(self.engine)
end

function Engine:close()
  self.engine:close()
end

local M = {}

function M.new()
  return setmetatable({ engine = core.engine(), results = {},
    process = core.pid() }, Engine)
end

return M
