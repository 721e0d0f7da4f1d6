-- resp: replies of Redis as values, whatever stands inside which; and nothing
-- of what is no reply.
local core = require "equinix.core"
local resp = require "equinix.store.redis.resp"

local null = resp.null

describe("a command", function()
  it("is a list of its words, byte for byte", function()
    assert.equal("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n\0\r\n\255 \r\n",
      resp.command("SET", "k", "\0\r\n\255 "))
    assert.equal("*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n",
      resp.command("SELECT", 12))
    assert.equal("*2\r\n$1\r\na\r\n$0\r\n\r\n", resp.command("a", ""))
  end)
end)

describe("a reply", function()
  local KNOWN = {
    ["+OK\r\n"] = "OK", ["+\r\n"] = "", [":0\r\n"] = 0, [":-12\r\n"] = -12,
    [":+7\r\n"] = 7, ["$2\r\n\r\n\r\n"] = "\r\n", ["$0\r\n\r\n"] = "",
    ["$-1\r\n"] = null, ["*-1\r\n"] = null, ["_\r\n"] = null,
    ["#t\r\n"] = true, ["#f\r\n"] = false, [",1.5e3\r\n"] = "1.5e3",
    [",-inf\r\n"] = -math.huge, ["(123456789012345678901\r\n"] =
      "123456789012345678901",
    ["=6\r\ntxt:ab\r\n"] = "ab",
  }
  for bytes, value in pairs(KNOWN) do
    it("of one value is read: " .. ("%q"):format(bytes), function()
      local read, after = resp.parse(bytes)
      assert.equal(value, read)
      assert.equal(#bytes + 1, after)
    end)
  end

  local NESTED = {
    ["*0\r\n"] = {},
    ["*2\r\n:1\r\n$1\r\na\r\n"] = { 1, "a" },
    ["~1\r\n+a\r\n"] = { "a" },
    ["%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n"] = { "a", 1, "b", { null } },
    ["*3\r\n:1\r\n-ERR no\r\n*1\r\n!6\r\nERR a\n\r\n"] =
      { 1, { error = "ERR no" }, { { error = "ERR a\n" } } },
    ["-MOVED 1 a:1\r\n"] = { error = "MOVED 1 a:1" },
  }
  for bytes, value in pairs(NESTED) do
    it("of several values is read: " .. ("%q"):format(bytes), function()
      assert.same(value, (resp.parse(bytes)))
    end)
  end

  it("is what is left when attributes and pushes are set aside", function()
    local push = ">2\r\n+invalidate\r\n*1\r\n+k\r\n"
    local attribute = "|1\r\n+ttl\r\n:3\r\n"
    assert.same({ "a", 2 }, resp.replies(push .. "+a\r\n" .. attribute
      .. push .. ":2\r\n", 2))
    assert.same({ { 1, 2 } }, resp.replies("*2\r\n" .. attribute .. ":1\r\n"
      .. ":2\r\n", 1))
  end)

  it("after an error inside another one is where it belongs", function()
    assert.same({ { { error = "WRONGTYPE x" }, 1 }, "b" },
      resp.replies("*2\r\n-WRONGTYPE x\r\n:1\r\n+b\r\n", 2))
  end)

  it("may be large, and may have large parts", function()
    local record = ("x"):rep(512 * 1024)
    local bytes = ("*2\r\n:1\r\n$%d\r\n%s\r\n"):format(#record, record)
    assert.is_true(resp.parse(bytes)[2] == record)
    local many = "*10000\r\n" .. (":1\r\n"):rep(10000)
    assert.equal(10000, #resp.parse(many))
  end)
end)

describe("what is no reply", function()
  local GARBAGE = {
    "", "\r\n", "OK\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "+OK", "+OK\n",
    "$some\r\n", "$-2\r\n", "$5\r\nab\r\n", "$1\r\nabc", "$99999999999\r\n",
    ":one\r\n", ":\r\n", ":1.5\r\n", "*x\r\n", "*-2\r\n", "*2\r\n:1\r\n",
    "*1\r\n?\r\n", "*1000000000\r\n", "#x\r\n", "_x\r\n", ",a\r\n", "(1a\r\n",
    "=2\r\nab\r\n", "!2\r\nabc\r\n", "%1\r\n+a\r\n", "$?\r\n", "*?\r\n",
    "|1\r\n+a\r\n", ">1\r\n", "\21\3\1\0\2\2\70", "$ 1\r\na\r\n",
    "*" .. ("9"):rep(400) .. "\r\n", "$0x2\r\nab\r\n",
  }
  for _, bytes in ipairs(GARBAGE) do
    it("is refused: " .. ("%q"):format(bytes:sub(1, 40)), function()
      assert.is_nil((resp.parse(bytes)))
      assert.is_nil(resp.replies(bytes, 1))
      assert.is_nil(resp.replies("+a\r\n" .. bytes, 2))
    end)
  end

  it("is refused however deep it is nested", function()
    for _, depth in ipairs { 17, 5000 } do
      assert.is_nil(resp.replies(("*1\r\n"):rep(depth) .. ":1\r\n", 1))
      assert.is_nil(resp.replies(("|1\r\n+a\r\n:1\r\n"):rep(depth)
        .. ":1\r\n", 1))
    end
    assert.is_table(resp.replies(("*1\r\n"):rep(10) .. ":1\r\n", 1))
  end)

  it("never raises and never ends in a wrong place", function()
    local whole = "*3\r\n$3\r\nabc\r\n*1\r\n-ERR x\r\n%1\r\n+a\r\n,1.5\r\n"
    for cut = 0, #whole - 1 do
      assert.is_nil(resp.replies(whole:sub(1, cut), 1))
    end
    for _ = 1, 2000 do
      local at = 1 + math.floor(core.random() * #whole)
      local byte = string.char(math.floor(core.random() * 256))
      local bytes = whole:sub(1, at - 1) .. byte .. whole:sub(at + 1)
      local _, after = resp.parse(bytes)
      assert.is_true(after == nil or after <= #bytes + 1)
    end
  end)
end)
