--- request_body: the body of a request, read and checked.
--
-- Law of this file: all fields that are wrong are reported at once, as a list
-- of {property, reason}. How such a list becomes a response depends on the API
-- that was called, which passes a function for that (`error_response`).

local M = {}

local FORM = "application/x-www-form-urlencoded"

---@alias equinix.emulator.ErrorResponse
---| fun(status: integer, extra: table|nil, knobs: table|nil): table

---@class equinix.emulator.Rule
---@field [1] string path of a field, as "details.carrier"
---@field [2] string what it must be
---@field [3] fun(value: any): any whether a value is right

-- Forms ---------------------------------------------------------------------

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- "a=x+y&b=" -> {a = "x y", b = ""}; of a repeated name the last one counts.
---@param text string
---@return table<string, string>
function M.decode_form(text)
  local fields = {}
  for pair in text:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    fields[unescape(name)] = unescape(value)
  end
  return fields
end

--- Whether a request says that its body is a form.
---@param request table
function M.is_form(request)
  local content_type = request.headers["content-type"] or ""
  return content_type:match("^[^;%s]*"):lower() == FORM
end

--- The fields of a body that may be a form or JSON.
---@param world table
---@param request table
---@return table|nil fields nil when it is neither
function M.fields(world, request)
  if M.is_form(request) then
    return M.decode_form(request.body)
  end
  local fields = world.decode(request.body)
  return type(fields) == "table" and fields or nil
end

-- JSON, checked by rules ----------------------------------------------------

-- The field at a path; nil where there is none.
local function field_at(body, path)
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

local function broken_rules(body, rules)
  local info = {}
  for _, rule in ipairs(rules) do
    if not rule[3](field_at(body, rule[1])) then
      info[#info + 1] = { property = rule[1], reason = rule[2] }
    end
  end
  return info
end

--- Reads a body that must be a JSON object.
---@param world table
---@param request table
---@param error_response equinix.emulator.ErrorResponse of the API called
---@param rules? equinix.emulator.Rule[]
---@return table|nil body
---@return table|nil response the error, when there is no body
function M.read(world, request, error_response, rules)
  local content_type = request.headers["content-type"] or ""
  if not content_type:lower():find "^application/json" then
    return nil, error_response(415, { details = "the body must be JSON" })
  end
  local body = world.decode(request.body)
  if type(body) ~= "table" then
    return nil, error_response(400, {
      details = "the body is not a JSON object",
    })
  end
  local info = broken_rules(body, rules or {})
  if #info > 0 then
    return nil, error_response(400, { info = info })
  end
  return body
end

return M
