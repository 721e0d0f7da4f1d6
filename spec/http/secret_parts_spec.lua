-- secret_parts: sees 8 bytes of a secret in every spelling, and little else.
-- That no output has any is in spec/verbose_spec.
local secret_parts = require "equinix.http.secret_parts"
local secret_scan = require "spec.support.secret_scan"

local SECRET = 'kQ8v/2mT+rX"4Yb c\\d1FhJ6gPsA3eU5'

local function known(...)
  local parts = secret_parts.new()
  for _, secret in ipairs { ... } do
    parts.learn(secret)
  end
  return parts
end

local function escaped(text, format)
  return (text:gsub(".", function(char)
    return format:format(char:byte())
  end))
end

describe("parts of a secret", function()
  it("are seen in every spelling, wherever 8 bytes stand", function()
    local parts = known(SECRET)
    local clear = SECRET:gsub("[^%w]", "")
    for at = 1, #clear - 7 do
      local part = clear:sub(at, at + 7)
      for _, text in ipairs { part, part:gsub("...", "%0-"),
        part:gsub("....", "%0\", \""), escaped(part, "%%%02X"),
        escaped(part, "\\u%04x"), escaped(part, "&#%d;"),
        escaped(part, "\\x%02x") } do
        assert.is_true(parts.sees("a text: " .. text .. ".!?"), text)
      end
    end
    for at = 1, #SECRET - 7 do
      local part = SECRET:sub(at, at + 7)
      assert.is_true(parts.sees(escaped(part, "%02x")))
      assert.is_true(parts.sees(escaped(part, "%02X")))
    end
  end)

  it("are seen in Base64 of whatever stands around", function()
    local parts = known(SECRET)
    for before = 0, 2 do
      local form = secret_scan.base64(("="):rep(before) .. SECRET .. "==")
      local first = before == 0 and 1 or before + 2
      for at = first, #form - 14 do
        local part = form:sub(at, at + 11)
        assert.is_true(parts.sees(part), part)
        assert.is_true(parts.sees((part:gsub("[+/]", { ["+"] = "-",
          ["/"] = "_" }))), part)
      end
    end
    assert.is_true(parts.sees(secret_scan.base64(secret_scan.base64(
      SECRET .. "==") .. "=="))) -- one in the other
    assert.is_true(parts.sees(escaped(secret_scan.base64(SECRET), "%02x")))
  end)

  it("are not 7 bytes, nor what has nothing of it", function()
    local parts = known(SECRET)
    assert.is_false(parts.sees((SECRET:gsub("%W", "")):sub(3, 9)))
    assert.is_false(parts.sees '{"uuid":"c4d9350e-77c5-4c5d-8ce0-00000001"}')
    assert.is_false(parts.sees "")
    assert.is_false(known().sees(SECRET))
  end)

  it("of a short secret are the whole of it", function()
    local parts = known("a-b-c", "xy", 7, "", "#!$%&()*+;@")
    assert.is_true(parts.sees "x a-b-c y")
    assert.is_true(parts.sees "?p=#!$%&()*+;@")
    assert.is_false(parts.sees "abc")
    assert.is_false(parts.sees "xy")
  end)

  it("are forgotten for the oldest secrets, never for the last", function()
    local parts = known()
    local long = {}
    for i = 1, 20 do
      long[i] = ("%02d"):format(i) .. ("q7Z"):rep(20) .. ("%02dxyzw%02dabc")
        :format(i, i):rep(900)
      parts.learn(long[i])
    end
    assert.is_true(parts.sees(long[20]:sub(70, 90)))
    parts.learn(long[17]) -- known: the newest again
    assert.is_true(parts.sees(long[17]:sub(70, 90)))
    assert.is_false(parts.sees(long[1]:sub(70, 90)))
  end)

  it("are in no table", function()
    local function walk(value)
      assert.is_false(type(value) == "string" and #value > 5)
      for _, member in pairs(type(value) == "table" and value or {}) do
        walk(member)
      end
    end
    walk(known(SECRET))
  end)
end)
