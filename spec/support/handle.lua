-- handle: a core.http() handle with short ways to say a request.
--
-- Law of this file: it adds defaults and no judgement; what send returns is
-- returned as it came.
local core = require "equinix.core"

local M = {}
M.__index = M

-- Whether libcurl announces what it sends (7.80). Older ones get a new
-- connection for what may not be repeated, and less can be said about it.
local major, minor = core.versions().libcurl:match "^libcurl/(%d+)%.(%d+)"
M.ANNOUNCES = tonumber(major) * 1000 + tonumber(minor) >= 7080

function M.new()
  return setmetatable({ http = core.http() }, M)
end

--- A request with a method, a URL and whatever fields are given.
function M.request(method, url, fields)
  local request = { method = method, url = url }
  for name, value in pairs(fields or {}) do
    request[name] = value
  end
  return request
end

--- Sends; 10 seconds unless told otherwise.
function M:send(method, url, fields, seconds)
  return self.http:send(M.request(method, url, fields), seconds or 10)
end

function M:get(url, fields, seconds)
  return self:send("GET", url, fields, seconds)
end

function M:post(url, fields, seconds)
  return self:send("POST", url, fields, seconds)
end

function M:close()
  self.http:close()
end

--- A port of this machine on which nobody listens.
function M.closed_port()
  local socket = assert(require("socket").bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  socket:close()
  return port
end

--- Makes f a finalizer that the next collection calls.
function M.finalizer(f)
  local object
  if newproxy then -- luacheck: ignore
    object = newproxy(true) -- luacheck: ignore
    getmetatable(object).__gc = f
  else
    object = setmetatable({}, { __gc = f })
  end
  return object
end

--- The value of the first header of that name, in any case.
function M.header(response, name)
  for _, pair in ipairs(response.headers) do
    if pair[1]:lower() == name:lower() then
      return pair[2]
    end
  end
end

return M
