--- binds: names in a file for variables of the environment.
--
-- Law of this file: only names are handled here, never values. A variable that
-- holds our own credentials can't be bound: a file can't send them anywhere.

local environment = require "equinix.client.environment"
local problems_of = require "equinix.capability.problems"

local M = {}

local CREDENTIALS = environment.credentials()

local function read_keys(bind, binds, problems)
  for _, pair in ipairs(bind.keys or {}) do
    local variable = pair.kind == "text" and pair.text or ""
    local where = ("%s.keys.%s"):format(bind.where, pair.name:sub(1, 64))
    -- Known in any case, so that its uses are no further mistakes.
    binds[pair.name] = variable
    if bind.namespace then
      binds[bind.namespace .. "." .. pair.name] = variable
    end
    if not variable:find "^[A-Za-z_][A-Za-z0-9_]*$" then
      problems:add(pair, "%s must be the name of a variable of the "
        .. "environment", where)
    elseif CREDENTIALS[variable] then
      problems:add(pair, "%s: %s holds this service's credentials and can't "
        .. "be bound", where, problems_of.name(variable))
    end
  end
end

--- Reads lists of binds.
---@param lists (equinix.capability.Object[]|nil)[]
---@param count integer of them
---@param problems equinix.capability.Problems
---@return table<string, string> binds "env.NAME" and "NAME" -> variable
function M.read(lists, count, problems)
  local binds = {}
  for i = 1, count do
    for _, bind in ipairs(lists[i] or {}) do
      local own = problems
      if bind.location and not bind.location:find "^env://" then
        problems:add(bind.places.location, "%s.location: binds come from the "
          .. "environment: leave it out", bind.where)
        own = problems_of.new() -- one mistake is enough
      end
      read_keys(bind, binds, own)
    end
  end
  return binds
end

return M
