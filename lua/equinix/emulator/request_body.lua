--- request_body: a request's JSON body, read and checked.
--
-- Law of this file: what is wrong with a body is said for all of its fields
-- at once, as a list of {property, reason}; in which words a family of calls
-- says so is the family's business (`refuse`).

local M = {}

---@alias equinix.emulator.Refuse fun(status: integer, extra: table): table

---@class equinix.emulator.Rule
---@field [1] string path of a field, as "details.carrier"
---@field [2] string what it must be
---@field [3] fun(value: any): any true-ish when it is right

--- The field at a path; nil where there is none.
---@param body table
---@param path string
---@return any
function M.at(body, path)
  local value = body
  for name in path:gmatch "[^.]+" do
    if type(value) ~= "table" then
      return nil
    end
    value = value[name]
  end
  return value
end

--- Whether a value is a text with more than blanks in it.
function M.is_filled(value)
  return type(value) == "string" and value:find "%S" ~= nil
end

--- Whether a value is a whole number of at least `least`.
---@param value any
---@param least integer
function M.is_whole(value, least)
  return type(value) == "number" and value >= least and value % 1 == 0
    and value < 2 ^ 31
end

--- Whether a value is a list of at least `least` members.
function M.is_list(value, least)
  return type(value) == "table" and #value >= least
    and (#value > 0 or next(value) == nil)
end

local function complaints(body, rules)
  local info = {}
  for _, rule in ipairs(rules) do
    if not rule[3](M.at(body, rule[1])) then
      info[#info + 1] = { property = rule[1], reason = rule[2] }
    end
  end
  return info
end

--- Reads the body of a request.
---@param world table
---@param request table
---@param refuse equinix.emulator.Refuse the family's words for "no"
---@param rules? equinix.emulator.Rule[]
---@return table|nil body
---@return table|nil response the answer to give when there is no body
function M.read(world, request, refuse, rules)
  local kind = request.headers["content-type"] or ""
  if not kind:lower():find "^application/json" then
    return nil, refuse(415, { details = "the body must be JSON" })
  end
  local body = world.decode(request.body)
  if type(body) ~= "table" then
    return nil, refuse(400, { details = "the body is no JSON object" })
  end
  local info = complaints(body, rules or {})
  if #info > 0 then
    return nil, refuse(400, { info = info })
  end
  return body
end

return M
