-- haproxy: a real HAProxy with the checkout's own modules.
--
--   local h = haproxy.start {
--     load = "lua-load-per-thread",   -- or "lua-load"
--     lua = "...",                    -- the file that it loads
--     server = rawserver,             -- where it sends what it proxies
--     backend = "http-request lua.equinix",
--     global = "chroot /empty", services = { "run" }, master = true,
--   }
--   h:get "/x", h:burst(100, "/x"), h:alive(), h:log(), h:start_again()
--   h:stop()
--
-- Paths of the form /_name are Lua services of that name: a loaded file has
-- some of its own. It ends with the process that runs the specs.
local Handle = require "spec.support.handle"
local fill = require("equinix.base.template").fill
local free_port = require "equinix.supervisor.free_port"
local process = require "spec.support.process"

local M = {}
local HAProxy = {}
HAProxy.__index = HAProxy

local CONFIGURATION = [[
global
  nbthread 4
  log stdout format raw local0
  lua-prepend-path "%(path)s"
  lua-prepend-path "%(build)s/?.so" cpath
  stats socket %(dir)s/admin level admin expose-fd listeners
%(global)s
  %(load)s %(dir)s/equinix.lua
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend here
  bind 127.0.0.1:%(port)s
%(services)s
  acl ping path /_ping
  http-request return status 200 content-type text/plain string pong if ping
  default_backend api
backend api
%(backend)s
  server api %(api)s
]]

local function version()
  return process.capture("PATH=$PATH:/usr/sbin haproxy -vv 2>&1")
    :match "Built with Lua version : Lua (%d+%.%d+)"
end

--- The folder with the module for the Lua of HAProxy.
---@return string
function M.build()
  return (os.getenv "BUILD" or "build") .. "/lua" .. version()
end

--- Why HAProxy can't run on this machine; nil when it can.
---@return string|nil
function M.missing()
  if not version() then
    return "there is no haproxy with Lua"
  end
  local core = io.open(M.build() .. "/equinix/core.so", "rb")
  if not core then
    return "there is no build for Lua " .. version()
  end
  core:close()
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

-- What a loaded file begins with: `demo(options)` makes a client of the
-- server.
local PRELUDE = [[
local equinix = require "equinix"
local gateway = require "equinix.haproxy"
local function demo(options)
  local all = { base_url = "%s", client_id = "%s",
    client_secret = "a secret of no use" }
  for name, value in pairs(options or {}) do
    all[name] = value or nil
  end
  return assert(equinix.new(all))
end
local function service(name, f)
  core.register_service(name, "http", function(applet)
    local body = tostring((f(applet)))
    applet:set_status(200)
    applet:add_header("content-length", #body)
    applet:start_response()
    applet:send(body)
  end)
end
]]

local number = 0

local function service_lines(names)
  local lines = {}
  for _, name in ipairs(names or {}) do
    lines[#lines + 1] = ("  http-request use-service lua.%s if { path /_%s }")
      :format(name, name)
  end
  return table.concat(lines, "\n")
end

local function prepare(o)
  local self = setmetatable({ dir = process.tempdir() }, HAProxy)
  local pwd = process.capture "pwd"
  number = number + 1
  self.port = free_port.any()
  self.url = "http://127.0.0.1:" .. self.port
  self.handle = Handle.new()
  local tls = o.server.url:find "^https" and " ssl verify none" or ""
  write(self.dir .. "/haproxy.cfg", fill(CONFIGURATION, {
    path = pwd .. "/lua/?.lua;" .. pwd .. "/lua/?/init.lua;" .. pwd
      .. "/?.lua",
    build = pwd .. "/" .. M.build(),
    dir = self.dir,
    load = o.load or "lua-load",
    port = self.port,
    global = o.global or "",
    services = service_lines(o.services),
    backend = o.backend and o.backend:gsub("@dir@", self.dir)
      or "  http-request lua.equinix\n"
      .. "  http-response lua.equinix_401 if { status 401 }",
    api = ("127.0.0.1:%d%s"):format(o.server.port, tls),
  }))
  write(self.dir .. "/equinix.lua", PRELUDE:format(o.server.url,
    ("haproxy-%s-%d"):format(self.dir:match "[^/]+$", number)) .. o.lua)
  write(self.dir .. "/equinix.map", "")
  os.execute("chmod 755 " .. self.dir)
  return self
end

local function run(self, ...)
  return process.start({ "sh", "-c",
    'PATH=$PATH:/usr/sbin exec haproxy "$@" 2>&1', "sh", "-f",
    self.dir .. "/haproxy.cfg", ... })
end

--- Starts it and waits until it serves.
function M.start(o)
  local self = prepare(o)
  self.process = run(self, o.master and "-W" or "-db", o.master
    and "-db" or nil)
  assert(process.eventually(function()
    return self:get "/_ping" or not self:alive()
  end))
  assert(self:alive(), self:log())
  return self
end

--- Starts one that is to fail; what it said.
---@return string output
---@return integer code
function M.fail(o)
  local self = prepare(o)
  local failed = run(self, "-db")
  local code = failed:wait(60)
  local output = failed:stdout()
  failed:stop()
  self.handle:close()
  process.remove(self.dir)
  return output, code
end

function HAProxy:alive()
  return self.process:alive()
end

--- Its log, and what it said at its start.
function HAProxy:log()
  return self.process:stdout() or ""
end

---@return table|nil response
function HAProxy:get(path, headers)
  return (self.handle:get(self.url .. path, { headers = headers }))
end

--- The body of a service of the loaded file.
function HAProxy:ask(name)
  local response = assert(self:get("/_" .. name))
  assert(response.status == 200, self:log())
  return response.body
end

--- Many at once; responses in order.
function HAProxy:burst(n, path, headers)
  local requests, responses = {}, {}
  for i = 1, n do
    requests[i] = Handle.request("GET", self.url .. path,
      { headers = headers, connections = 1000 })
  end
  for i, result in ipairs(self.handle.http:send_many(requests, n, 60)) do
    responses[i] = assert(result.response, result.err and result.err.message)
  end
  return responses
end

--- The first response to that path that is 200.
function HAProxy:served(path, seconds)
  return assert(process.eventually(function()
    local response = self:get(path)
    return response and response.status == 200 and response
  end, seconds), self:log())
end

--- A second one with the same configuration, which asks this one to end.
--- Returns the first one's process.
function HAProxy:start_again()
  local before = self.process
  self.process = run(self, "-db", "-sf", tostring(before.pid))
  return before
end

function HAProxy:stop()
  self.handle:close()
  self.process:stop()
  process.remove(self.dir)
end

return M
