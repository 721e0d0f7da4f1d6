-- seal: stored records, and the names under which they are stored.
local core = require "equinix.core"
local host = require "spec.support.host"
local process = require "spec.support.process"

local SECRET = "a secret that no one else has"
local KEY = "https://api.equinix.com the client's key"
local OVERHEAD = 29 -- version, nonce and tag
local MOST = 64 * 1024

-- Of version 1, by another implementation: HKDF without salt, its info is
-- "equinix.seal 1" or "equinix.name 1"; additional data is "\1" .. key.
local VECTOR = {
  secret = "secret of sixteen bytes or more",
  key = "https://api.equinix.com client",
  text = "a record at rest",
  sealed = "01" .. "000102030405060708090a0b"
    .. "c406c73f7f71e056d5251ea4cd2fc18b"
    .. "e92196e653d3bad3f286fb776783c59d",
  name = "44ec7b57dc2c5b3b8e99bf7ece8d200b03c639f6c46e5b05e1d9deae52b2ca9d",
}

local function seal(text)
  return core.seal(SECRET, KEY, text)
end

local function unseal(sealed)
  return core.unseal(SECRET, KEY, sealed)
end

local function from_hex(text)
  return (text:gsub("%x%x", function(byte)
    return string.char(tonumber(byte, 16))
  end))
end

--- The text with one bit of its i-th byte flipped.
local function flip(text, i, bit)
  local byte, weight = text:byte(i), 2 ^ bit
  local is_set = math.floor(byte / weight) % 2 == 1
  local flipped = is_set and byte - weight or byte + weight
  return text:sub(1, i - 1) .. string.char(flipped) .. text:sub(i + 1)
end

--- All byte values, repeated.
local function binary(size)
  local bytes = {}
  for byte = 0, 255 do
    bytes[byte + 1] = string.char((byte * 7) % 256)
  end
  return table.concat(bytes):rep(math.ceil(size / 256)):sub(1, size)
end

