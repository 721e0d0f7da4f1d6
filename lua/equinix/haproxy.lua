--- haproxy: the gateway in HAProxy. HAProxy proxies, this file brings the
--- token.
--
--     -- equinix.lua, for lua-load or lua-load-per-thread
--     local client = assert(require("equinix").new())
--     require("equinix.haproxy").serve(client)
--
--     backend equinix                                        # haproxy.cfg
--       http-request  lua.equinix
--       http-response lua.equinix_401 if { status 401 }
--
-- Law of this file: what the caller sent as Authorization never goes on to the
-- API, and a request without a token never does: it gets 503 at once, whatever
-- fails. A request never waits: only a task of HAProxy asks for tokens, ahead
-- of time. All files are read while the configuration is, before chroot. The
-- reason why there is no token is for HAProxy's log only.

local check = require "equinix.base.check"
local core = require "equinix.core"
local json = require "equinix.base.json"
local log_limit = require "equinix.base.log_limit"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local problem = require "equinix.http.problem"
local transport = require "equinix.transport.haproxy"

-- HAProxy's module has the name of ours.
local haproxy = rawget(_G, "core")

local M = {}

-- The transport's own functions: a client's option `transport` may be this
-- module, as with the other adapters, and run() is among them.
for name, f in pairs(transport) do
  M[name] = f
end

local NAME = "equinix" -- of the actions
local VARIABLE = "txn.%s_authorization" -- what was sent
local KEY = "authorization" -- in the map
local RETRY_AFTER, MAX_RETRY_AFTER = 5, 3600 -- seconds
local PAUSE, MAX_PAUSE = 1, 60 -- between two tries of the task; seconds
local END_MARGIN = 0.25 -- seconds before its end in which no map has a token

---@class equinix.haproxy.Gateway
---@field client equinix.Client
---@field variable string what was sent is there
---@field map? string
---@field body string of the 503
---@field asking boolean a task is asking for a token
---@field next_try number on core.now(): none is asked for before
---@field failures equinix.LogLimit
---@field line? string for the log
---@field speaks boolean it writes the log and the map: one state of many
---@field published? string the header that is in the map

-- Whole seconds, as the header wants them.
local function retry_after(self)
  local seconds = self.asking and RETRY_AFTER
    or math.ceil(self.next_try - core.now())
  return ("%d"):format(math.min(MAX_RETRY_AFTER, math.max(1, seconds)))
end

local function refuse(self, txn)
  txn:done(txn:reply {
    status = 503,
    reason = "Service Unavailable",
    headers = {
      ["content-type"] = { problem.MEDIA_TYPE },
      ["cache-control"] = { "no-store" },
      ["retry-after"] = { retry_after(self) },
    },
    body = self.body,
  })
end

-- The action lua.equinix. HAProxy lets a request pass whose action failed.
local function authorize(self, txn)
  local called, header = pcall(self.client.authorization, self.client)
  if not called or not header then
    return refuse(self, txn)
  end
  txn.http:req_set_header("authorization", header)
  txn:set_var(self.variable, header)
end

-- The action lua.equinix_401.
local function unauthorized(self, txn)
  local sent = txn:get_var(self.variable)
  if sent and txn.f:status() == 401 then
    self.client:unauthorized(sent)
  end
end

-- A line for the log, unless there were enough of its kind. It is written
-- later, outside of the task.
local function note_failure(self, err)
  local left_out = self.failures:note(err.code or err.kind, core.now())
  if left_out then
    self.line = "no token: " .. tostring(err.message) .. (left_out > 0 and
      (" (%d more since the last such line)"):format(left_out) or "")
  end
end

local function note_token(self)
  if self.failures.total > 0 and self.failures:over(core.now()) then
    self.line = "there is a token again"
  end
end

-- A task. It ends with the token, with a failure, or in the client's timeout.
local function ask(self)
  local called, header, err = pcall(self.client.authorization, self.client)
  local pause = PAUSE
  if not called or not header then
    err = called and err or memory.is(header) and memory.error()
      or { kind = "raised", message = tostring(header) }
    note_failure(self, err)
    pause = err.retry_after or PAUSE
  end
  self.next_try = core.now() + math.min(MAX_PAUSE, math.max(PAUSE, pause))
  self.asking = false
end

-- The header, as long as it may be in a map that is looked at now and then.
local function lasting_header(client)
  local header = client:cached()
  if header then
    return header -- fresh: its end is far away
  end
  header = client:authorization()
  local _, left = client:peek()
  return header and (not left or left > END_MARGIN) and header or nil
end

local function publish(self)
  local header = lasting_header(self.client)
  if header == self.published then
    return
  elseif header then
    haproxy.set_map(self.map, KEY, header)
  else
    haproxy.del_map(self.map, KEY)
  end
  self.published = header
end

-- One turn of HAProxy's task.
local function keep(self)
  if self.client:cached() then
    note_token(self) -- perhaps another thread's state asked for it
    self.next_try = 0 -- the next trouble is another one
  elseif not self.asking and core.now() >= self.next_try then
    self.asking = true
    transport.run(function()
      ask(self)
    end)
  end
  if self.map and self.speaks then
    publish(self)
  end
  if self.line then
    if self.speaks then
      haproxy.log(haproxy.err, "equinix gateway: " .. self.line)
    end
    self.line = nil
  end
end

local function new_gateway(client, opts, name)
  return {
    client = client,
    variable = VARIABLE:format(name),
    map = opts.map,
    body = json.encode(problem.new(503,
      "The gateway has no token for the API now.")) .. "\n",
    asking = false,
    next_try = 0,
    failures = log_limit.new(),
    speaks = (haproxy.thread or 0) <= 1,
  }
end

local function register(self, name)
  haproxy.register_action(name, { "http-req" }, function(txn)
    authorize(self, txn)
  end)
  haproxy.register_action(name .. "_401", { "http-res" }, function(txn)
    unauthorized(self, txn)
  end)
  transport.each_turn(function()
    keep(self)
  end)
end

local OPTIONS = { map = "string", name = "string" }

--- Registers `http-request lua.equinix`, `http-response lua.equinix_401` and a
--- task that renews the token ahead of its end. For the file that HAProxy
--- loads; raises what would be wrong later (a file that can't be read, ...).
---@param client equinix.Client
---@param opts? {map?: string, name?: string} a map file of the configuration:
---  the task keeps the header in it, under "authorization", while there is
---  one; in place of "equinix", for the actions of another client
function M.serve(client, opts)
  opts = opts or {}
  check.names(opts, OPTIONS, "option", 2)
  local name = opts.name or NAME
  if type(haproxy) ~= "table" or not haproxy.register_action then
    error("equinix.haproxy works inside HAProxy only: load this file with "
      .. "lua-load or lua-load-per-thread", 2)
  elseif not name:find "^[A-Za-z0-9_]+$" then
    error("option 'name' must consist of letters, digits and _", 2)
  end
  local ok, err = client:preload()
  if ok then
    ok, err = client:prepare() -- HAProxy may fork
  end
  if not ok then
    error(tostring(err), 2)
  end
  register(new_gateway(client, opts, name), name)
end

return M
