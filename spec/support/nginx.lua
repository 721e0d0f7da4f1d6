-- nginx: a real nginx with ngx_lua and the checkout's own modules.
--
--   local n = nginx.start {
--     workers = 4, main = "thread_pool equinix threads=8;",
--     http = "...", server = "location = /x { ... }",
--     files = { ["demo.lua"] = nginx.client(e) },
--   }
--   n:run [[ return demo:get("/fabric/v4/ports").status ]]     --> 200
--   n.url, n.dir, n:get "/x", n:send(method, path, options), n:error_log()
--   n:reload()   n:signal "QUIT"   n:worker_pids()   n:stop()
--
-- `files` are written to its folder, where Lua finds them as modules; with
-- the one above `demo` is a client of the emulator. It ends with the process
-- that runs the specs, however that ends.
local core = require "equinix.core"
local file = require "equinix.base.file"
local fill = require("equinix.base.template").fill
local supervisor = require "equinix.supervisor.nginx"
local json = require "equinix.base.json"
local ports = require "spec.support.ports"
local process = require "spec.support.process"

local M = {}
local Nginx = {}
Nginx.__index = Nginx

local CONFIGURATION = [[
pid nginx.pid;
error_log error.log %(level)s;
worker_processes %(workers)s;
%(modules)s
%(main)s
events { worker_connections 4096; }
http {
  access_log off;
%(temporary)s
  keepalive_requests 1000000;
  lua_package_path "%(path)s;;";
  lua_package_cpath "%(build)s/?.so;;";
%(http)s
  server {
    listen 127.0.0.1:%(port)s;
    location = /run {
      client_max_body_size 8m;
      client_body_buffer_size 8m;
      content_by_lua_block { require("spec.support.nginx_run")() }
    }
%(server)s
  }
}
]]

--- Why nginx can't run on this machine; nil when it can.
---@return string|nil
function M.missing()
  local _, missing = supervisor.find()
  local built = io.open(M.build .. "/equinix/core.so", "rb")
  if built then
    built:close()
  end
  return missing or not built and "there is no build for LuaJIT" or nil
end

--- The folder of the core for ngx_lua.
M.build = process.capture "pwd" .. "/" .. (os.getenv "BUILD" or "build")
  .. "/luajit"
if (os.getenv "BUILD" or ""):find "^/" then
  M.build = os.getenv "BUILD" .. "/luajit"
end

--- The value of lua_package_path.
---@param dir string the folder to search first
function M.package_path(dir)
  local library = supervisor.library()
  return ("%s/?.lua;%s/?.lua;%s/?/init.lua;%s/?.lua"):format(dir, library,
    library, process.capture "pwd")
end

--- The code of a module that returns a client of the emulator.
---@param e table of spec.support.emulator
---@param more? string further options, as Lua code
---@return string
function M.client(e, more)
  return ([[return assert(require("equinix").new {
    client_id = %q, client_secret = %q, base_url = %q, ca_file = %s, %s
  })]]):format(e.client_id, e.client_secret, e.base_url,
    e.ca_file and ("%q"):format(e.ca_file) or "nil", more or "")
end

--- The code of a module that comes between the client and nginx's threads:
--- other_pool() makes it ask for a pool that is not there, replace(f) calls f
--- with the function of nginx and its arguments; both return a function that
--- ends it. wait(seconds) is for a thread.
M.THREADS = [[
  local M = {}
  function M.replace(f)
    local run = ngx.run_worker_thread
    ngx.run_worker_thread = function(...)
      return f(run, ...)
    end
    return function()
      ngx.run_worker_thread = run
    end
  end
  function M.other_pool()
    return M.replace(function(run, _, ...)
      return run("of_another_name", ...)
    end)
  end
  function M.wait(seconds)
    require("equinix.core").sleep(seconds)
  end
  return M
]]

--- A port of 127.0.0.1 on which no program listens.
---@return integer
function M.free_port()
  return ports.free(1)[1]
end

--- Paths for nginx's temporary folders; by default only root can write them.
---@return string
function M.temporary()
  local lines = {}
  for i, name in ipairs { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }
  do
    lines[i] = ("  %s_temp_path tmp_%s;"):format(name, name)
  end
  return table.concat(lines, "\n")
end

local function read(path)
  return file.read(path) or ""
end

local function configuration(dir, port, found, options)
  local modules = {}
  for i, path in ipairs(found.modules) do
    modules[i] = ("load_module %s;"):format(path)
  end
  return fill(CONFIGURATION, {
    level = options.level or "warn",
    workers = ("%d"):format(options.workers or 1),
    modules = table.concat(modules, "\n"),
    main = options.main or "thread_pool equinix threads=2;",
    temporary = M.temporary(),
    path = M.package_path(dir),
    build = M.build,
    http = options.http or "",
    port = ("%d"):format(port),
    server = options.server or "",
  })
end

---@class spec.nginx.Options
---@field workers? integer 1
---@field main? string lines of the main part; default: a thread pool
---@field http? string
---@field server? string
---@field level? string of the error log; default: warn
---@field files? table<string, string>
---@field env? table<string, string|false>
---@field conf? fun(nginx: table): string makes the whole configuration
---@field user? string|false the workers', where root starts it; default:
---  root; false: the configuration says so

