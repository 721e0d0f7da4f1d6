-- fleet_caller: one process of a fleet. In each round it gets a token, after
-- it refused the one that it has, and writes one line of JSON about that. In
-- between it uses its token, when the spec wants that.
-- arguments: the folder of spec/support/fleet.lua, which has options.json
local core = require "equinix.core"
local equinix = require "equinix"
local json = require "equinix.base.json"
local read_file = require("equinix.base.file").read
local stores = require "spec.support.stores"
local dir = ...

local options = assert(json.decode(assert(read_file(dir .. "/options.json"))))
local out = assert(io.open(("%s/out.%d"):format(dir, worker), "wb"))

local function write(line)
  line.worker, line.pid = worker, host.pid()
  out:write(assert(json.encode(line)), "\n")
  out:flush()
end

local function exists(name)
  local file = io.open(dir .. "/" .. name)
  return file and file:close()
end

-- What a first call would load.
if options.warm then
  for _, name in ipairs { "oauth.grant", "oauth.lockout", "oauth.lockout_page",
    "oauth.lockout_policy", "oauth.lockout_store", "oauth.token_endpoint",
    "oauth.token_response", "store.session", "tokens.distributed",
    "tokens.refreshing", "tokens.renewal", "transport.curl" } do
    require("equinix." .. name)
  end
  stores.open(options.store):load "nothing"
end

local events = {}
local client = assert(equinix.new {
  base_url = options.base_url,
  client_id = options.client_id,
  client_secret = options.client_secret,
  timeout = options.timeout,
  store = stores.open(options.store),
  on_event = function(name, fields)
    fields.name = name
    events[#events + 1] = fields
  end,
})

-- The header, as for each request to the API, while the spec wants that.
local uses = 0
local function use()
  assert(client:authorization())
  uses = uses + 1
  local path = ("%s/uses.%d"):format(dir, worker)
  local file = assert(io.open(path .. ".new", "wb"))
  file:write(("%d"):format(uses))
  file:close()
  assert(os.rename(path .. ".new", path))
end

-- Until the spec begins this round; false: it has begun none any more.
local function may_begin(round)
  while not exists("go." .. round) do
    if exists "end" then
      return false
    elseif exists "use" then
      use()
    end
    core.sleep(options.look)
  end
  return true
end

write { round = 0 }
local round, header = 1, nil
while may_begin(round) do
  if header then
    client:invalidate(header)
  end
  local begun = core.now()
  local token, err = client:token()
  header = token and "Bearer " .. token.access_token
  write {
    round = round,
    kind = token and "token" or err.kind,
    message = err and err.message,
    digest = token and core.sha256(token.access_token),
    seconds = core.now() - begun,
    events = events,
  }
  events = {}
  round = round + 1
end
