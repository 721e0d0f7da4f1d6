-- connect_proxy: a proxy that connects where CONNECT says, and counts.
--
--   local proxy = connect_proxy.start()     -- or .start(403): it refuses
--   proxy.url, proxy:targets()              -- { "127.0.0.1:8443", ... }
--   proxy:stop()
local rawserver = require "spec.support.rawserver"

local M = {}

local CONNECTS = [[
  local c = ...
  local socket = require "socket"
  local request = c:request()
  local host, port = request.path:match "^(.*):(%d+)$"
  local there = assert(socket.connect(host, tonumber(port)))
  there:settimeout(0)
  c.tcp:settimeout(0)
  c:send "HTTP/1.1 200 Connected\r\n\r\n"
  local ends = { [c.tcp] = there, [there] = c.tcp }
  while true do
    for from, to in pairs(ends) do
      local text, reason, part = from:receive(65536)
      text = text or part
      local at = 1
      while at <= #text do
        local last, wrong, sent = to:send(text, at)
        at = (last or sent) + 1
        if wrong == "closed" then
          there:close()
          return
        elseif wrong then
          c:sleep(0.002)
        end
      end
      if reason == "closed" then
        there:close()
        return
      end
    end
    c:sleep(0.002)
  end]]

local REFUSES = [[
  local c = ...
  c:request()
  c:send "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"
  c:hangup()]]

--- Starts one.
---@param status? integer with which it refuses; nil: it connects
---@return table server of rawserver, with `targets` besides
function M.start(status)
  local server = rawserver.start(status and REFUSES:format(status)
    or CONNECTS)
  --- Where it was asked to connect to, by CONNECT only.
  function server:targets()
    local list = {}
    for _, request in ipairs(self:requests()) do
      assert(request.method == "CONNECT", request.method)
      list[#list + 1] = request.path
    end
    return list
  end
  return server
end

return M
