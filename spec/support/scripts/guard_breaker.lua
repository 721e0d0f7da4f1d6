-- guard_breaker: tries to get more bad attempts past the lock-out guard than
-- it promises, by chance: many accounts, secrets that are right, wrong or
-- rotated, callers beside the clients of the accounts themselves, and workers
-- that are killed while their attempt is in flight.
-- arguments: base_url, a store ("file /folder" or "none"), kills
local core = require "equinix.core"
local equinix = require "equinix"
local stores = require "spec.support.stores"
local base_url, store, kills = ...

local ACCOUNTS, STEPS = 12, 24

local function random(n)
  return 1 + math.floor(core.random() * n)
end

local function secret(i)
  return "secret-number-" .. i .. "-of-the-account"
end

local function new_client(account, i)
  return assert(equinix.new {
    base_url = base_url,
    client_id = account,
    client_secret = secret(i),
    store = store ~= "none" and stores.open(store) or nil,
    timeout = 2,
    retry = false,
  })
end

local caller = new_client("an app of no account", 1)
host.barrier()
for step = 1, STEPS do
  -- All are about at the same few accounts, and move on.
  local account = "account-" .. math.floor(step * ACCOUNTS / STEPS)
    + random(3)
  if core.random() < 0.7 then
    caller:operation("getoauth2accesstoken", { client_id = account,
      grant_type = "client_credentials", client_secret = secret(random(5)) })
  else
    local client = new_client(account, random(5))
    client:refresh()
    client:close()
  end
  if kills == "kills" and worker == 1 and step % 4 == 0 and step <= 12 then
    pcall(host.kill, 1 + step / 4, 9) -- it may have ended before
  end
end
