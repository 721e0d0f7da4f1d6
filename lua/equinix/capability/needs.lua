--- needs: what a plan calls, and what it needs to be set for that.
--
-- Law of this file: a value of the environment is looked for, and never shown.

local M = {}

local UNSET = "the capability binds the environment variable %s, which is not "
  .. "set"

--- What is missing in the environment.
---@param plan table
---@param getenv fun(name: string): string|nil
---@return string|nil message
function M.unset(plan, getenv)
  for _, planned in ipairs(plan.operations) do
    for _, input in ipairs(planned.inputs or {}) do
      local bind = type(input.constant) == "table" and input.constant.bind
      if bind and (getenv(bind) or "") == "" then
        return UNSET:format(bind)
      end
    end
  end
end

--- Whether a plan has routes besides those of the token.
---@param plan table
---@return boolean
function M.has_calls(plan)
  for _, planned in ipairs(plan.routes) do
    if not plan.operations[planned.operation].token then
      return true
    end
  end
  return false
end

return M
