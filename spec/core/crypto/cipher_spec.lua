-- cipher: HKDF, HMAC and AES-256-GCM, compared with published test vectors.
--
-- Lua can choose neither keys nor nonces. So a C program takes them, linked
-- with src/crypto/cipher.c and, if there are any, sanitizers:
-- spec/support/cipher.c.
local process = require "spec.support.process"

local LIMIT = "timeout 300 " -- a hang is a failure, not a wait

local dir, program

--- Compiles the program; returns the output if that fails.
local function compile(flags)
  local output, code = process.capture((os.getenv "CC" or "cc")
    .. " -std=c11 -D_GNU_SOURCE -g " .. flags .. " -o " .. program
    .. " -Isrc spec/support/cipher.c src/crypto/cipher.c src/base/buffer.c"
    .. " src/base/libcrypto.c"
    .. " -lcrypto 2>&1")
  return code == 0, output
end

setup(function()
  dir = process.tempdir()
  program = process.quote(dir .. "/cipher")
  if not compile "-fsanitize=address,undefined -fno-sanitize-recover=all" then
    assert(compile "")
  end
end)

teardown(function()
  process.remove(dir)
end)

--- Runs a command of the program with these arguments.
local function cipher(...)
  local words = {}
  for i, word in ipairs { ... } do
    words[i] = process.quote(word)
  end
  local output, code = process.capture(LIMIT .. program .. " "
    .. table.concat(words, " ") .. " 2>&1")
  assert.equal(0, code, output)
  return output
end

local function hex(bytes)
  return (bytes:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

--- The bytes from one number to another, in hex.
local function span(first, last)
  local bytes = {}
  for byte = first, last do
    bytes[#bytes + 1] = ("%02x"):format(byte)
  end
  return table.concat(bytes)
end

describe("HKDF", function()
  -- RFC 5869, appendix A: the cases of SHA-256
  local known = {
    {
      ("0b"):rep(22), span(0x00, 0x0c), span(0xf0, 0xf9), 42,
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        .. "34007208d5b887185865",
    },
    {
      span(0x00, 0x4f), span(0x60, 0xaf), span(0xb0, 0xff), 82,
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
        .. "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
        .. "cc30c58179ec3e87c14c01d5c1f3434f1d87",
    },
    {
      ("0b"):rep(22), "", "", 42,
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        .. "9d201395faa4b61a96c8",
    },
  }

  it("is the one of RFC 5869", function()
    for _, case in ipairs(known) do
      local secret, salt, info, size, key = (unpack or table.unpack)(case)
      assert.equal(key, cipher("hkdf", secret, salt, info, size))
    end
  end)

  it("makes 255 digests at most, and zeros for more", function()
    assert.equal(2 * 255 * 32, #cipher("hkdf", "0b", "", "", 255 * 32))
    assert.equal("failed", cipher("hkdf", "0b", "", "", 255 * 32 + 1))
  end)
end)

describe("HMAC", function()
  -- RFC 4231, cases 1 to 4. Their keys are shorter than ours; HMAC fills short
  -- keys with zeros, and so does this spec.
  local known = {
    {
      ("0b"):rep(20), hex "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    },
    {
      hex "Jefe", hex "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    },
    {
      ("aa"):rep(20), ("dd"):rep(50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    },
    {
      span(0x01, 0x19), ("cd"):rep(50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    },
  }

  it("is the one of RFC 2104, over SHA-256", function()
    for _, case in ipairs(known) do
      local key = case[1] .. ("0"):rep(64 - #case[1])
      assert.equal(case[3], cipher("hmac", key, case[2]))
    end
  end)
end)

describe("AES-256-GCM", function()
  local key = ("feffe9928665731c6d6a8f9467308308"):rep(2)
  local text = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a"
    .. "721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
  local sealed = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd25"
    .. "55d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
  local known = {
    -- McGrew and Viega, "The Galois/Counter Mode of Operation": 13 to 16
    {
      key = ("0"):rep(64), nonce = ("0"):rep(24), aad = "", text = "",
      sealed = "", tag = "530f8afbc74536b9a963b4f1c4cb738b",
    },
    {
      key = ("0"):rep(64), nonce = ("0"):rep(24), aad = "",
      text = ("0"):rep(32), sealed = "cea7403d4d606b6e074ec5d3baf39d18",
      tag = "d0d1c8a799996bf0265b98b5d48ab919",
    },
    {
      key = key, nonce = "cafebabefacedbaddecaf888", aad = "", text = text,
      sealed = sealed, tag = "b094dac5d93471bdec1a502270e3cc6c",
    },
    {
      key = key, nonce = "cafebabefacedbaddecaf888",
      aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      text = text:sub(1, -9), sealed = sealed:sub(1, -9),
      tag = "76fc6ece0f4e1768cddf8853bb2d551b",
    },
    -- NIST's CAVP, gcmEncryptExtIV256: without and with additional data
    {
      key = "b52c505a37d78eda5dd34f20c22540ea"
        .. "1b58963cf8e5bf8ffa85f9f2492505b4",
      nonce = "516c33929df5a3284ff463d7", aad = "", text = "", sealed = "",
      tag = "bdc1ac884d332457a1d2664f168c76f0",
    },
    {
      key = "eebc1f57487f51921c0465665f8ae6d1"
        .. "658bb26de6f8a069a3520293a572078f",
      nonce = "99aa3e68ed8173a0eed06684",
      aad = "4d23c3cec334b49bdb370c437fec78de",
      text = "f56e87055bc32d0eeb31b2eacc2bf2a5",
      sealed = "f7264413a84c0e7cd536867eb9f21736",
      tag = "67ba0510262ae487d737ee6298f77e0c",
    },
  }

  local function decrypt(case, changes)
    local function part(name)
      return changes and changes[name] or case[name]
    end
    return cipher("decrypt", part "key", part "nonce", part "aad", "",
      part "sealed", part "tag")
  end

  it("encrypts as published", function()
    for _, case in ipairs(known) do
      assert.equal(case.sealed .. " " .. case.tag, cipher("encrypt", case.key,
        case.nonce, case.aad, "", case.text))
    end
  end)

  it("decrypts what was published", function()
    for _, case in ipairs(known) do
      assert.equal("genuine " .. case.text, decrypt(case))
    end
  end)

  it("joins the two pieces of additional data", function()
    local case = known[4]
    for _, at in ipairs { 0, 2, 38, 40 } do
      assert.equal(case.sealed .. " " .. case.tag, cipher("encrypt", case.key,
        case.nonce, case.aad:sub(1, at), case.aad:sub(at + 1), case.text))
    end
  end)

  it("leaves only zeros after a forgery", function()
    local case = known[4]
    local nothing = "forged " .. ("0"):rep(#case.text)
    for _, name in ipairs { "key", "nonce", "aad", "sealed", "tag" } do
      local changed = case[name]:gsub("^.", { c = "d", f = "e", ["5"] = "4",
        ["7"] = "6" })
      assert.not_equal(case[name], changed)
      assert.equal(nothing, decrypt(case, { [name] = changed }), name)
    end
    assert.equal(nothing, decrypt(case, { aad = "" }))
    assert.equal("forged ", decrypt(case, { sealed = "" }))
  end)
end)

describe("a libcrypto without memory", function()
  it("fails, and does not report a forgery", function()
    -- hkdf, hmac, encrypt, decrypt: each failed several times.
    local counts = {}
    for count in cipher("starve"):gmatch "%d+" do
      counts[#counts + 1] = tonumber(count)
    end
    assert.equal(4, #counts)
    for _, count in ipairs(counts) do
      assert.is_true(count > 1, count)
    end
  end)
end)
