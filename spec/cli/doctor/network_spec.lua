-- cli/doctor/network: how far a request gets.
local command = require "spec.support.command"
local doctor = require "spec.support.doctor"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local function env(url)
  return { EQUINIX_API_ENDPOINT = url, EQUINIX_API_TOKEN = "a-token" }
end

-- The checks in their order; the first failure is the cause.
local STEPS = { "name", "connection", "tls", "answer", "clock", "token" }

-- That step fails, those before it do not, those after it are skipped.
local function fails_at(step, words, environment, exit)
  local line, code, all = doctor.line(step, words, environment)
  assert.matches("^FAILED ", line)
  assert.equal(exit, code)
  local after = false
  for _, name in ipairs(STEPS) do
    local status = all:match("\n(%l*%u*) +" .. name .. " ")
    if name == step then
      after = true
    elseif after then
      assert.equal("skipped", status, all)
    else
      assert.is_true(status ~= "FAILED", all)
    end
  end
  return line
end

local function serve(script)
  local server = rawserver.start(script)
  finally(function()
    server:stop()
  end)
  return server
end

describe("the doctor reports", function()
  it("a name that can't be found", function()
    local line = fails_at("name", {}, env "https://nowhere.invalid", 4)
    assert.matches("nowhere%.invalid.*: check EQUINIX_API_ENDPOINT", line)
  end)

  it("a host on which no server listens", function()
    local line = fails_at("connection", {}, env "http://127.0.0.1:1", 4)
    assert.matches("127%.0%.0%.1:1: .*firewall", line)
  end)

  it("unused proxy variables where there is no connection", function()
    local environment = env "http://127.0.0.1:1"
    environment.https_proxy = "http://u:pass-word@127.0.0.1:2"
    local line = fails_at("connection", {}, environment, 4)
    assert.matches("https_proxy is set but not used: give %-%-proxy", line)
    assert.is_nil(line:find("pass-word", 1, true))
  end)

  it("a proxy that does not connect", function()
    for _, status in ipairs { 403, 407, 502 } do
      local server = serve(([[
        local c = ...
        while c:request() do
          c:send "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"
        end
      ]]):format(status))
      local line = fails_at("connection", { "--proxy", server.url },
        env "https://api.example", 4)
      assert.matches(("the proxy 127.0.0.1:%d answered CONNECT with %d: .*"
        .. "%%-%%-proxy"):format(server.port, status), line)
      assert.equal(1, #server:requests())
    end
  end)

  it("a port that speaks no TLS", function()
    local server = serve "local c = ... c:hangup()"
    fails_at("tls", { "--timeout", "1" },
      env((server.url:gsub("http:", "https:"))), 4)
    server = serve "local c = ... c:receive '*l' c:send(c.ok 'x')"
    fails_at("tls", {}, env((server.url:gsub("http:", "https:"))), 4)
  end)

  it("a server that does not answer", function()
    local server = serve "local c = ... c:request() c:close()"
    fails_at("answer", {}, env(server.url), 4)
    server = serve "local c = ... c:request() c:hangup()"
    fails_at("answer", { "--timeout", "0.5" }, env(server.url), 4)
  end)

  it("a wrong clock, by the server's Date", function()
    for date, words in pairs {
      ["Thu, 01 Jan 2015 00:00:00 GMT"] = "days ahead of",
      ["Sat, 01 Jan 2089 00:00:00 GMT"] = "days behind",
    } do
      local server = serve(([[
        local c = ...
        while c:request() do
          c:send(c.ok("", "Date: %s\r\n"))
        end]]):format(date))
      local line, code, all = doctor.line("clock", {}, env(server.url))
      assert.matches("^FAILED .* is [%d.]+ " .. words
        .. " the server's: set it", line)
      assert.equal(1, code, all)
    end
  end)

  it("a right clock although the response comes from a cache", function()
    local server = serve [[
      local c = ...
      while c:request() do
        c:send(c.ok("", os.date("!Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
          os.time() - 7200) .. "Age: 7200\r\n"))
      end]]
    assert.matches("^ok ", (doctor.line("clock", {}, env(server.url))))
  end)

  it("a right clock although Age is no number", function()
    for _, age in ipairs { "0x1C20", "nan", "inf", "-7200", "7.2e3" } do
      local server = serve(([[
        local c = ...
        while c:request() do
          c:send(c.ok("", os.date "!Date: %%a, %%d %%b %%Y %%H:%%M:%%S GMT\r\n"
            .. "Age: %s\r\n"))
        end]]):format(age))
      assert.matches("^ok ", (doctor.line("clock", {}, env(server.url))))
    end
  end)

  it("nothing about the clock where there is no Date", function()
    local server = serve [[
      local c = ...
      while c:request() do
        c:send(c.ok "")
      end]]
    assert.matches("^skipped ", (doctor.line("clock", {}, env(server.url))))
  end)
end)

describe("a machine whose clock is wrong", function()
  local e
  setup(function()
    e = emulator.start()
  end)
  teardown(function()
    e:stop()
  end)

  -- Changes the clock of the child only.
  local function doctor_at(offset)
    local library = process.capture("ls /usr/lib*/faketime/"
      .. "libfaketime.so.1 /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null "
      .. "| head -n 1")
    if not library:find "^/[^\n]+$" then
      return nil
    end
    local code, out = command.run({ "doctor", "--ca-file", e.ca_file }, {
      env = command.env(e, {
        LD_PRELOAD = library, FAKETIME = offset,
        FAKETIME_DONT_FAKE_MONOTONIC = "1",
      }),
    })
    return out, code
  end

  it("is not mistaken for one that can't verify the server", function()
    local out, code = doctor_at "+2d"
    if not out then
      return pending "libfaketime (faketime) is not installed"
    end
    assert.matches("\nFAILED +clock +this machine's clock is 2.0 days ahead",
      out)
    assert.matches("\nok +tls ", out)
    assert.equal(1, code)
  end)

  it("is suspected where a certificate is not valid yet or has expired",
    function()
      local out, code = doctor_at "-4000d"
      if not out then
        return pending "libfaketime (faketime) is not installed"
      end
      assert.matches("\nFAILED +tls .*not valid yet.*clock is probably behind",
        out)
      assert.equal(4, code)
      out = doctor_at "+4000d"
      assert.matches("\nFAILED +tls .*has expired.*set the clock", out)
    end)
end)
