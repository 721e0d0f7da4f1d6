-- handle: a core.http() handle with short ways to write a request.
--
-- Law of this file: it adds defaults and judges nothing; what send returns is
-- returned unchanged.
local core = require "equinix.core"

local M = {}
M.__index = M

-- Whether libcurl reports what it is about to send (7.80). With an older one,
-- a request that may not be repeated gets a new connection, and less is known
-- about a failure.
local major, minor = core.versions().libcurl:match "^libcurl/(%d+)%.(%d+)"
M.ANNOUNCES = tonumber(major) * 1000 + tonumber(minor) >= 7080

function M.new()
  return setmetatable({ http = core.http() }, M)
end

--- A request with a method, a URL and further fields.
function M.request(method, url, fields)
  local request = { method = method, url = url }
  for name, value in pairs(fields or {}) do
    request[name] = value
  end
  return request
end

--- Sends; within 10 seconds by default.
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

--- A port of this machine on which no server listens.
function M.closed_port()
  local socket = assert(require("socket").bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  socket:close()
  return port
end

--- An object with f as its finalizer: the next collection calls it.
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
