-- proxy = "environment": token requests, API calls and STS go through the
-- proxy of the environment, as libcurl reads it; and only where it is asked
-- for. Real proxies, which count.
local command = require "spec.support.command"
local connect_proxy = require "spec.support.connect_proxy"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

-- No variable of the machine decides.
local NONE = {}
for name in ("https_proxy HTTPS_PROXY http_proxy HTTP_PROXY all_proxy "
  .. "ALL_PROXY no_proxy NO_PROXY"):gmatch "%S+" do
  NONE[name] = false
end

describe("proxy = \"environment\"", function()
  local e, connects, refuses, target
  setup(function()
    e = emulator.start()
    connects, refuses = connect_proxy.start(), connect_proxy.start(403)
    target = e.base_url:match "//(.*)$"
  end)
  teardown(function()
    connects:stop()
    refuses:stop()
    e:stop()
  end)
  before_each(function()
    e:reset()
  end)

  local function env(changes)
    local all = command.env(e, NONE)
    for name, value in pairs(changes) do
      all[name] = value
    end
    return all
  end

  local function run(words, changes)
    words[#words + 1] = "--ca-file"
    words[#words + 1] = e.ca_file
    return command.run(words, { env = env(changes) })
  end

  local function request(changes, ...)
    return run({ "request", "GET", "/fabric/v4/ports", "--proxy",
      "environment", ... }, changes)
  end

  -- That call got its answer through the proxy, or past it.
  local function assert_passes(through, changes)
    local before = #connects:targets()
    local code, out, said = request(changes)
    assert.equal(0, code, said)
    assert.matches("data", out)
    local targets = connects:targets()
    assert.equal(through, #targets > before)
    for i = before + 1, #targets do
      assert.equal(target, targets[i])
    end
  end

  it("is off by default", function()
    local code, _, said = run({ "request", "GET", "/fabric/v4/ports" },
      { https_proxy = refuses.url, ALL_PROXY = refuses.url })
    assert.equal(0, code, said)
    assert.equal(0, refuses:connections())
  end)

  it("takes the variables for https, as libcurl does", function()
    for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "all_proxy",
      "ALL_PROXY" } do
      assert_passes(true, { [name] = connects.url })
    end
    assert_passes(true, { https_proxy = connects.url,
      all_proxy = refuses.url })
    assert_passes(false, { http_proxy = refuses.url,
      HTTP_PROXY = refuses.url })
    assert_passes(false, {})
  end)

  it("goes past it to the hosts of NO_PROXY", function()
    for _, name in ipairs { "no_proxy", "NO_PROXY" } do
      assert_passes(false, { https_proxy = refuses.url,
        [name] = "example.com,127.0.0.1" })
    end
    assert_passes(true, { https_proxy = connects.url,
      NO_PROXY = "example.com" })
  end)

  it("is for token requests, API calls and STS alike", function()
    local ways = {
      token = {},
      api = { EQUINIX_API_CLIENTID = false, EQUINIX_API_CLIENTSECRET = false,
        EQUINIX_API_TOKEN = "a-token" },
      sts = { EQUINIX_API_CLIENTID = false, EQUINIX_API_CLIENTSECRET = false,
        EQUINIX_STS_ENDPOINT = e.base_url,
        EQUINIX_TOKEN_EXCHANGE_SCOPE = "scope",
        EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN = "subject" },
    }
    for way, changes in pairs(ways) do
      changes.HTTPS_PROXY = refuses.url
      local before = #refuses:targets()
      local code, _, said = request(changes)
      assert.equal(4, code, way .. said)
      assert.matches("the proxy of the environment answered CONNECT with 403",
        said)
      assert.is_true(#refuses:targets() > before, way)
    end
    assert.equal(0, #e:log().requests)
  end)

  it("shows no password of a proxy in any message", function()
    local host = refuses.url:match "//(.*)$"
    for _, url in ipairs { "http://me:hunter2@" .. host,
      "gopher://me:hunter2@127.0.0.1:1", "http://me:hunter2@nowhere.invalid",
      "http://me:hunter2@127.0.0.1:1" } do
      local code, out, said = run({ "token", "--proxy", "environment" },
        { https_proxy = url })
      assert.equal(4, code, said)
      assert.not_matches("hunter2", out .. said)
      code, out, said = run({ "doctor", "--proxy", "environment" },
        { https_proxy = url })
      assert.equal(4, code, out)
      assert.not_matches("hunter2", out .. said)
      assert.matches("proxy +of the environment: https_proxy\n", out)
    end
  end)

  it("may be said by a profile", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    os.execute(("mkdir %s/equinix && umask 077 && printf "
      .. "'[default]\\nproxy = environment\\n' >%s/equinix/config"):format(dir,
      dir))
    local before = #connects:targets()
    local code, _, said = run({ "request", "GET", "/fabric/v4/ports" },
      { https_proxy = connects.url, XDG_CONFIG_HOME = dir })
    assert.equal(0, code, said)
    assert.is_true(#connects:targets() > before)
  end)

  it("reaches the workers of the service", function()
    if serve.missing() then
      return pending(serve.missing())
    end
    local before = #connects:targets()
    local s = serve.start(e, { "--proxy", "environment", "--ca-file",
      e.ca_file, "--no-store" }, { env = env { https_proxy = connects.url } })
    finally(function()
      s:stop()
    end)
    assert.equal(200, (s:rest("POST", "/oauth2/v1/token")))
    assert.is_true(#connects:targets() > before)
  end)
end)