describe("a sealed record", function()
  it("is unsealed unchanged, of any size and with every byte", function()
    for _, size in ipairs { 0, 1, 15, 16, 17, 255, 4096, MOST - 1, MOST } do
      local sealed = seal(binary(size))
      assert.equal(size + OVERHEAD, #sealed)
      assert.is_true(unseal(sealed) == binary(size), size)
    end
  end)

  it("takes secrets and keys of any bytes, of every allowed size",
    function()
      for _, secret in ipairs { "s", "\0", binary(32 * 1024) } do
        for _, key in ipairs { "", "\0", binary(MOST) } do
          local sealed = core.seal(secret, key, "text")
          assert.equal("text", core.unseal(secret, key, sealed))
        end
      end
    end)

  it("of version 1 can still be read", function()
    assert.equal(VECTOR.text, core.unseal(VECTOR.secret, VECTOR.key,
      from_hex(VECTOR.sealed)))
  end)

  it("shows neither the text nor the secret nor the key", function()
    local text = "the text of a record"
    local sealed = seal(text:rep(100))
    for _, plain in ipairs { text, SECRET, KEY } do
      for i = 1, #plain - 3 do
        assert.is_nil(sealed:find(plain:sub(i, i + 3), 1, true))
      end
    end
  end)

  it("differs each time", function()
    local seen = {}
    for _ = 1, 300 do
      local sealed = seal "the same text"
      assert.equal("\1", sealed:sub(1, 1))
      for _, part in ipairs { sealed:sub(2, 13), sealed:sub(14, 26),
        sealed:sub(27) } do
        assert.is_nil(seen[part])
        seen[part] = true
      end
    end
  end)
end)

describe("unseal returns nil", function()
  it("with another secret or another key", function()
    local sealed = seal "text"
    for i = 1, #SECRET do
      assert.is_nil(core.unseal(flip(SECRET, i, i % 8), KEY, sealed))
    end
    for i = 1, #KEY do
      assert.is_nil(core.unseal(SECRET, flip(KEY, i, i % 8), sealed))
    end
    for _, other in ipairs { "", SECRET .. "\0", SECRET:sub(2), KEY,
      ("x"):rep(32 * 1024 + 1), ("x"):rep(10 * MOST) } do
      assert.is_nil(core.unseal(other, KEY, sealed))
    end
    for _, other in ipairs { "", KEY .. "\0", KEY:sub(2), SECRET,
      ("x"):rep(MOST + 1) } do
      assert.is_nil(core.unseal(SECRET, other, sealed))
    end
  end)

  it("if secret and key are split elsewhere", function()
    assert.is_nil(core.unseal("ab", "c", core.seal("a", "bc", "text")))
  end)

  it("for every bit of it that is wrong", function()
    for _, text in ipairs { "", "t", "the text of a record" } do
      local sealed = seal(text)
      for i = 1, #sealed do
        for bit = 0, 7 do
          assert.is_nil(unseal(flip(sealed, i, bit)))
        end
      end
      assert.equal(text, unseal(sealed))
    end
  end)

  it("for some wrong bits of a large one", function()
    local sealed = seal(binary(MOST))
    for i = 1, #sealed, 997 do
      assert.is_nil(unseal(flip(sealed, i, i % 8)))
    end
  end)

  it("if it is cut at either end", function()
    local sealed = seal "the text of a record"
    for cut = 0, #sealed - 1 do
      assert.is_nil(unseal(sealed:sub(1, cut)))
      assert.is_nil(unseal(sealed:sub(-cut - 1, -2)))
    end
    for from = 2, #sealed do
      assert.is_nil(unseal(sealed:sub(from)))
    end
  end)

  it("if it is too long", function()
    for _, size in ipairs { 0, 100, MOST } do
      local sealed = seal(binary(size))
      for _, more in ipairs { "\0", "x", sealed, binary(MOST) } do
        assert.is_nil(unseal(sealed .. more))
        assert.is_nil(unseal(more .. sealed))
      end
    end
  end)

  it("at no cost, for what can't be a record", function()
    local huge = "\1" .. ("x"):rep(1024 * 1024)
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    local text = unseal(huge)
    local grown = collectgarbage "count" - before
    collectgarbage "restart"
    assert.is_nil(text)
    assert.is_true(grown < 16)
  end)

  it("for every other version", function()
    local sealed = seal "text"
    for version = 0, 255 do
      local other = string.char(version) .. sealed:sub(2)
      assert.equal(version == 1 and "text" or nil, unseal(other))
    end
  end)

  it("if it is composed of two", function()
    local one, two = seal "the first text", seal "the second one"
    for at = 1, #one - 1 do
      local mixed = one:sub(1, at) .. two:sub(at + 1)
      -- With a byte in common the composition may be one of them.
      if mixed ~= one and mixed ~= two then
        assert.is_nil(unseal(mixed))
      end
    end
  end)

  it("for what was never sealed", function()
    for size = 0, 300 do
      assert.is_nil(unseal(("\1"):rep(size)))
      assert.is_nil(unseal("\1" .. binary(size)))
    end
  end)
end)

describe("a name", function()
  it("is 64 hex digits, the same each time", function()
    local name = core.record_name(SECRET, KEY)
    assert.matches("^[0-9a-f]+$", name)
    assert.equal(64, #name)
    assert.equal(name, core.record_name(SECRET, KEY))
  end)

  it("is the HMAC of the key, by what HKDF derives of the secret", function()
    assert.equal(VECTOR.name, core.record_name(VECTOR.secret, VECTOR.key))
  end)

  it("differs for another secret or key", function()
    local seen = {}
    for _, secret in ipairs { "a", "b", "ab", "\0", "a\0" } do
      for _, key in ipairs { "", "a", "b", "bc", "c", "\0", binary(MOST) } do
        local name = core.record_name(secret, key)
        assert.is_nil(seen[name])
        seen[name] = true
      end
    end
  end)
end)

describe("misuse", function()
  local function assert_raises(pattern, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.matches(pattern, message)
    assert.is_nil(message:find(SECRET, 1, true))
  end

  it("raises for what is no string", function()
    for _, wrong in ipairs { false, {}, print } do
      for _, f in ipairs { core.seal, core.unseal, core.record_name } do
        assert_raises("#1.*string expected", f, wrong, KEY, "text")
        assert_raises("#2.*string expected", f, SECRET, wrong, "text")
      end
      assert_raises("#3.*string expected", core.seal, SECRET, KEY, wrong)
      assert_raises("#3.*string expected", core.unseal, SECRET, KEY, wrong)
    end
    assert_raises("#3.*string expected", core.unseal, SECRET, KEY)
  end)

  it("raises for sizes that no record can have", function()
    for _, f in ipairs { core.seal, core.record_name } do
      assert_raises("#1.*1 byte to 32 KiB", f, "", KEY, "text")
      assert_raises("#1.*1 byte to 32 KiB", f, ("x"):rep(32 * 1024 + 1), KEY,
        "text")
      assert_raises("#2.*64 KiB", f, SECRET, ("x"):rep(MOST + 1), "text")
    end
    assert_raises("#3.*64 KiB", core.seal, SECRET, KEY, ("x"):rep(MOST + 1))
  end)

  it("can't choose the nonce", function()
    local nonce = ("n"):rep(12)
    assert.not_equal(core.seal(SECRET, KEY, "text", nonce),
      core.seal(SECRET, KEY, "text", nonce))
    assert.is_nil(core.seal(SECRET, KEY, "text", nonce):find(nonce, 1, true))
  end)
end)

describe("sealing", function()
  it("leaks no memory", function()
    local text = binary(20000)
    local function work()
      for _ = 1, 50 do
        local sealed = seal(text)
        assert(unseal(sealed) == text)
        assert(unseal(flip(sealed, 100, 0)) == nil)
        core.record_name(SECRET, KEY)
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    work()
    local before = work()
    assert.is_true(work() - before < 20)
  end)

  it("works in many threads at once", function()
    host.run("--threads 8", "seal_many")
  end)

  it("uses other nonces in each forked process", function()
    local dir = process.tempdir()
    host.run("--preload equinix.core --forks 8", "seal_many", dir)
    process.remove(dir)
  end)

  -- The memory of a process is a file only on Linux.
  local linux = io.open "/proc/self/mem" and it or pending
  linux("leaves no text behind that could not be handed out", function()
    local text = "the text of a record, "
    local sealed = seal(text:rep(100)):gsub(".", function(byte)
      return ("%02x"):format(byte:byte())
    end)
    host.run("", "seal_wiped", SECRET, KEY, sealed, (text:gsub("%a", "[%0]")))
  end)

  it("raises without memory, and works afterwards", function()
    host.run("", "seal_starved")
  end)
end)
