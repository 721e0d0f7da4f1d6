-- fleet_forked: a process with a connection to its Redis forks; whatever the
-- child does and however it ends, the parent's next step works.
-- arguments: the folder of spec/support/fleet.lua, for its options
local core = require "equinix.core"
local equinix = require "equinix"
local json = require "equinix.base.json"
local read_file = require("equinix.base.file").read
local stores = require "spec.support.stores"
local dir, ends = ...

local options = assert(json.decode(assert(read_file(dir .. "/options.json"))))
local failed = {}
local client = assert(equinix.new {
  base_url = options.base_url,
  client_id = options.client_id,
  client_secret = options.client_secret,
  store = stores.open(options.store),
  on_event = function(name, fields)
    if name == "store_failed" then
      failed[#failed + 1] = fields.op .. " " .. fields.reason
    end
  end,
})

local function renew()
  local header = client:authorization()
  if header then
    client:invalidate(header)
  end
  assert(client:token())
  assert(#failed == 0, table.concat(failed, "\n"))
end

renew() -- and now there is a kept connection
if host.fork() then
  if ends == "uses" then
    renew()
  end
  core.sleep(0.05)
  os.exit(0, true) -- with every finalizer
end
for _ = 1, 3 do
  core.sleep(0.1)
  renew()
end