local function prepare(options)
  local found = assert(supervisor.find())
  local self = setmetatable({
    dir = process.tempdir(), port = M.free_port(), found = found,
    user = options.user == nil and "root" or options.user,
  }, Nginx)
  self.url = ("http://127.0.0.1:%d"):format(self.port)
  for name, text in pairs(options.files or {}) do
    assert(file.write(self.dir .. "/" .. name, text))
  end
  assert(file.write(self.dir .. "/nginx.conf", options.conf
    and options.conf(self)
    or configuration(self.dir, self.port, found, options)))
  return self
end

-- Started by root, workers would change to a user that can't read the
-- checkout.
local function arguments(self, ...)
  local user = self.user and process.capture "id -u" == "0"
    and (" user %s;"):format(self.user) or ""
  return { self.found.binary, "-p", self.dir .. "/", "-c",
    self.dir .. "/nginx.conf", "-e", self.dir .. "/error.log",
    "-g", "daemon off;" .. user, ... }
end

--- Runs `nginx -t`.
---@param options spec.nginx.Options
---@return boolean ok
---@return string output
function M.test(options)
  local self = prepare(options)
  local words = { "env" }
  for name, value in pairs(options.env or {}) do
    words[#words + 1] = process.quote(name .. "=" .. value)
  end
  for _, word in ipairs(arguments(self, "-t")) do
    words[#words + 1] = process.quote(word)
  end
  local output, code = process.capture(table.concat(words, " ") .. " 2>&1")
  process.remove(self.dir)
  return code == 0, output
end

-- Starts one. -> self | nil, message
local function try_start(options)
  local self = prepare(options)
  self.program = process.start(arguments(self), { env = options.env })
  self.http = core.http()
  local listens = process.eventually(function()
    local socket = require("socket").connect("127.0.0.1", self.port)
    return socket and socket:close() or not self.program:alive()
  end)
  local log = self.program:stderr() .. self:error_log()
  if not listens or not self.program:alive()
    or log:find("Address already in use", 1, true) then
    self:stop()
    return nil, log
  end
  return self
end

--- Starts one and waits until it listens.
---@param options spec.nginx.Options
function M.start(options)
  local log
  for _ = 1, 3 do -- another program may take the free port first
    local self, message = try_start(options)
    if self then
      return self
    end
    log = message
    if not log:find("Address already in use", 1, true) then
      break
    end
  end
  error("nginx did not start: " .. log, 2)
end

--- Sends a request to it.
---@param options? {body: string, headers: table[],
---  fresh_connect: boolean,
---  ca_file: string}
---@return table|nil response
---@return table|nil err
function Nginx:send(method, path, options)
  options = options or {}
  return self.http:send({
    method = method,
    url = self.url .. path,
    headers = options.headers,
    body = options.body,
    ca_file = options.ca_file,
    fresh_connect = options.fresh_connect,
    may_resend = method == "GET",
  }, options.seconds or 40)
end

--- The status and the body of a GET.
---@return integer status
---@return string body
function Nginx:get(path)
  local response, err = self:send("GET", path)
  if not response then
    error(path .. ": " .. err.message .. "\n" .. self:error_log(), 2)
  end
  return response.status, response.body
end

--- The body of a GET; raises unless its status is 200.
---@return string body
function Nginx:ok(path)
  local status, body = self:get(path)
  if status ~= 200 then
    error(("%s: %d %s\n%s"):format(path, status, body, self:error_log()), 2)
  end
  return body
end

--- Runs Lua in a content phase, where `demo` is the module of that name, and
--- returns what it returns; an error there is raised here.
---@param code string
---@return any ...
function Nginx:run(code)
  local response, err = self:send("POST", "/run", { body = code })
  if not response then
    error(err.message .. "\n" .. self:error_log(), 2)
  end
  local results = json.decode(response.body)
  if response.status ~= 200 or not results then
    error(response.body .. self:error_log(), 2)
  end
  local values = {}
  for i = 1, results.n do
    local value = results[tostring(i)]
    if value ~= json.null then
      values[i] = value
    end
  end
  return (table.unpack or unpack)(values, 1, results.n)
end

function Nginx:error_log()
  return read(self.dir .. "/error.log")
end

---@param name string such as "HUP"
---@param pid? integer default: the master
function Nginx:signal(name, pid)
  os.execute(("kill -%s %d 2>/dev/null"):format(name, pid or self:master()))
end

--- The pid of the master.
function Nginx:master()
  return tonumber(read(self.dir .. "/nginx.pid"))
end

--- The pids of the workers, including those that are about to quit.
---@return integer[]
function Nginx:worker_pids()
  local pids = {}
  for pid in process.capture(("ps -o pid= --ppid %d"):format(self:master()))
    :gmatch "%d+" do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

--- Reloads, and waits until the old workers are gone.
---@param seconds? number
---@return boolean gone
function Nginx:reload(seconds)
  local old = self:worker_pids()
  self:signal "HUP"
  return process.eventually(function()
    for _, pid in ipairs(old) do
      if process.alive(pid) then
        return false
      end
    end
    return true
  end, seconds or 20)
end

--- Ends it; a second call does nothing.
---@return integer code
function Nginx:stop()
  if self.http then
    self.http:close()
    self.http = nil
  end
  local code = self.program:stop()
  if self.dir then
    self.last_log = self:error_log()
    process.remove(self.dir)
    self.dir = nil
  end
  return code
end

return M
