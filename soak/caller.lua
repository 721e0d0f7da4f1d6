-- caller: one program that calls and calls.
--
-- arguments: the run's folder, its number, "client" or "visitor" (of nginx)
--
-- Law of this file: it decides nothing. What fails is written down with its
-- words, a line each; how much it has done is in state.N.
local core = require "equinix.core"
local equinix = require "equinix"
local file = require "equinix.base.file"
local json = require "equinix.base.json"
local dir, number, kind = ...

local options = assert(json.decode(assert(file.read(dir
  .. "/options.json"))))
local state = { calls = 0, posts = 0, posted = 0, cut = 0 }
local failures = assert(io.open(("%s/failures.%s"):format(dir, number), "w"))
failures:setvbuf "line"

local begun -- when the call began

local function failed(what, message)
  failures:write(what, " ", os.date "!%H:%M:%S",
    (" after %.1f s: "):format(core.now() - begun),
    (tostring(message):gsub("[\r\n]+", " "):sub(1, 500)), "\n")
end

local function save()
  local path = ("%s/state.%s"):format(dir, number)
  assert(file.write(path .. ".new", assert(json.encode(state))))
  assert(os.rename(path .. ".new", path))
end

-- Clients of as many tokens, over one store.
local function new_clients()
  local store = equinix.store.redis { cluster = options.cluster }
  local clients = {}
  for i = 1, options.keys do
    clients[i] = assert(equinix.new {
      client_id = options.client_id, client_secret = options.client_secret,
      base_url = options.base_url, ca_file = options.ca_file,
      cache_key = "soak-" .. i, store = store, timeout = 60,
      allowed_origins = { options.receiver },
      retry = { attempts = 10, base = 0.2, cap = 3 },
    })
  end
  return clients
end

local function post(client)
  state.posts = state.posts + 1
  local id = ("%s-%d-%d"):format(number, os.time(), state.posts)
  local response, err = client:post(options.receiver .. "/orders",
    { json = { id = id } })
  if response then
    state.posted = state.posted + 1
  else
    failed("POST " .. id, err)
  end
end

local function get(client)
  local response, err = client:get("/fabric/v4/ports",
    { query = { limit = "1" } })
  if not response then
    failed("GET", err)
  end
end

local function new_caller()
  local clients = new_clients()
  return function()
    local client = clients[math.random(#clients)]
    if math.random(10) == 1 then
      post(client)
    else
      get(client)
    end
  end
end

-- Of a connection that ends with a worker that was killed it is told nothing;
-- it calls again.
local function new_visitor()
  local http = core.http()
  return function()
    local response, err = http:send({ method = "GET", may_resend = true,
      url = options.handler .. "/call", connect_timeout = 30 }, 90)
    if not response then
      state.cut = state.cut + 1
      if err.kind == "timeout" then
        failed("nginx", err.message)
      end
    elseif response.status ~= 200 then
      failed("nginx", response.status .. " " .. response.body)
    end
  end
end

math.randomseed(os.time() + tonumber(number))
local call = (kind == "visitor" and new_visitor or new_caller)()
local saved = 0
save()
while not file.read(dir .. "/end") do
  begun = core.now()
  call()
  state.calls = state.calls + 1
  if core.now() - saved >= 1 then
    save()
    saved = core.now()
  end
  core.sleep(options.pause * (0.5 + math.random()))
end
save()
