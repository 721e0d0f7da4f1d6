--- emulator: a local Equinix for the tests of other programs.
--
--     local emulator = require "equinix.emulator"
--     local e = assert(emulator.start { lifetime = 5 })
--     local client = assert(equinix.new(e.options))
--     e:fail(2, 503)
--     e:stop()
--
-- Law of this file: it runs what `equinix-auth emulator` runs, as a child that
-- ends with this process. A start that fails returns why; what fails later
-- raises at the line of the test, since a fault that was not switched on must
-- not pass for a client that copes with it.

local check = require "equinix.base.check"
local child = require "equinix.supervisor.child"
local core = require "equinix.core"
local json = require "equinix.emulator.json"
local knobs = require "equinix.emulator.knobs"
local launch = require "equinix.emulator.launch"
local copy = require("equinix.base.table").copy

local M = {}

local SECONDS = 30 -- for a call below /_emulator/
local MAX_BODY = 16 * 1024 * 1024 -- the log

---@class equinix.Emulator
---@field url string "https://127.0.0.1:20123"
---@field ca_file string|nil PEM file to trust; nil with `plain`
---@field client_id string
---@field client_secret string
---@field user_name string for the password grant
---@field user_password string
---@field env table<string, string> the variables to export to a program
---@field options table what equinix.new takes to use it
local Emulator = {}
Emulator.__index = Emulator
Emulator.__name = "equinix.Emulator"

local OPTIONS = { plain = "boolean", port = "number", workers = "number",
  nginx = "string" }
for _, knob in ipairs(knobs.list) do
  OPTIONS[knob.name] = "any"
end

local function check_whole(options, name, least, most)
  local value = options[name]
  if value and (value % 1 ~= 0 or value < least or value > most) then
    check.raise(4, "option '%s' must be a whole number from %d to %d", name,
      least, most)
  end
end

-- What `launch` takes; raises at the caller's line where it is wrong.
local function read_options(given)
  check.names(given, OPTIONS, "option", 3)
  check_whole(given, "port", 0, 65535)
  check_whole(given, "workers", 1, 64)
  local values = {}
  for name, value in pairs(given) do
    if knobs.by_name[name] then
      local checked, message = knobs.check(name, value)
      if checked == nil then
        check.raise(3, "%s", message)
      end
      values[name] = checked
    end
  end
  return { knobs = values, plain = given.plain, workers = given.workers,
    nginx = given.nginx, port = given.port or 0 }
end

-- Another program may take a free port before nginx does.
local function start(options)
  local message
  for _ = 1, options.port == 0 and 3 or 1 do
    local made, process
    made, message = launch.set_up(options)
    if not made then
      return nil, message
    end
    process, message = child.start(made.run)
    if process then
      return made.ready, process
    elseif not message:find "is already in use" then
      break
    end
  end
  return nil, (message:gsub("^equinix%-auth emulator: ", ""))
end

--- Starts one and waits until it listens.
---@param options? {plain: boolean, port: integer, workers: integer,
---  nginx: string} and knobs, by their names. plain: http, else https; port:
---  default a free one; nginx: the path of one
---@return equinix.Emulator|nil
---@return string|nil message what is missing, and how to install it; an
---  unknown option or a wrong value raises at the caller's line
function M.start(options)
  local wanted = read_options(options or {})
  local ready, process = start(wanted)
  if not ready then
    return nil, "the emulator did not start: " .. process
  end
  return setmetatable({
    url = ready.base_url,
    ca_file = ready.ca_file,
    client_id = ready.client_id,
    client_secret = ready.client_secret,
    user_name = ready.user_name,
    user_password = ready.user_password,
    env = copy(ready.env),
    options = { base_url = ready.base_url, ca_file = ready.ca_file,
      client_id = ready.client_id, client_secret = ready.client_secret },
    http = core.http(),
    process = process,
  }, Emulator)
end

-- lua-cjson makes a float of every number (Lua 5.3 and later show it).
local function with_integers(value)
  if type(value) == "table" then
    for name, member in pairs(value) do
      value[name] = with_integers(member)
    end
  elseif type(value) == "number" and value % 1 == 0 then
    return math.floor(value)
  end
  return value
end

-- A call below /_emulator/; raises at the line that called the method.
local function call(self, method, path, body)
  if not self.process then
    error("equinix.emulator: this one was stopped", 3)
  end
  local encodes, text = pcall(json.encode, body)
  if not encodes then
    error("equinix.emulator: these knobs can't be sent: "
      .. text:gsub("^.-:%d+: ", ""), 3)
  end
  local response, err = self.http:send({
    method = method,
    url = self.url .. "/_emulator/" .. path,
    headers = { { "Content-Type", "application/json" } },
    body = body and text,
    ca_file = self.ca_file,
    max_body = MAX_BODY,
    fresh_connect = true, -- a knob may close the one that is kept open
  }, SECONDS)
  local answer = response and json.decode(response.body)
  if not response or response.status ~= 200 or not answer then
    error(("equinix.emulator: %s /_emulator/%s: %s"):format(method, path,
      err and err.message or answer and answer.error
        or "status " .. response.status), 3)
  end
  return with_integers(answer)
end

--- Sets knobs: `e:config { status = 503, times = 3 }`, or one of them for a
--- number of requests of its own, `{ status = { value = 503, times = 3 } }`.
---@param values? table<string, any> without it: only reads
---@return table<string, {value: any, default: any, help: string,
---  left: integer|nil}> knobs as they are now
function Emulator:config(values)
  local now = call(self, values and "POST" or "GET", "config", values)
  return now
end

--- The next requests fail with that status, whatever they are; those after
--- them are answered again.
---@param n? integer how many; default 1
---@param status? integer default 503
---@param more? table further knobs, such as retry_after or scope
function Emulator:fail(n, status, more)
  local values = copy(more)
  n, status = n or 1, status or 503
  if n == 0 or status == 0 then -- as knobs: without an end, and off
    error("equinix.emulator: n must be 1 or more, status 200 to 599", 2)
  end
  values.status, values.api_status, values.times = status, status, n
  call(self, "POST", "config", values)
end

--- What was requested, without secrets, see docs/emulator.md.
---@return {requests: table[], routes: table<string, integer>,
---  tokens: table<string, integer>, token_requests: integer}
function Emulator:log()
  local log = call(self, "GET", "log")
  return log
end

--- How often a route was requested.
---@param route string "POST /oauth2/v1/token"
---@return integer
function Emulator:count(route)
  local log = call(self, "GET", "log")
  return log.routes[route] or 0
end

--- Returns to the start: knobs, tokens, log and lock-outs. A secret that was
--- rotated stays.
function Emulator:reset()
  call(self, "POST", "reset")
end

--- From now on the app has another secret, and the old one is refused. Tokens
--- stay valid.
---@return string client_secret also in `env` and `options`
function Emulator:rotate_secret()
  local secret = call(self, "POST", "rotate_secret").client_secret
  self.client_secret = secret
  self.env.EQUINIX_API_CLIENTSECRET = secret
  self.options.client_secret = secret
  return secret
end

--- Ends it, and waits until nothing of it is left. A second call does nothing;
--- without one it ends with this process, or when the object is dropped.
function Emulator:stop()
  local process = self.process
  if process then
    self.process = nil
    self.http:close()
    process:stop()
  end
end

Emulator.__close = Emulator.stop

function Emulator:__tostring()
  return ("equinix.Emulator (%s)"):format(self.process and self.url
    or "stopped")
end

return M
