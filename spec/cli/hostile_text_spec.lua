-- What a server writes into its errors reaches no terminal and no log raw.
local command = require "spec.support.command"
local json = require "equinix.base.json"
local rawserver = require "spec.support.rawserver"

-- Raw control characters, as escapes in JSON and as bytes of UTF-8.
local SERVER = [[
  local c = ...
  while true do
    local request = c:request()
    if not request then
      return
    end
    local hostile = "\\u001b[2J\\u0007\\r\\nforged: line\\u009b31m"
      .. "\194\155\127\\u202e\226\128\168"
    local token = request.path:find "/token"
      and not request.body:find "refuse"
    local ok = token or request.path == "/ok"
    local body = ok and '{"access_token":"one","token_timeout":"3599"}'
      or '[{"errorCode":"EQ-1","errorMessage":"' .. hostile
        .. '","additionalInfo":[{"property":"' .. hostile .. '"}]}]'
    c:send("HTTP/1.1 " .. (ok and "200 OK" or "400 Bad Request")
      .. "\r\nContent-Type: application/json\r\nX-Note: \27[2Jnote\194\155"
      .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
  end
]]

-- Lines of printable text.
local function is_clean(text)
  return not text:find "[%z\1-\9\11-\31\127]"
    and not text:find "\194[\128-\159]"
    and not text:find "\226\128[\168-\174]"
end

describe("a server's text with control characters", function()
  local server
  setup(function()
    server = rawserver.start(SERVER)
  end)
  teardown(function()
    server:stop()
  end)

  local function run(words, stdin)
    return command.run(words, {
      env = {
        EQUINIX_API_ENDPOINT = server.url,
        EQUINIX_API_CLIENTID = "an app",
        EQUINIX_API_CLIENTSECRET = "the secret of an app",
      },
      stdin = stdin,
    })
  end

  it("is printed with escapes by the command", function()
    local code, out, said = run { "request", "GET", "/fabric/v4/ports" }
    assert.equal(1, code)
    assert.equal("", out)
    assert.is_true(is_clean(said), said)
    assert.matches("\\x1b[2J\\x07\\x0d\\x0aforged: line\\u{9b}31m", said, 1,
      true)
    assert.is_nil(said:find "\nforged")
  end)

  it("is printed with escapes where it is a header", function()
    local code, out = run { "request", "-i", "GET", "/ok" }
    assert.equal(0, code)
    assert.is_true(is_clean(out), out)
    assert.matches("x-note: \\x1b[2Jnote\\u{9b}", out, 1, true)
  end)

  it("is printed with escapes by the doctor", function()
    local _, out, said = run { "doctor" }
    assert.is_true(is_clean(out), out)
    assert.is_true(is_clean(said), said)
    _, out = run { "doctor", "--json" }
    assert.is_true(is_clean(out), out)
    assert.truthy(json.decode(out).checks)
  end)

  it("reaches an agent with escapes", function()
    local call = json.encode {
      jsonrpc = "2.0", id = 1, method = "tools/call",
      params = {
        name = "getoauth2accesstoken",
        arguments = {
          client_id = "an app", client_secret = "refuse",
          grant_type = "client_credentials",
        },
      },
    }
    local initialize = json.encode {
      jsonrpc = "2.0", id = 0, method = "initialize",
      params = {
        protocolVersion = "2025-06-18", capabilities = {},
        clientInfo = { name = "spec", version = "1" },
      },
    }
    local _, out, said = run({ "mcp" }, initialize .. "\n" .. call .. "\n")
    assert.is_true(is_clean(said), said)
    local seen
    for line in out:gmatch "[^\n]+" do
      local message = json.decode(line)
      for _, part in ipairs(message.result and message.result.content or {}) do
        seen = part.text
        assert.is_true(is_clean(seen), seen)
      end
    end
    assert.matches("EQ-1: \\x1b[2J", seen, 1, true)
  end)
end)
