--- response: what a transfer brought, as callers read it.

local err = require "equinix.base.error"
local json = require "equinix.base.json"

local M = {}

---@class equinix.Response
---@field status integer
---@field headers table<string, string> read in any case; iterates lower-case
---@field body string
---@field url string where the answer came from
---@field elapsed number seconds
local Response = { __name = "equinix.Response" }
---@class equinix.Response
local methods = {}

-- Most callers never look at the headers, so they are read when first asked
-- for, out of the block as it came.
function Response.__index(response, name)
  if name ~= "headers" then
    return methods[name]
  end
  local list, head = {}, rawget(response, "head") or ""
  for field, value in head:gmatch "([^:\r\n]+):[ \t]*([^\r\n]-)[ \t]*\r?\n" do
    list[#list + 1] = { field, value }
  end
  local headers = M.headers(list)
  rawset(response, "headers", headers)
  return headers
end

function Response:__tostring()
  return ("equinix.Response (%d, %d bytes)"):format(self.status, #self.body)
end

local Headers = {
  __index = function(headers, name)
    return type(name) == "string" and rawget(headers, name:lower()) or nil
  end,
}

--- The body's JSON. `equinix.null` and integers as in equinix.base.json.
---@return any value nil on failure
---@return equinix.Error|nil
function methods:json()
  local value, message = json.decode(self.body)
  if value == nil then
    return err.fail("protocol", ("the answer (%d) is not JSON: %s"):format(
      self.status, #self.body == 0 and "it is empty" or message), {
      status = self.status,
      code = "not_json",
      response = self,
    })
  end
  return value
end

--- Makes the table of a transport's list of {name, value}; repeated fields
--- are joined as RFC 9110, section 5.2 says.
---@param list {[1]: string, [2]: string}[]
function M.headers(list)
  local headers = {}
  for _, field in ipairs(list or {}) do
    local name = field[1]:lower()
    local before = headers[name]
    headers[name] = before and before .. ", " .. field[2] or field[2]
  end
  return setmetatable(headers, Headers)
end

--- A transport's answer becomes a response. Its headers come as a list
--- (`headers`), or as one text (`head`) where that was asked for; then the
--- answer itself is made the response, which saves a table.
---@param answer table status, headers or head, body, elapsed
---@param url string
---@return equinix.Response
function M.new(answer, url)
  if answer.head then
    answer.url = url
    return setmetatable(answer, Response)
  end
  return setmetatable({
    status = answer.status,
    headers = M.headers(answer.headers),
    body = answer.body or "",
    url = url,
    elapsed = answer.elapsed,
  }, Response)
end

return M
