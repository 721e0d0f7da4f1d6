-- exchange: options of core.exchange, read and checked once.
local core = require "equinix.core"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

describe("core.exchange", function()
  local function refused(fields, message)
    local ok, text = pcall(core.exchange, resp.options(1, fields))
    assert.is_false(ok)
    assert.truthy(tostring(text):find(message, 1, true), text)
  end

  it("raises what is wrong with its options", function()
    refused({ host = "" }, "exchange.host: is empty")
    refused({ host = 5 }, "exchange.host: a string expected, got number")
    for _, host in ipairs { "a/b", "a b", "a@b", "a?b", "[::1]", "a%b" } do
      refused({ host = host }, "exchange.host: has a byte that")
    end
    refused({ server_name = "a/b" }, "exchange.server_name: has a byte")
    for _, port in ipairs { 0, 65536, 0 / 0, "x" } do
      refused({ port = port }, "exchange.port: ")
    end
    refused({ path = ("x"):rep(104) }, "exchange.path: is longer than")
    refused({ path = "/a\0b" }, "exchange.path: is empty or has a NUL")
    refused({ send = "" }, "exchange.send: bytes expected")
    refused({ replies = 0 }, "exchange.replies: is out of range")
    refused({ login = "x", login_replies = 0 },
      "exchange.login_replies: is out of range")
    refused({ max_reply = 0 }, "exchange.max_reply: is out of range")
    refused({ connect_timeout = -1 }, "exchange.connect_timeout: is out of")
    refused({ identity = "a\nb" }, "exchange.identity: is empty or has")
    refused({ ca_file = true }, "exchange.ca_file: a string expected")
    refused({ password = "x" }, "exchange: there is no such option as pass")
    refused({ [1] = "x" }, "exchange: there is no such option as number")
    assert.has_error(function()
      core.exchange()
    end)
    for _, options in ipairs { { send = "x" }, { send = "x", host = "a",
      port = 1, path = "/x" } } do
      local ok, text = pcall(core.exchange, options)
      assert.is_false(ok)
      assert.truthy(text:find("either host and port, or path", 1, true))
    end
  end)

  it("tells its values from all others", function()
    assert.is_true(core.is_exchange(core.exchange(resp.options(1))))
    for _, value in ipairs { 1, "x", {}, io.stdout, core.engine(),
      core.prepare { method = "GET", url = "http://127.0.0.1" } } do
      assert.is_false(core.is_exchange(value))
    end
    assert.is_false(core.is_exchange(nil))
  end)

  it("does not see what becomes of the table, and can be sent often",
    function()
      local missing = redis.missing()
      if missing then
        pending(missing)
        return
      end
      local server, engine = redis.start(), core.engine()
      local options = resp.options(server.port, { send = resp.command("ECHO",
        "as it " .. "was") })
      local exchange = core.exchange(options)
      for name in pairs(options) do
        options[name] = nil
      end
      collectgarbage()
      for _ = 1, 3 do
        local number = engine:start(exchange, 30)
        local result = engine:wait(30)[1]
        assert.equal(number, result.number)
        assert.equal("$9\r\nas it was\r\n", result.response.body)
      end
      engine:close()
      server:stop()
    end)
end)
