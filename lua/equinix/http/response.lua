--- response: a server's response, as callers read it.
--
-- Law of this file: nothing is parsed before a caller asks for it, and what a
-- transport returned is not copied without need.

local lower = require("equinix.base.text").lower
local core = require "equinix.core"
local errors = require("equinix.base.lazy") "equinix.base.error"
local json = require "equinix.base.json"

local M = {}

---@class equinix.Response
---@field status integer
---@field headers table<string, string> names in any case; pairs() has them in
---  lower case
---@field body string
---@field url string where the response came from
---@field elapsed number seconds
local Response = { __name = "equinix.Response" }
---@class equinix.Response
local methods = {}

-- Most callers never look at the headers, so they are parsed at the first use.
function Response.__index(response, name)
  if name ~= "headers" then
    return methods[name]
  end
  local headers = M.headers(core.headers(rawget(response, "head") or ""))
  rawset(response, "headers", headers)
  return headers
end

function Response:__tostring()
  return ("equinix.Response (%d, %d bytes)"):format(self.status, #self.body)
end

--- The statuses of a success, decided here for all that ask. (A table, since a
--- look-up costs less than a call.)
---@type table<integer, true>
M.SUCCESS = {}
for status = 200, 299 do
  M.SUCCESS[status] = true
end

local Headers = {
  __index = function(headers, name)
    return type(name) == "string" and rawget(headers, lower(name)) or nil
  end,
}

--- The body's JSON; a byte order mark before it is skipped. `equinix.null` and
--- integers as in equinix.base.json.
---@return any value nil on failure
---@return equinix.Error|nil
function methods:json()
  local value, message = json.decode(json.without_bom(self.body))
  if value == nil then
    local reason = #self.body == 0 and "it is empty" or message
    return errors.fail("protocol", ("the response (%d) is not JSON: %s")
      :format(self.status, reason), {
      status = self.status,
      code = "not_json",
      response = self,
    })
  end
  return value
end

--- Makes a response's headers of a list of {name, value}; repeated ones are
--- joined as RFC 9110, section 5.2 says.
---@param list {[1]: string, [2]: string}[]
function M.headers(list)
  local headers, repeated = {}, {}
  for _, field in ipairs(list or {}) do
    local name = lower(field[1])
    local values = repeated[name]
    if values then
      values[#values + 1] = field[2]
    elseif headers[name] then
      repeated[name] = { headers[name], field[2] }
    else
      headers[name] = field[2]
    end
  end
  for name, values in pairs(repeated) do
    headers[name] = table.concat(values, ", ")
  end
  return setmetatable(headers, Headers)
end

--- Makes a response of what a transport returned. Its headers are a list
--- (`headers`), or one text (`head`) for a request with `raw_headers`; in that
--- case its table itself becomes the response, which saves one.
---@param received equinix.transport.response
---@param url string
---@return equinix.Response
function M.new(received, url)
  if received.head then
    received.url = url
    return setmetatable(received, Response)
  end
  return setmetatable({
    status = received.status,
    headers = M.headers(received.headers),
    body = received.body or "",
    url = url,
    elapsed = received.elapsed,
  }, Response)
end

return M
