-- plain_url: what it reads itself libcurl reads to the same parts.
--
-- A scheme in capitals is left to libcurl, so it says what the same URL means
-- to that.
local core = require "equinix.core"

-- The same numbers in each run.
local seed = 1
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local function pick(list)
  return list[random(#list)]
end

local LABELS = { "a", "api", "equinix", "com", "x1", "1x", "1", "0", "00",
  "127", "255", "256", "0x7f", "017", "-a", "a-", "a--b", "xn--a", "", "e5",
  ("l"):rep(63), ("l"):rep(64), "A", "a_b", "localhost", "4294967295" }
local PORTS = { "", "", ":", ":0", ":1", ":80", ":443", ":0443", ":65535",
  ":65536", ":99999", ":100000", ":8443x", ":-1", ":+1" }
local PATHS = { "", "/", "/a/b", "/a//b", "/../a", "/./a", "/a%2f",
  "/~a_b-c.d", "?a=b", "/a?b", "/a#b", "//", "/A", "/a;b", "/a:b", "/a@b" }

local function host()
  local labels = {}
  for i = 1, random(5) do
    labels[i] = pick(LABELS)
  end
  return table.concat(labels, ".")
end

describe("a plain URL", function()
  it("is read as libcurl reads it", function()
    local plain = 0
    for _ = 1, 20000 do
      local scheme = pick { "https", "http" }
      local rest = "://" .. host() .. pick(PORTS) .. pick(PATHS)
      local parts, reason = core.url(scheme .. rest)
      local its, its_reason = core.url(scheme:upper() .. rest)
      assert.same(its, parts, scheme .. rest)
      assert.equal(its_reason, reason)
      plain = plain + (parts and 1 or 0)
    end
    assert.is_true(plain > 2000) -- enough of them were usable
  end)

  it("may be an address in each of its spellings", function()
    for _, text in ipairs { "127.0.0.1", "127.1", "2130706433", "0x7f000001",
      "127.0.0.01", "127.0.0.1.", "1.2.3.4", "1.2.3", "256.1.1.1", "1..2" } do
      assert.same({ core.url("HTTP://" .. text .. ":80/") },
        { core.url("http://" .. text .. ":80/") }, text)
    end
  end)
end)
