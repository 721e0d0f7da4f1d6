-- What the errors of a client say: all that is known, in one line. With real
-- servers that send what Equinix and its gateways send.
local equinix = require "equinix"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local scripted = require "spec.support.scripted"

local function server(status, headers, body)
  local upstream = rawserver.start(([[
    local c = ...
    while true do
      local request = c:request()
      if not request then
        return
      end
      c:send("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" .. %q)
    end
  ]]):format(status, headers and headers .. "\\r\\n" or "", #body, body))
  finally(function()
    upstream:stop()
  end)
  return upstream
end

local function client(upstream, over)
  local all = { base_url = upstream.url, token = "the-token",
    retry = { attempts = 4, base = 0.001, cap = 0.001 } }
  for name, value in pairs(over or {}) do
    all[name] = value
  end
  return assert(equinix.new(all))
end

local function failure(upstream, over, fields)
  local call = { path = "/x" }
  for name, value in pairs(fields or {}) do
    call[name] = value
  end
  local response, err = client(upstream, over):request(call)
  assert.is_nil(response)
  return err
end

describe("an error", function()
  it("says what the first error of the response says", function()
    local err = failure(server("400 No", nil, '[{"errorCode":"IC-1",'
      .. '"errorMessage":"Bad Request","additionalInfo":[{"property":'
      .. '"numberOfBoxes","reason":"must be at least 1"},{"property":"b"}]}]'))
    assert.equal("GET /x: 400 (IC-1): the request was not accepted: "
      .. "numberOfBoxes must be at least 1 (1 more in errors)", err.message)
    err = failure(server("403 No", nil, '{"message":"No Token the-token\\n'
      .. '\\u001b[31m here"}'))
    assert.equal("equinix: GET /x: 403: this account may not do that; ask "
      .. "for the permission: No Token [redacted] [31m here", tostring(err))
  end)

  it("says when to try again", function()
    local err = failure(server("429 No", "Retry-After: 120", "{}"))
    assert.equal("GET /x: 429: too many requests; try again in 120 s",
      err.message)
    assert.equal("120", tostring(err.retry_after))
    err = failure(server("503 No", "Retry-After: 3600", "{}"))
    assert.equal("GET /x: 503: Equinix failed; try again in 3600 s",
      err.message)
  end)

  it("says how often it was tried", function()
    local upstream = server("503 No", nil, "{}")
    assert.equal("GET /x: 503 after 4 attempts: Equinix failed; try again "
      .. "later", failure(upstream).message)
    assert.equal(4, #upstream:requests())
    assert.equal("GET /x: 503: Equinix failed; try again later",
      failure(upstream, nil, { retry = false }).message)
    local err = failure({ url = "http://127.0.0.1:9" })
    assert.matches("^GET /x: .+ %(after 4 attempts%)$", err.message)
  end)

  it("of a token request says all of that too", function()
    local function refused(status, headers, body, over)
      local upstream = server(status, headers, body)
      local all = { client_id = scripted.unique(), token = false,
        client_secret = "s3cret-of-this-app", base_url = upstream.url,
        retry = { attempts = 4, base = 0.001, cap = 0.001 } }
      all.token = nil
      for name, value in pairs(over or {}) do
        all[name] = value
      end
      local c = assert(equinix.new(all))
      local _, first = c:token()
      local _, second = c:token()
      return first, second
    end
    local first, second = refused("429 No", "Retry-After: 120",
      '{"message":"Slow down"}')
    for _, err in ipairs { first, second } do
      assert.matches("429: too many requests; try again later: Slow down "
        .. "%(not sent again for another 1[12]%d s%)$", err.message)
      assert.is_true(err.retry_after > 110 and err.retry_after <= 120)
      assert.matches("^1[12]%d%.?%d?$", tostring(err.retry_after))
    end
    first = refused("200 OK", nil, "{}", { base_url = "http://127.0.0.1:9" })
    assert.matches("after 4 attempts", first.message)
    assert.matches("^[01]%.?%d?$", tostring(first.retry_after))
    first = refused("401 No", nil, '{"errorCode":"S1006"}')
    assert.matches("not sent again for another 600 s", first.message)
    assert.equal("600", tostring(first.retry_after))
  end)

  it("of a sink names the path and the cause", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local upstream = server("200 OK", nil, "data")
    for path, cause in pairs {
      [dir .. "/none/x@y"] = "ENOENT, its folder does not exist",
      [dir] = "EISDIR, it is a folder",
      ["/proc/x"] = "E%u+",
    } do
      local err = failure(upstream, nil, { sink = path })
      assert.equal("config", err.kind)
      assert.is_truthy(err.message:find("'" .. path .. "'", 1, true),
        err.message)
      assert.matches(cause, err.message)
      local results = client(upstream):all { { path = "/x", sink = path } }
      assert.equal(err.message, results[1].err.message)
    end
    assert.equal(0, #upstream:requests())
  end)
end)
