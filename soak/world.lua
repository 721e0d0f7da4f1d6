-- world: the parts of a run, and what they know at its end.
--
-- Law of this file: every part is started here, and ended here, in the
-- reverse order; a caller that ends before is noticed.
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local file = require "equinix.base.file"
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local receiver = require "soak.receiver"
local redis_cluster = require "spec.support.redis_cluster"

local M = {}
local World = {}
World.__index = World

local REFRESH = "/oauth2/v1/refreshaccesstoken"
local KEYS = 8 -- tokens, each with callers on every program

local HANDLER = [[
  location = /call {
    content_by_lua_block {
      local response, err = require("soak_client"):get("/fabric/v4/ports")
      if not response then
        ngx.status = 500
        ngx.say(tostring(err))
      else
        ngx.say(response.status)
      end
    }
  }
]]

local function client_module(self)
  return ([[return assert(require("equinix").new {
    client_id = %q, client_secret = %q, base_url = %q, ca_file = %q,
    cache_key = "soak-1", timeout = 60,
    retry = { attempts = 10, base = 0.2, cap = 3 },
    store = require("equinix").store.redis { cluster = %s },
  })]]):format(self.emulator.client_id, self.emulator.client_secret,
    self.emulator.base_url, self.emulator.ca_file,
    "{ '" .. table.concat(self.cluster:addresses(), "', '") .. "' }")
end

local function write_options(self, rate)
  assert(file.write(self.dir .. "/options.json", assert(json.encode {
    client_id = self.emulator.client_id,
    client_secret = self.emulator.client_secret,
    base_url = self.emulator.base_url, ca_file = self.emulator.ca_file,
    receiver = self.receiver.url, handler = self.nginx.url,
    cluster = self.cluster:addresses(), keys = KEYS,
    pause = 5 / rate, -- of each of five callers
  })))
end

-- Callers: two on each Lua, one of them under a clock that jumps, and one
-- that calls nginx.
local function start_callers(self)
  local root = process.capture "pwd"
  for i, what in ipairs { "lua5.4", "lua5.4", "luajit", "luajit",
    "visitor" } do
    local lua = what == "luajit" and "luajit" or "lua5.4"
    local env = {
      LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;"):format(root,
        root, root),
      LUA_CPATH = ("%s/build/%s/?.so;;"):format(root, lua),
    }
    if i == 2 then
      self.clock = self.dir .. "/clock"
      assert(file.write(self.clock, "0"))
      env.LD_PRELOAD = root .. "/build/soak/wall_clock.so"
      env.WALL_CLOCK = self.clock
    end
    self.callers[i] = process.start({ lua, "soak/caller.lua", self.dir,
      tostring(i), what == "visitor" and "visitor" or "client" },
      { env = env })
  end
end

--- Starts everything.
---@param o {lifetime: number, rate: number}
function M.start(o)
  local self = setmetatable({ callers = {}, cut = 0, refreshed = 0,
    refused = 0, last = 0 }, World)
  self.dir = process.capture
    "mkdir -p build/soak && mktemp -d build/soak/XXXXXX"
  self.dir = process.capture "pwd" .. "/" .. self.dir
  self.base = { lifetime = o.lifetime, refresh_tokens = true, rotate = true }
  self.emulator = emulator.start { workers = 2, config = self.base }
  self.cluster = redis_cluster.start { timeout = 1000 }
  self.receiver = receiver.start()
  self.nginx = nginx.start {
    workers = 2, main = "thread_pool equinix threads=2;",
    server = HANDLER, files = { ["soak_client.lua"] = client_module(self) },
    http = "init_by_lua_block { require 'equinix' }",
  }
  write_options(self, o.rate)
  start_callers(self)
  self.http = core.http()
  return self
end

--- Reads what the emulator has logged since the last look: it remembers only
--- the last thousand requests.
function World:look()
  for _, entry in ipairs(self.emulator:log().requests) do
    if entry.n > self.last then
      self.last = entry.n
      if entry.path == REFRESH and entry.status == 200 then
        self.refreshed = self.refreshed + 1
      elseif entry.path == REFRESH and (entry.status == 400
        or entry.status == 401) then
        self.refused = self.refused + 1
      end
    end
  end
end

--- What a caller that has ended said; nil: none has.
function World:ended()
  for i, caller in ipairs(self.callers) do
    if not caller:alive() then
      return ("caller %d: %s"):format(i, caller:stderr() or "")
    end
  end
end

--- Ends the callers, each after the call that it is in.
function World:finish()
  assert(file.write(self.dir .. "/end", ""))
  for _, caller in ipairs(self.callers) do
    assert(caller:wait(120), "a caller did not end")
  end
  self:look()
end

local function lines_of(path)
  local lines = {}
  for line in (file.read(path) or ""):gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  return lines
end

-- Whether a failure was to be expected. A POST that the receiver broke off
-- fails: it may have been done, and nothing sends it twice.
local function is_due(self, line)
  local id = line:match "^POST (%S+)"
  return id and self.judged.broken[id] ~= nil
end

--- What is known at the end.
function World:verdict()
  if self.known then
    return self.known
  end
  self.judged = self.receiver:judge()
  local v = { calls = 0, posts = 0, due = 0, undue = 0, cut = 0, lost = 0,
    messages = {} }
  for i in ipairs(self.callers) do
    local state = assert(json.decode(assert(file.read(("%s/state.%d"):format(
      self.dir, i)))))
    v.calls, v.posts = v.calls + state.calls, v.posts + state.posts
    v.cut, v.lost = v.cut + state.cut, v.lost + state.posted
    for _, line in ipairs(lines_of(("%s/failures.%d"):format(self.dir, i))) do
      local due = is_due(self, line)
      local name = due and "due" or "undue"
      v[name] = v[name] + 1
      if not due and #v.messages < 20 then
        v.messages[#v.messages + 1] = line
      end
    end
  end
  v.twice = self.judged.twice
  -- Said to be done by callers, less than the receiver has.
  v.lost = math.max(0, v.lost - self.judged.count)
  v.requests = self.emulator:log().token_requests
  v.refreshed, v.refused = self.refreshed, self.refused
  self.known = v
  return v
end

function World:stop()
  for _, part in ipairs { self.nginx, self.receiver, self.cluster,
    self.emulator } do
    part:stop()
  end
  for _, caller in ipairs(self.callers) do
    caller:stop()
  end
end

return M
