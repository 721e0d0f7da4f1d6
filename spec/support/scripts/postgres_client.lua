-- postgres_client: one process of a fleet that shares a token by PostgreSQL;
-- prints the token's beginning and how many token requests it made.
local equinix = require "equinix"

local where = ...
local requests = 0
local client = assert(equinix.new {
  store = dofile "examples/store_postgres.lua"(where),
  on_event = function(name, fields)
    if name == "token_request" then
      requests = requests + 1
    elseif name == "store_failed" then
      print("store_failed", fields.op, fields.reason)
    end
  end,
})
assert(client:get "/fabric/v4/health")
print(assert(client:token()).access_token:sub(1, 8), requests)
client:close()
