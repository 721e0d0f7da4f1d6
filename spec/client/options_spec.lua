-- options: explicit beats environment beats default; mistakes raise where
-- they were made, data that can't be used comes back as an error.
local core = require "equinix.core"
local errors = require "equinix.base.error"
local memory_store = require "spec.support.memory_store"
local options = require "equinix.client.options"
local raises = require "spec.support.raises"
local retry = require "equinix.http.retry"

local ID = { client_id = "id", client_secret = "hunter2" }

local function with(over)
  local opts = { client_id = ID.client_id, client_secret = ID.client_secret }
  for name, value in pairs(over or {}) do
    opts[name] = value
  end
  return opts
end

local here, assert_raises = raises.here, raises.assert

describe("options.client", function()
  local getenv, set = os.getenv, nil
  before_each(function()
    set = {}
    os.getenv = function(name) -- luacheck: ignore 122
      return set[name]
    end
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
  end)

  local function config(over)
    return assert(options.client(with(over), 1))
  end

  -- The reason why these options can't be used.
  local function reason(opts)
    local none, problem = options.client(opts, 1)
    assert.is_nil(none)
    assert.is_true(errors.is(problem))
    assert.equal("config", problem.kind)
    assert.not_matches("hunter2", tostring(problem))
    return problem.message
  end

  it("has a default for everything but credentials", function()
    local found = config()
    assert.equal("client_credentials", found.grant)
    assert.equal("json", found.encoding)
    assert.equal("https://api.equinix.com", found.base_url)
    assert.equal("https://api.equinix.com:443", found.origin)
    assert.same({ ["https://api.equinix.com:443"] = true }, found.allowed)
    assert.equal(30, found.timeout)
    assert.equal(10, found.connect_timeout)
    assert.equal(64 * 1024 * 1024, found.max_body)
    assert.same({ attempts = 4, base = 0.5, cap = 30 }, found.retry)
    assert.equal("lua-equinix/" .. core._VERSION, found.user_agent)
    assert.matches("no credentials", reason(nil))
    assert.matches("no credentials", reason {})
  end)

  it("raises for an unknown option, with what was meant, at the caller's line",
    function()
      assert_raises("unknown option 'timout', did you mean 'timeout'?",
        function()
          here() options.client({ timout = 3 }, 1)
        end)
      assert_raises("unknown option 'colour'", function()
        here() options.client({ colour = "red" }, 1)
      end)
      assert_raises("unknown option '1'", function()
        here() options.client({ "id" }, 1)
      end)
      assert_raises("unknown retry option 'atempts', did you mean 'attempts'?",
        function()
          here() options.client({ retry = { atempts = 3 } }, 1)
        end)
    end)

  it("takes a store of the user's own, where a secret can seal", function()
    local store = memory_store.new()
    local function store_of(opts)
      opts.store = store
      return assert(options.client(opts, 1)).store
    end
    local app = { client_id = "id", client_secret = "secret" }
    assert.equal(store, store_of(app))
    app.grant, app.user_name, app.user_password = "password", "u", "p"
    assert.equal(store, store_of(app))
    assert.is_nil(store_of { token = "A" })
    assert.is_nil(store_of { scope = "s", subject_token = "t" })
  end)

  it("raises for a store that lacks a function of the port", function()
    assert_raises("option 'store' lacks the function 'unlock'",
      function()
        here() options.client({ store = { load = print, save = print,
          lock = print, delete = print } }, 1)
      end)
  end)

  it("raises for a transport that lacks a function of the port", function()
    assert_raises("option 'transport' lacks the function 'send_many'",
      function()
        here() options.client({ transport = { send = print } }, 1)
      end)
  end)

  it("raises for a wrong type at the line of the level it is given",
    function()
      local function new(opts)
        local found, problem = options.client(opts, 2)
        return found, problem
      end
      for name, value in pairs { client_id = 1, client_secret = true,
        timeout = "3", on_event = "x", allowed_origins = "x", retry = 3,
        transport = print } do
        local ok, message = pcall(function()
          here() new { [name] = value }
        end)
        assert.is_false(ok)
        local where = raises.where()
        assert.equal(where, message:sub(1, #where))
        assert.matches("option '" .. name .. "' must be a ", message, 1, true)
      end
      assert_raises("option 'retry' must be a table or a boolean, not a "
        .. "string", function()
        here() new { retry = "hunter2" }
      end)
      assert_raises("retry option 'base' must be a number, not a string",
        function()
          here() new { retry = { base = "1" } }
        end)
      assert_raises("options must be a table, not string", function()
        here() new "hunter2"
      end)
      assert_raises("options 'environment' and 'base_url' exclude each other",
        function()
          here() new { environment = "sandbox", base_url = "https://a" }
        end)
    end)

  it("goes where it is sent: option, environment, default", function()
    set.EQUINIX_API_ENDPOINT = "https://env.example/"
    assert.equal("https://env.example", config().base_url)
    assert.equal("https://opt.example",
      config({ base_url = "https://opt.example" }).base_url)
    assert.equal("https://api.equinix.com",
      config({ environment = "production" }).base_url)
    assert.equal("https://sandboxapi.equinix.com",
      config({ environment = "sandbox" }).base_url)
    assert.matches("^environment must be", reason(with {
      environment = "staging" }))
  end)

  it("takes https anywhere, http on loopback only", function()
    for _, url in ipairs { "https://a.example", "http://localhost:8080",
      "http://127.0.0.1", "http://127.1.2.3:1", "http://[::1]:8080",
      "https://a.example:8443/prefix///", "HTTPS://A.example" } do
      assert.equal((url:gsub("/+$", "")), config({ base_url = url }).base_url)
    end
    for _, url in ipairs { "http://a.example", "http://localhost.a.example",
      "http://128.0.0.1", "http://0.0.0.0", "http://127.0.0.1.example",
      "ftp://localhost", "a.example", "//a.example", "", "https://", "/",
      "https://u:hunter2@a.example", "https://a.example?hunter2",
      "https://a.example?", "https://a.example#hunter2", "https://a example",
      "https://a.example\\hunter2", "https://a.example\nhunter2",
      "https://a.example\0" } do
      assert.matches("^base_url ", reason(with { base_url = url }))
      if not url:find "[?#]" then -- of an origin only that much matters
        assert.matches("^allowed_origins%[1%] ",
          reason(with { allowed_origins = { url } }))
      end
    end
    set.EQUINIX_API_ENDPOINT = "http://a.example"
    assert.matches("^EQUINIX_API_ENDPOINT must be https", reason(ID))
  end)

  it("sends no plain http through a proxy", function()
    local proxy = "http://proxy.example:3128"
    assert.equal(proxy, config({ proxy = proxy }).proxy)
    assert.matches("^proxy is for https only",
      reason(with { proxy = proxy, base_url = "http://127.0.0.1" }))
    assert.matches("^proxy is for https only",
      reason(with { proxy = proxy, allowed_origins = { "http://[::1]" } }))
    assert.matches("^proxy is for https only", reason(with { proxy = proxy,
      grant = "token_exchange", scope = "s", subject_token = "t",
      sts_endpoint = "http://localhost" }))
  end)

  it("allows the given origins beside its own", function()
    assert.same({ ["https://api.equinix.com:443"] = true,
      ["https://b.example:8443"] = true, ["http://localhost:80"] = true },
      config({ allowed_origins = { "https://B.example:8443/path",
        "http://localhost" } }).allowed)
    assert.matches("allowed_origins%[2%] must be a string", reason(with {
      allowed_origins = { "https://a", 7 } }))
  end)

  it("takes EQUINIX_API_TIMEOUT, unless a timeout is given", function()
    set.EQUINIX_API_TIMEOUT = "7.5"
    assert.equal(7.5, config().timeout)
    assert.equal(3, config({ timeout = 3 }).timeout)
    assert.matches("^timeout must be", reason(with { timeout = 0 }))
    for _, text in ipairs { "soon", "0", "-1", "1e999", "nan" } do
      set.EQUINIX_API_TIMEOUT = text
      assert.matches("^EQUINIX_API_TIMEOUT must be", reason(ID))
    end
  end)

  it("refuses limits that are none", function()
    for _, name in ipairs { "timeout", "connect_timeout", "max_body" } do
      for _, value in ipairs { 0, -1, math.huge, 0 / 0 } do
        assert.matches("^" .. name .. " must be",
          reason(with { [name] = value }))
      end
    end
    for _, name in ipairs { "attempts", "base", "cap" } do
      for _, value in ipairs { -1, math.huge, 0 / 0 } do
        assert.matches("^retry%." .. name, reason(with {
          retry = { [name] = value } }))
      end
    end
  end)

  it("completes a retry policy, and switches it off", function()
    assert.same({ attempts = 2, base = 0.5, cap = 30 },
      config({ retry = { attempts = 2.9 } }).retry)
    assert.equal(1, config({ retry = { attempts = 0 } }).retry.attempts)
    assert.equal(4, config({ retry = true }).retry.attempts)
    local off = config({ retry = false }).retry
    assert.equal(1, off.attempts)
    assert.is_true(off.off)
    assert.equal(off, retry.policy(nil, off))
  end)

  it("chooses the grant: a static token before client credentials", function()
    assert.equal("static", config({ token = "t" }).grant)
    assert.equal("client_credentials",
      config({ token = "t", grant = "client_credentials" }).grant)
    assert.equal("password", config({ grant = "password", user_name = "me",
      user_password = "hunter2" }).grant)
    assert.matches("user_password", reason(with { grant = "password" }))
    assert.matches("^grant must be", reason(with { grant = "implicit" }))
    assert.matches("^grant must be", reason(with { grant = "static" }))
    assert.matches("^encoding must be", reason(with { encoding = "xml" }))
    set.EQUINIX_API_TOKEN = "env"
    assert.equal("client_credentials", config().grant)
    assert.equal("static", assert(options.client({}, 1)).grant)
  end)

  it("wants the certificate of a key", function()
    for _, name in ipairs { "client_key", "client_key_password_file" } do
      assert.matches("^" .. name .. " needs client_cert",
        reason(with { [name] = "/a" }))
    end
    local made = config { client_cert = "/c", client_key = "/k",
      client_key_password_file = "/p" }
    assert.same({ "/c", "/k", "/p" },
      { made.client_cert, made.client_key, made.client_key_password_file })
  end)

  it("prefixes the user agent, and lets nothing break out", function()
    assert.equal("mine/1 lua-equinix/" .. core._VERSION,
      config({ user_agent = "mine/1" }).user_agent)
    for _, name in ipairs { "user_agent", "proxy", "ca_file", "client_cert",
      "client_key", "client_key_password_file" } do
      for _, value in ipairs { "a\r\nB: c", "a\0" } do
        assert.matches("^" .. name .. " holds a control",
          reason(with { [name] = value }))
      end
    end
  end)
end)
