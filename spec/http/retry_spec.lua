-- retry: nothing that may have had an effect is done twice.
local equinix = require "equinix"
local rawserver = require "spec.support.rawserver"
local retry = require "equinix.http.retry"

local NOW = 784111777 -- Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, 5.6.7)

describe("Retry-After", function()
  local function after(value, cap)
    return retry.after(value, NOW, cap or 3600)
  end

  it("is read as seconds, up to the cap", function()
    for text, seconds in pairs { ["0"] = 0, ["1"] = 1, [" 120 "] = 120,
      ["3600"] = 3600, ["3601"] = 3600, ["007"] = 7,
      [("9"):rep(400)] = 3600 } do
      assert.equal(seconds, after(text), text)
    end
  end)

  it("is read in all three forms of an HTTP-date", function()
    for _, text in ipairs {
      "Sun, 06 Nov 1994 08:50:37 GMT",
      "Sunday, 06-Nov-94 08:50:37 GMT",
      "Sun Nov  6 08:50:37 1994",
    } do
      assert.equal(60, after(text), text)
    end
  end)

  it("takes a year of two digits for one near now", function()
    local now = 1800000000 -- 2027-01-15
    assert.equal(0, retry.after("Sunday, 06-Nov-94 08:50:37 GMT", now, 10))
    assert.equal(10, retry.after("Tuesday, 06-Nov-70 08:50:37 GMT", now, 10))
  end)

  it("of a past date is now, of a distant one the cap", function()
    assert.equal(0, after "Sun, 06 Nov 1994 08:49:36 GMT")
    assert.equal(0, after "Sun, 06 Nov 1904 08:49:36 GMT")
    assert.equal(3600, after "Fri, 31 Dec 9999 23:59:59 GMT")
  end)

  it("that can't be read counts as absent", function()
    for _, text in ipairs { "", " ", "soon", "-1", "1.5", "1e3", "0x10",
      "12 s", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994",
      "Sun, 06 Nov 1994 08:49:37", "1, 2", "\0",
      "Sun, 06 Nov 1994 56:49:37 GMT", "Sun, 60 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Mon, 01 Jan 0001 00:00:00 GMT" } do
      assert.is_nil(after(text), text)
    end
    assert.is_nil(after(nil))
    assert.is_nil(after(12))
  end)

  it("of a server is in the error, where it can be read", function()
    local texts = {
      { "Sunday, 06-Nov-94 08:50:37 GMT", 0 },
      { "Friday, 01-Jan-70 00:00:00 GMT", 24 * 3600 }, -- 2070
      { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
      { "Sun, 06 Nov 1994 56:49:37 GMT" },
      { "Sun, 60 Nov 1994 08:49:37 GMT" },
      { "Sun, 06 Nov 0094 08:49:37 GMT" },
    }
    local list = {}
    for i, text in ipairs(texts) do
      list[i] = ("%q"):format(text[1])
    end
    local server = rawserver.start(([[
      local c = ...
      local texts = { %s }
      local request = c:request()
      while request do
        c:send("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n"
          .. "Retry-After: " .. texts[tonumber(request.path:sub(2))]
          .. "\r\n\r\n")
        request = c:request()
      end
    ]]):format(table.concat(list, ", ")))
    local client = assert(equinix.new { token = "t", base_url = server.url,
      retry = false })
    finally(function()
      client:close()
      server:stop()
    end)
    for i, text in ipairs(texts) do
      local _, err = client:get("/" .. i)
      assert.equal(429, err.status)
      assert.equal(text[2], err.retry_after, text[1])
    end
  end)
end)

describe("retry.policy", function()
  it("of a call overrides the client's", function()
    local base = retry.policy({ attempts = 2, base = 1 }, retry.DEFAULT)
    assert.same({ attempts = 2, base = 1, cap = 30 }, base)
    assert.equal(base, retry.policy(nil, base))
    assert.equal(base, retry.policy(true, base))
    assert.same({ attempts = 3, base = 1, cap = 30 },
      retry.policy({ attempts = 3 }, base))
    assert.is_nil((retry.policy({ base = -1 }, base)))
  end)

  it("uses the default delays where the client never retries", function()
    local off = retry.policy(false, retry.DEFAULT)
    assert.equal(1, off.attempts)
    assert.same(retry.DEFAULT, retry.policy(true, off))
    assert.same({ attempts = 3, base = 0.5, cap = 30 },
      retry.policy({ attempts = 3 }, off))
  end)
end)

describe("retry.delay", function()
  it("has full jitter under a doubling, capped bound", function()
    local core = require "equinix.core"
    local random = core.random
    finally(function()
      core.random = random
    end)
    local policy = { base = 0.5, cap = 3 }
    for value = 0, 1, 0.5 do
      core.random = function()
        return value
      end
      for n, bound in ipairs { 0.5, 1, 2, 3, 3 } do
        assert.equal(bound * value, retry.delay(policy, n))
      end
      assert.equal(3 * value, retry.delay(policy, 5000))
    end
  end)
end)

describe("retry.allowed", function()
  local SAFE = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE" }
  local UNSAFE = { "POST", "PATCH", "get", "LINK" }

  local function each(methods, word, expected, status, err, asked)
    for _, method in ipairs(methods) do
      assert.equal(expected, retry.allowed(method, word, status, err, asked),
        method .. " " .. tostring(status))
    end
  end

  it("allows any request that the server says it did not process", function()
    for status, asked in pairs { [429] = false, [503] = 0 } do
      each(SAFE, nil, true, status, nil, asked)
      each(UNSAFE, nil, true, status, nil, asked)
      each(UNSAFE, false, true, status, nil, asked)
    end
  end)

  it("allows after 502, 503 and 504 only what is idempotent", function()
    for _, status in ipairs { 502, 503, 504 } do
      each(SAFE, nil, true, status)
      each(UNSAFE, nil, false, status)
      each(UNSAFE, true, true, status)
      each(SAFE, false, false, status)
    end
  end)

  it("allows none after another status", function()
    for _, status in ipairs { 200, 302, 400, 401, 403, 404, 408, 409, 500,
      501 } do
      each(SAFE, true, false, status)
    end
  end)

  it("allows none that would fail alike", function()
    each(SAFE, true, false, nil, { kind = "network", maybe_sent = false,
      retryable = false })
    each(SAFE, nil, true, nil, { kind = "network", maybe_sent = false,
      retryable = true })
  end)

  it("allows a POST only where certainly nothing was sent",
    function()
      for _, kind in ipairs { "network", "timeout" } do
        each(UNSAFE, nil, true, nil, { kind = kind, maybe_sent = false })
        each(UNSAFE, nil, false, nil, { kind = kind, maybe_sent = true })
        each(UNSAFE, nil, false, nil, { kind = kind }) -- not said
        each(UNSAFE, true, true, nil, { kind = kind, maybe_sent = true })
        each(SAFE, nil, true, nil, { kind = kind, maybe_sent = true })
        each(SAFE, false, false, nil, { kind = kind, maybe_sent = true })
      end
    end)

  it("allows none that would fail in the same way again", function()
    for _, kind in ipairs { "tls", "protocol", "config", "memory" } do
      each(SAFE, true, false, nil, { kind = kind, maybe_sent = false })
    end
  end)
end)
