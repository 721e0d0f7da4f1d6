-- exchange_error: why an exchange failed, in codes that a store can use.
local core = require "equinix.core"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

-- The Lua that runs this, which finds the same modules.
local LUA = ("LUA_PATH=%s LUA_CPATH=%s %s"):format(
  process.quote(package.path), process.quote(package.cpath),
  process.interpreter())

describe("the error of an exchange", function()
  local engine

  before_each(function()
    engine = core.engine()
  end)
  after_each(function()
    engine:close()
  end)

  local function fail(fields, seconds)
    local response, err = resp.send(engine, resp.options(1, fields), seconds)
    assert.is_nil(response)
    assert.is_false(err.maybe_sent)
    assert.is_false(err.kept)
    return err
  end

  it("is `refused` where nothing listens", function()
    local port = redis.free_port()
    local err = fail { port = port }
    assert.equal("refused", err.code)
    assert.equal("network", err.kind)
    assert.is_true(err.retryable)
    assert.equal(("127.0.0.1:%d refused the connection: is the server "
      .. "running, and is this its address?"):format(port), err.message)
  end)

  it("is `unresolved` for a name that does not exist", function()
    local err = fail { host = "store.invalid", port = 6379 }
    assert.equal("unresolved", err.code)
    assert.equal("network", err.kind)
    assert.equal("store.invalid:6379 has a name that cannot be resolved",
      err.message)
  end)

  it("is `unreachable` for a Unix socket that is not there", function()
    local err = fail { path = "/nonexistent/socket" }
    assert.equal("unreachable", err.code)
    assert.equal("network", err.kind)
    assert.equal("/nonexistent/socket cannot be reached (ENOENT)",
      err.message)
  end)

  it("is of the configuration for a Unix socket without the right to it",
    function()
      local dir = process.tempdir() -- its mode is 0700
      local as = process.capture "id -u" == "0"
        and "setpriv --reuid=65534 --clear-groups env " or "env "
      assert(os.execute("mkdir -m 000 " .. dir .. "/closed"))
      local output = process.capture(as .. LUA .. ([[ -e '
        local core = require "equinix.core"
        local engine = core.engine()
        engine:start(core.exchange { path = "%s/closed/s", login = "",
          send = "x" }, 30)
        local err = engine:wait()[1].err
        print(err.kind, err.code, err.retryable, err.message)
      ' 2>&1]]):format(dir))
      process.remove(dir)
      if output:find("module 'equinix.core' not found", 1, true) then
        pending "another user can't read these files"
        return
      end
      assert.equal(("config\tEACCES\tfalse\t%s/closed/s may not be opened by "
        .. "this user (EACCES)"):format(dir), output)
    end)

  it("is `timeout` where the connection, or the answer, does not come",
    function()
      local server = rawserver.start(resp.SERVER .. "c:hangup()")
      for _, fields in ipairs { {}, { login = resp.command("AUTH", "x") } } do
        fields.port = server.port
        local _, err = resp.send(engine, resp.options(server.port, fields),
          0.2)
        assert.equal("timeout", err.code)
        assert.equal("timeout", err.kind)
        assert.equal(("127.0.0.1:%d did not answer before the deadline")
          :format(server.port), err.message)
        assert.equal(fields.login == nil, err.maybe_sent)
      end
      -- Its TLS handshake does not come to an end.
      local err = fail { port = server.port, tls = true,
        connect_timeout = 0.2 }
      assert.equal("timeout", err.code)
      assert.equal(("127.0.0.1:%d did not complete the TLS handshake in time: "
        .. "does this port speak TLS?"):format(server.port), err.message)
      server:stop()
    end)

  it("is `timeout` for one that was never begun, too", function()
    assert.equal("timeout", fail({}, 0).kind)
    assert.equal("timeout", fail({}, -1).kind)
  end)

  it("is `closed` where the handshake is cut", function()
    local server = rawserver.start(resp.SERVER .. "c:receive(1) c:reset()")
    local err = fail { port = server.port, tls = true }
    assert.equal("closed", err.code)
    assert.equal("network", err.kind)
    server:stop()
  end)

  it("is of TLS where the port does not speak it", function()
    local server = rawserver.start(resp.SERVER
      .. "c:receive(1) c:send '-ERR unknown command\\r\\n' c:hangup()")
    local err = fail { port = server.port, tls = true }
    assert.equal("tls", err.kind)
    assert.equal("CURLE_SSL_CONNECT_ERROR", err.code)
    assert.equal(1, (err.message:find(("127.0.0.1:%d: the TLS handshake "
      .. "failed"):format(server.port), 1, true)), err.message)
    server:stop()
  end)

  it("names a file of TLS that can't be used", function()
    for name, code in pairs { ca_file = "CURLE_SSL_CACERT_BADFILE",
      client_cert = "CURLE_SSL_CERTPROBLEM" } do
      local said = name == "ca_file" and "ca_file cannot be read"
        or "client_cert or client_key cannot be used"
      local server = rawserver.start(resp.SERVER .. "c:hangup()")
      local err = fail { port = server.port, tls = true,
        [name] = "/nonexistent.pem" }
      assert.equal("config", err.kind)
      assert.equal(code, err.code)
      assert.truthy(err.message:find(said, 1, true), err.message)
      server:stop()
    end
  end)

  -- What no_proxy and the like say is for other programs.
  it("is the same whatever the environment says of proxies", function()
    local port = redis.free_port()
    local output, code = process.capture(([[
      http_proxy=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9 \
      %s -e '
        local core = require "equinix.core"
        local engine = core.engine()
        engine:start(core.exchange { host = "127.0.0.1", port = %d, login = "",
          send = "x" }, 30)
        print(engine:wait()[1].err.message)
      ' 2>&1]]):format(LUA, port))
    assert.equal(0, code, output)
    assert.truthy(output:find(port .. " refused the connection", 1, true),
      output)
  end)
end)
