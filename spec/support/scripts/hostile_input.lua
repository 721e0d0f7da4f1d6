-- hostile_input: reads bytes that were made to cost much, and nothing else;
-- the spec of that name counts what each case costs.
--
--   lua hostile_input.lua N MORE CASE...
--
-- Each case runs with a few bytes, so that its modules are loaded, with N and
-- with MORE. os.clock is called after each: valgrind sees that.
local M = {}

local function spaces(n)
  return (" "):rep(n)
end

-- The text, repeated up to about n bytes.
local function fill(text, n)
  return text:rep(math.floor(n / #text))
end

local function response(head, body, status)
  return require("equinix.http.response").new({ head = head,
    body = body or "", status = status or 200 }, "https://api.example/")
end

local function error_of(body, secret)
  require("equinix.http.error_body").error(response("", body, 400), "GET /",
    { kind = "http", secrets = { secret } })
end

-- By a name: what is done with a text of n bytes, or so.
M.cases = {
  ["a header with spaces inside"] = function(n)
    return response("X: a" .. spaces(n) .. "b\r\n").headers.x
  end,
  ["a header line without a colon"] = function(n)
    return response(("a"):rep(n) .. "\r\n").headers.x
  end,
  ["a header with spaces before its colon"] = function(n)
    return response("X" .. spaces(n) .. ": b\r\n").headers.x
  end,
  ["a header that is repeated"] = function(n)
    return response(fill("X: a\r\n", n)).headers.x
  end,
  ["a header of one line that is folded"] = function(n)
    return response("X: a\r\n" .. fill(" \r\n", n)).headers.x
  end,
  ["Retry-After"] = function(n)
    local after = require("equinix.http.retry").after
    for _, text in ipairs { spaces(n) .. "x", ("1"):rep(n) .. "x",
      "1" .. spaces(n) .. "x", fill("Sun,", n), ("a"):rep(n) .. ", " } do
      assert(not after(text, 0, 10))
    end
  end,
  ["Location"] = function(n)
    local target = require "equinix.http.target"
    for _, text in ipairs { ("/"):rep(n), fill("../", n), ("%"):rep(n),
      fill("a:", n), ("@"):rep(n), fill("?#", n) } do
      target.redirect("https://api.example/x", text, "GET /x")
    end
  end,
  ["a Content-Type"] = function(n)
    local is_json = require("equinix.http.media_type").is_json
    assert(not is_json(spaces(n) .. ";"))
    assert(not is_json("application/" .. fill("a+", n)))
  end,
  ["an error body that repeats a secret"] = function(n)
    error_of('{"message":"' .. fill("secret", n) .. '"}', "secret")
  end,
  ["an error body that begins with spaces"] = function(n)
    error_of(spaces(n) .. "x", "secret")
  end,
  ["an error body of many errors"] = function(n)
    error_of('{"errors":[' .. fill('{"code":"a"},', n) .. "{}]}",
      "secret")
  end,
  ["JSON as text"] = function(n)
    local json_text = require "equinix.base.json_text"
    for _, text in ipairs { spaces(n), "[" .. fill("1,", n),
      '"' .. fill("\\u0020", n), ("1"):rep(n) .. ".", '["' .. spaces(n),
      '{"a"' .. spaces(n) .. "x" } do
      assert(not json_text.read(text))
    end
    json_text.utf8(("\255"):rep(n))
    json_text.items("[" .. fill("1 , ", n) .. "1]")
  end,
  ["a header of MCP"] = function(n)
    local protocol = require "equinix.service.mcp.protocol_2026"
    local meta = {
      ["io.modelcontextprotocol/protocolVersion"] = '"2026-07-28"',
      ["io.modelcontextprotocol/clientInfo"] = "{}",
      ["io.modelcontextprotocol/clientCapabilities"] = "{}",
    }
    for _, text in ipairs { "a" .. spaces(n) .. "b",
      "=?base64?" .. ("A"):rep(n) .. "?=",
      "=?base64?" .. ("="):rep(n) .. "?=" } do
      local _, rpc_error = protocol.check({ method = "tools/list",
        params = {}, meta = meta }, { ["mcp-method"] = text,
        ["mcp-protocol-version"] = "2026-07-28" })
      assert(rpc_error.message:find "Mcp%-Method is missing or differs")
    end
  end,
  ["a text without its token"] = function(n)
    local sees = require("equinix.http.echo").detector "a-long-token"
    for _, part in ipairs { "&#", "&amp;", "%2", "\\u00", "\\", "&#x1",
      " ", "a-long-token", "1" } do
      sees(fill(part, n))
    end
  end,
  ["a header of the command line"] = function(n)
    local trim = require "equinix.base.trim"
    assert(#trim.both("a" .. spaces(n) .. "b", "%s") == n + 2)
    assert(trim.both(spaces(n), "%s") == "")
  end,
  ["what a command prints"] = function(n)
    local text = require("equinix.base.shell").output(
      ("head -c %d /dev/zero | tr '\\0' '\\n'; echo x"):format(n))
    assert(#text == n + 1)
  end,
  ["a URL in options"] = function(n)
    require("equinix").new { token = "t",
      base_url = "https://api.example" .. ("/"):rep(n) .. "x" }
  end,
}

if arg and arg[0]:find "hostile_input%.lua$" then
  for i = 3, #arg do
    for _, n in ipairs { 100, tonumber(arg[1]), tonumber(arg[2]) } do
      M.cases[arg[i]](n)
      collectgarbage()
      os.clock()
    end
  end
end

return M
