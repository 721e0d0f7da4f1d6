-- rawserver: a server that sends exactly the bytes that a spec wants.
--
-- Law of this file: the server speaks no HTTP of its own. For each connection
-- it runs the spec's script, a chunk of Lua in a separate process, and it logs
-- what it received. Connections are served concurrently.
--
--   local server = rawserver.start [[
--     local c, n = ...            -- the connection; its number, from 1
--     while c:request() do        -- reads and logs one request; nil at EOF
--       c:send(c.ok "hello")      -- "HTTP/1.1 200 OK ..."
--     end
--   ]]
--   server.url                    -- "http://127.0.0.1:12345"
--   server:requests()             -- { {connection=, method=, path=,
--                                 --    headers={["name"]=}, body=}, ... }
--   server:connections()          -- how many were accepted
--   server:stop()
--
-- Also for scripts: c:reset() (RST), c:close(), c:cut() (closes TLS without
-- close_notify), c:sleep(seconds), c:hangup() (waits until the other side
-- closes), c:log(request) for what the script has read itself, and c.share, a
-- table that all connections share.
local process = require "spec.support.process"

local M = {}
local Server = {}
Server.__index = Server

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read "*a"
  file:close()
  return text
end

--- Starts a server that runs this script for each connection.
---@param script string a chunk of Lua
---@param tls? {key: string, certificate: string, protocol?: string,
---  ciphers?: string, alpn?: string} files, and names as LuaSec has them
function M.start(script, tls)
  local dir = process.tempdir()
  write_file(dir .. "/script.lua", script)
  local lua = process.capture "command -v lua5.4 || command -v luajit"
  local argv = { lua, "spec/support/rawserver_child.lua", dir }
  if tls then
    argv[4], argv[5] = tls.key, tls.certificate
    argv[6], argv[7] = tls.protocol or "any", tls.ciphers or ""
    argv[8] = tls.alpn
  end
  local self = setmetatable({ dir = dir }, Server)
  self.process = process.start(argv)
  self.port = tonumber(process.eventually(function()
    return read_file(dir .. "/port")
  end))
  assert(self.port, self.process:stderr())
  self.url = ("%s://127.0.0.1:%d"):format(tls and "https" or "http",
    self.port)
  return self
end

-- The log is a Lua chunk that grows: calls of connection{} and request{}.
function Server:log()
  local connections, requests = 0, {}
  local env = {
    connection = function()
      connections = connections + 1
    end,
    request = function(entry)
      requests[#requests + 1] = entry
    end,
  }
  local text = read_file(self.dir .. "/log") or ""
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadstring(text)), env)
  else
    chunk = assert(load(text, "log", "t", env))
  end
  chunk()
  return connections, requests
end

--- Every request that was read completely, in order.
function Server:requests()
  return (select(2, self:log()))
end

--- How many connections were accepted.
---@return integer
function Server:connections()
  return (self:log())
end

function Server:stop()
  local stderr = self.process:stderr()
  self.process:stop()
  process.remove(self.dir)
  -- An error in a script must not look like a network fault.
  assert(stderr == "", stderr)
end

return M
