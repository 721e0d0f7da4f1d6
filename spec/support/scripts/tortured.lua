-- tortured: the calls that spec/support/torture.c makes with too little
-- memory. Each client has a cache key of its own, so that no run has another's
-- token.
--
--   tortured.lua NAME BASE_URL CLIENT_ID CLIENT_SECRET CA_FILE STORE PLACE RUN
--
-- STORE is file or redis, PLACE its folder or port; RUN is another in each
-- program, since a store keeps its tokens.
local name, base_url, client_id, client_secret, ca_file, store, place,
  run = ...

local equinix, client

local function new(n, on_event)
  return equinix.new {
    on_event = on_event,
    base_url = base_url, client_id = client_id, client_secret = client_secret,
    cache_key = ("tortured %s %d"):format(run, n),
    ca_file = ca_file ~= "" and ca_file or nil,
    store = store == "file" and equinix.store.file { dir = place }
      or store == "redis" and equinix.store.redis { port = tonumber(place) }
      or nil,
  }
end

local function ready(n, on_event)
  equinix = equinix or require "equinix"
  if client then
    client:close()
  end
  client = assert(new(n, on_event))
end

-- The token can be had and renewed: no lock of it is held.
local function check(n)
  if not client then
    ready(n)
  end
  assert(client:refresh { force = true }) -- in spite of a back-off
  assert(assert(client:token()).access_token)
  local response = assert(client:get "/fabric/v4/ports")
  assert(assert(response:json()).data[1].uuid)
end

-- LuaJIT's own `require` may leave its mark where it finds no memory after the
-- module was loaded: that is between the program and LuaJIT.
local function load_it()
  local ok, module = pcall(require, "equinix")
  if not ok then
    local loaded = package.loaded.equinix
    package.loaded.equinix = type(loaded) == "table" and loaded or nil
    error(module, 0)
  end
  return module
end

local PORTS = { path = "/fabric/v4/ports" }
local function with_token(call)
  return { ready = function(n)
    ready(n)
    assert(client:token())
  end, call = call }
end

local function uses(response, err)
  if not response then
    return nil, err
  end
  return response:json()
end

local cases = {
  require = {
    ready = function() end,
    call = function(n)
      equinix = load_it()
      client = assert(new(n))
      return client:token()
    end,
  },
  new = { call = function(n)
    local other, err = new(n)
    return other and other:close(), err
  end },
  token = { call = function()
    return client:token()
  end },
  get = with_token(function()
    return uses(client:get("/fabric/v4/ports", { query = { limit = 2 } }))
  end),
  -- The first call of all, which loads what it needs.
  first = { call = function()
    return uses(client:get "/fabric/v4/ports")
  end },
  post = with_token(function()
    local response, err = client:post("/fabric/v4/connections/search", {
      json = { filter = { ["and"] = {} }, pagination = { limit = 1 } } })
    return uses(response, err)
  end),
  all = with_token(function()
    local results, err = client:all({ PORTS, PORTS, PORTS, PORTS },
      { concurrency = 2 })
    for _, result in ipairs(results or {}) do
      if not result.response then
        return nil, result.err
      end
    end
    return results, err
  end),
  pages = with_token(function()
    local count = 0
    for item, err in client:items("/fabric/v4/ports", { raise = false,
      query = { limit = 10 } }) do
      if not item then
        return nil, err
      end
      count = count + 1
    end
    assert(count == 25, "another number of items: " .. count)
    return count
  end),
  refresh = with_token(function()
    return client:refresh { force = true }
  end),
  seal = { call = function()
    local core = require "equinix.core"
    local text = core.unseal("secret", "key", core.seal("secret", "key",
      ("text "):rep(20)))
    assert(text == ("text "):rep(20), "a sealed record is lost")
    return core.record_name("secret", "key")
  end },
}

-- The same; then a connection is used again, as if nothing had been.
local connects
cases.reuse = { ready = function(n)
  ready(n, function(event, fields)
    connects = event == "response" and fields.connects or connects
  end)
  assert(client:token())
end, call = cases.pages.call, check = function(n)
  check(n)
  assert(client:get "/fabric/v4/ports")
  assert(connects == 0, "a connection was not used again")
end }

cases.url = { call = function()
  local core = require "equinix.core"
  local joined = assert(core.url_join("https://x.example:444/a?b=c", "../d?e"))
  return assert(core.url(joined)).query == "e" and joined
end }

-- One call of the service, whatever it answers: what it can't do for want of
-- memory it says by its own status.
local service, mcp, rest
local function serve()
  service = require("equinix.service.token_service").new(client)
  local options = { service = service, client = client, version = "1" }
  mcp = require("equinix.service.mcp").new(options)
  rest = require("equinix.service.rest").new(options)
end

local memory = { kind = "memory" }

cases.rest = { ready = function(n)
  ready(n)
  serve()
end, call = function()
  local response = rest:handle { method = "POST", path = "/oauth2/v1/token",
    body = "", headers = { host = "127.0.0.1:8080" } }
  if response.status == 503 then
    return nil, memory
  end
  assert(response.status == 200, response.body)
  return response
end }

local CALL = [[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{
  "name":"getoauth2accesstoken","arguments":{}}}]]

cases.mcp = { ready = cases.rest.ready, call = function()
  local response = mcp:handle { method = "POST", path = "/mcp", body = CALL,
    headers = { host = "127.0.0.1:9090",
      ["content-type"] = "application/json" } }
  if response.body:find("out of memory", 1, true)
    or response.body:find("service is busy", 1, true) then
    return nil, memory
  end
  assert(response.body:find("access_token", 1, true), response.body)
  return response
end }

local case = assert(cases[name], name)
case.ready = case.ready or ready
case.check = case.check or check

-- What was loaded once is there; `require` and `first` begin without.
if name ~= "require" then
  ready(0)
  if name ~= "first" then
    check(0)
    client:close()
    client = nil
    case.ready(0)
    case.call(0)
  end
end

if jit then
  jit.off() -- code that LuaJIT has compiled may crash without memory
  jit.flush()
end
return case
