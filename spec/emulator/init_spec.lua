-- emulator: a local Equinix as an object of a test.
local core = require "equinix.core"
local emulator = require "equinix.emulator"
local equinix = require "equinix"
local process = require "spec.support.process"

local function line_of(message)
  return message:match "^[^:]*emulator/init_spec%.lua:%d+: (.*)$"
end

describe("emulator.start", function()
  local e, plain -- two at once
  setup(function()
    e = assert(emulator.start { lifetime = 50, retry_after = 1 })
    plain = assert(emulator.start { plain = true, workers = 2 })
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
    plain:stop()
  end)

  local number = 0
  local function client(changes)
    number = number + 1
    local options = { retry = false, cache_key = "client " .. number }
    for name, value in pairs(e.options) do
      options[name] = value
    end
    for name, value in pairs(changes or {}) do
      options[name] = value
    end
    return assert(equinix.new(options))
  end

  it("gives what a client needs, and sets knobs", function()
    assert(client():get "/fabric/v4/health")
    assert.matches("^https://127%.0%.0%.1:%d+$", e.url)
    assert.equal(e.url, e.options.base_url)
    assert.equal(e.ca_file, e.options.ca_file)
    assert.equal(50, e:config().lifetime.value)
    assert.equal("equinix.Emulator (" .. e.url .. ")", tostring(e))
    local user = client { grant = "password", user_name = e.user_name,
      user_password = e.user_password }
    assert(user:token())
  end)

  it("gives what a program needs, in its environment", function()
    assert.is_nil(plain.ca_file)
    assert.is_nil(plain.env.SSL_CERT_FILE)
    for _, name in ipairs { "CURL_CA_BUNDLE", "SSL_CERT_FILE",
      "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE" } do
      assert.equal(e.ca_file, e.env[name])
    end
    local p = process.start({ "bin/equinix-auth", "request", "GET",
      "/fabric/v4/health", "--no-store" }, { env = plain.env })
    assert.equal(0, p:wait(), p:stderr())
    p:stop()
    assert.matches("HEALTHY", p:stdout())
    assert.equal(1, plain:count "GET /fabric/v4/health")
  end)

  it("counts and logs in whole numbers", function()
    assert(client():get "/fabric/v4/health")
    local log = e:log()
    assert.equal(1, log.token_requests)
    assert.equal("1 200", e:count "GET /fabric/v4/health" .. " "
      .. log.requests[2].status)
    assert.equal(0, e:count "GET /nowhere")
  end)

  it("lets the next requests fail, and then no more", function()
    local c = client()
    e:fail(2, 502, { retry_after = 7 })
    local _, err = c:get "/fabric/v4/health" -- its token request
    assert.equal(502, err.status)
    assert.equal(7, err.retry_after)
    assert.equal(1, e:config().status.left)
    assert.equal(502, e.http:send({ method = "GET", url = e.url .. "/x",
      ca_file = e.ca_file, max_body = 65536 }, 30).status)
    assert.equal(0, e:config().status.value)
    assert.equal("1", e:config().retry_after.value) -- that of the start
    e:fail()
    assert.equal(1, e:config().api_status.left)
    assert.equal(503, e:config().api_status.value)
  end)

  it("rotates the secret: the old one is refused, tokens stay", function()
    local old = e.client_secret
    local before = client()
    assert(before:get "/fabric/v4/health")
    local new = e:rotate_secret()
    assert.not_equal(old, new)
    assert.same({ new, new, new }, { e.client_secret,
      e.options.client_secret, e.env.EQUINIX_API_CLIENTSECRET })
    assert(before:get "/fabric/v4/health")
    before:forget()
    local _, err = before:get "/fabric/v4/health"
    assert.equal("auth", err.kind)
    assert(client():get "/fabric/v4/health")
    e:reset() -- a client holds back the old one, which was refused
    assert(client():get "/fabric/v4/health")
  end)

  it("raises at the line of the test what the emulator refuses", function()
    for _, case in ipairs {
      { function() e:config { statsu = 503 } end,
        "equinix.emulator: POST /_emulator/config: unknown knob 'statsu', "
          .. "did you mean 'status'?" },
      { function() e:fail(-1) end,
        "equinix.emulator: POST /_emulator/config: knob 'times' must be 0 or "
          .. "more" },
      { function() e:fail(0) end, -- as knobs: until they are set back
        "equinix.emulator: n must be 1 or more, status 200 to 599" },
      { function() e:fail(1, 0) end,
        "equinix.emulator: n must be 1 or more, status 200 to 599" },
      { function() e:config { latency = 0 / 0 } end,
        "equinix.emulator: these knobs can't be sent: Cannot serialise "
          .. "number: must not be NaN or Inf" },
      { function() emulator.start { lifetimes = 5 } end,
        "equinix: unknown option 'lifetimes', did you mean 'lifetime'?" },
      { function() emulator.start { lifetime = "x" } end,
        "equinix: knob 'lifetime' must be a number" },
      { function() emulator.start { port = 0.5 } end,
        "equinix: option 'port' must be a whole number from 0 to 65535" },
      { function() emulator.start { workers = 0 } end,
        "equinix: option 'workers' must be a whole number from 1 to 64" },
      { function() emulator.start "plain" end,
        "equinix: options must be a table, not string" },
    } do
      local ok, message = pcall(case[1])
      assert.is_false(ok)
      assert.equal(case[2], line_of(message), message)
    end
  end)

  it("returns what is missing, and how to install it", function()
    local _, message = emulator.start { nginx = "/nowhere" }
    assert.equal("the emulator did not start: there is no nginx at /nowhere",
      message)
    local dir = process.tempdir()
    local file = assert(io.open(dir .. "/nginx", "w"))
    file:write "#!/bin/sh\necho 'nginx version: nginx/1.22.1' >&2\n"
    file:close()
    os.execute("chmod +x " .. dir .. "/nginx")
    finally(function()
      process.remove(dir)
    end)
    -- Where nginx looks for its modules, there are none.
    local open = stub(io, "open", nil)
    _, message = emulator.start { nginx = dir .. "/nginx" }
    open:revert()
    assert.matches("^the emulator did not start: .*/nginx has no Lua module: "
      .. "install libnginx%-mod%-http%-lua", message)
  end)

  it("returns that a port is in use, of two that want the same", function()
    local one, message = emulator.start {
      port = tonumber(plain.url:match ":(%d+)$"), plain = true,
    }
    assert.is_nil(one)
    assert.equal(("the emulator did not start: %s is already in use; choose "
      .. "another port"):format(plain.url:match "//(.*)"), message)
    plain:log() -- it was left alone
  end)

  it("is a member of the module, too", function()
    assert.equal(emulator, equinix.emulator)
    assert.is_nil(equinix.emulators)
  end)

  it("stops once, and says so afterwards", function()
    local one = assert(emulator.start { plain = true })
    one:stop()
    one:stop()
    assert.equal("equinix.Emulator (stopped)", tostring(one))
    local ok, message = pcall(function()
      one:config()
    end)
    assert.is_false(ok)
    assert.equal("equinix.emulator: this one was stopped", line_of(message))
    local response, err = core.http():send({ method = "GET", url = one.url,
      max_body = 65536 }, 30)
    assert.is_nil(response)
    assert.equal("network", err.kind)
    -- Lua 5.4's `<close>` does the same.
    assert.equal(one.stop, getmetatable(one).__close)
  end)
end)
