-- Many accounts that callers bring, before a real service: they displace
-- nothing of the service's own, and leave a bounded number of files. And the
-- number of places, as the service's environment says.
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("callers' accounts: " .. missing)
  return
end

local PATH = "/oauth2/v1/token"

-- Callers with these {id, secret} at once. -> how often each status came
local function call(s, credentials)
  local http, requests, statuses = core.http(), {}, {}
  for i, pair in ipairs(credentials) do
    requests[i] = {
      method = "POST", url = s.rest_url .. PATH,
      headers = { { "Content-Type", "application/json" } },
      body = json.encode {
        grant_type = "client_credentials",
        client_id = pair[1],
        client_secret = pair[2],
      },
    }
  end
  for _, result in ipairs(http:send_many(requests, #requests, 60)) do
    local status = result.response and result.response.status
      or result.err.code
    statuses[status] = (statuses[status] or 0) + 1
  end
  http:close()
  return statuses
end

-- So many accounts that Equinix does not know.
local function strangers(name, count)
  local credentials = {}
  for i = 1, count do
    credentials[i] = { ("%s-%d"):format(name, i),
      "a secret of sufficient length" }
  end
  return credentials
end

-- Three new wrong secrets for each account.
local function three_each(ids)
  local credentials = {}
  for _, id in ipairs(ids) do
    for _ = 1, 3 do
      credentials[#credentials + 1] = { id,
        ("wrong secret %.15f"):format(core.random()) }
    end
  end
  return credentials
end

describe("callers with accounts of their own", function()
  local e

  setup(function()
    e = emulator.start { plain = true, workers = 2 }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function start(words)
    local s = serve.start(e, words)
    finally(function()
      s:stop()
    end)
    return s
  end

  it("don't displace the service's own token while they wait", function()
    local s = start { "--no-store", "--workers", "2" }
    local own = s:token()
    e:config { latency = 0.5 }
    call(s, strangers("slow", 400))
    e:config { latency = 0 }
    for _ = 1, 20 do -- both workers
      local status, _, object = s:rest("POST", PATH,
        { fresh_connect = true })
      assert.equal(200, status)
      assert.equal(own, object.access_token)
    end
    assert.equal(1, s:metric "equinix_token_requests_total")
    assert.equal(0, s:metric "equinix_cache_private_total")
    assert.equal(0, s:metric "equinix_cache_evictions_total")
    assert.equal(256, s:metric "equinix_cache_places")
  end)

  it("leave a bounded number of files in the store", function()
    local s = start()
    s:token()
    for round = 1, 7 do
      assert.same({ [400] = 100 }, call(s, strangers("round " .. round, 100)))
    end
    local files = tonumber((process.capture("ls " .. s.runtime_dir
      .. "/equinix | wc -l")))
    assert.is_true(files <= 16 + 10, files)
  end)
end)

describe("EQUINIX_CACHE_PLACES of a service", function()
  it("is what its workers have", function()
    local e = emulator.start { plain = true }
    finally(function()
      e:stop()
    end)
    local s = serve.start(e, { "--no-store", "--workers", "2" },
      { env = { EQUINIX_CACHE_PLACES = "300" } })
    local places = s:metric "equinix_cache_places"
    s:stop()
    assert.equal(300, places)
  end)

  it("leaves the lock-out guard its room, however small it is", function()
    local e = emulator.start { plain = true, workers = 2 }
    finally(function()
      e:stop()
    end)
    local s = serve.start(e, { "--no-store", "--workers", "2" },
      { env = { EQUINIX_CACHE_PLACES = "2" } })
    local ids = {}
    for i = 1, 20 do
      ids[i] = ("account %d"):format(i)
    end
    for _ = 1, 4 do -- 12 wrong secrets for each, over both workers
      call(s, three_each(ids))
    end
    local private = s:metric "equinix_cache_private_total"
    s:stop()
    assert.equal(4 * #ids, e:count("POST " .. PATH))
    assert.equal(0, private)
  end)

  it("is refused at the start when it is no number of places", function()
    local e = emulator.start { plain = true }
    finally(function()
      e:stop()
    end)
    local s, stderr, code = serve.try(e, {},
      { env = { EQUINIX_CACHE_PLACES = "70000" } })
    assert.is_nil(s)
    assert.not_equal(0, code)
    assert.matches("EQUINIX_CACHE_PLACES must be a whole number from 1 to "
      .. "65536", stderr, 1, true)
  end)
end)
