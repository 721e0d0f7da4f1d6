-- The commands with a store that the environment names: processes that share
-- only a Redis have one token, and a wrong URL is reported before anything is
-- sent.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

describe("the command, with EQUINIX_STORE_URL,", function()
  if redis.missing() then
    pending(redis.missing())
    return
  end
  local e, server, url

  setup(function()
    e = emulator.start { plain = true }
    server = redis.start { "--requirepass", "secret" }
    url = ("redis://:secret@127.0.0.1:%d"):format(server.port)
  end)
  before_each(function()
    e:reset()
    server:ask "FLUSHALL"
  end)
  teardown(function()
    server:stop()
    e:stop()
  end)

  -- Each has a folder of its own, so only the Redis is in common.
  local function run(words, changes, stdin)
    return command.run(words, { env = command.env(e, changes),
      stdin = stdin })
  end

  it("shares one token with other commands", function()
    local named = { EQUINIX_STORE_URL = url }
    local code, first, said = run({ "token" }, named)
    assert.same({ 0, "" }, { code, said })
    code, said = run({ "token" }, named)
    assert.same({ 0, first }, { code, said })
    code = run({ "request", "GET", "/fabric/v4/health" }, named)
    assert.equal(0, code)
    local call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
      .. '{"name":"getoauth2accesstoken"}}\n'
    code, said = run({ "mcp" }, named, '{"jsonrpc":"2.0","id":0,"method":'
      .. '"initialize","params":{"protocolVersion":"2025-06-18","capabilities"'
      .. ':{},"clientInfo":{"name":"x","version":"1"}}}\n' .. call)
    assert.equal(0, code)
    assert.is_truthy(said:find(first:match "%S+", 1, true), said)
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("takes the URL from a file, also from a pipe", function()
    local dir = process.tempdir()
    finally(function() process.remove(dir) end)
    local file = assert(io.open(dir .. "/url", "w"))
    file:write(url, "\n")
    file:close()
    local named = { EQUINIX_STORE_URL_FILE = dir .. "/url" }
    assert.equal(0, (run({ "token" }, named)))
    assert.equal(0, (run({ "token" }, { EQUINIX_STORE_URL_FILE = "/dev/stdin"
      }, url)))
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("uses no store with --no-store, and does not read the URL", function()
    local code = run({ "token", "--no-store" }, { EQUINIX_STORE_URL = "x" })
    assert.equal(0, code)
    assert.equal(0, server:ask "DBSIZE")
  end)

  it("goes on without a store that fails, and says why in a line", function()
    local code, out, said = run({ "token" }, { EQUINIX_STORE_URL =
      url:gsub("secret", "guess") })
    assert.equal(0, code)
    assert.matches("^%S+\n$", out)
    assert.matches("^equinix%-auth: the token is not kept for the next call "
      .. "%(%l+: .*does not accept this login.*: check [^\n]*\n$", said)
    assert.is_nil(said:find("guess", 1, true))
  end)

  it("exits with 2 and one line where the URL is wrong, and sends nothing",
    function()
      for _, words in ipairs { { "token" }, { "refresh" }, { "mcp" },
        { "serve" }, { "request", "GET", "/fabric/v4/health" } } do
        for name, value in pairs { EQUINIX_STORE_URL = "redsi://:pa55@h",
          EQUINIX_STORE_URL_FILE = "/nowhere/at/all" } do
          local code, out, said = run(words, { [name] = value })
          assert.equal(2, code, words[1])
          assert.equal("", out)
          assert.is_truthy(said:find(name .. ": ", 1, true), said)
          assert.equal(1, select(2, said:gsub("\n", "")), said)
          assert.is_nil(said:find("pa55", 1, true), said)
        end
      end
      assert.equal(0, e:count "POST /oauth2/v1/token")
    end)

  it("can't be read by a capability file", function()
    local names = require("equinix.client.environment").credentials()
    assert.is_true(names.EQUINIX_STORE_URL)
    assert.is_true(names.EQUINIX_STORE_URL_FILE)
  end)
end)
