-- exchange_pool: exchanges side by side, and the connections they leave.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local faults = require "spec.support.faults"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

local command = resp.command

describe("the connections of exchanges", function()
  local engine, server

  before_each(function()
    engine = core.engine()
  end)
  after_each(function()
    engine:close()
    server:stop()
  end)

  local function start(script)
    server = rawserver.start(resp.SERVER .. (script
      or 'while command() do c:send "+OK\\r\\n" end'))
  end

  local function begin(fields, seconds)
    return assert(engine:start(core.exchange(resp.options(server.port,
      fields)), seconds or 30))
  end

  local function send(fields, seconds)
    return resp.send(engine, resp.options(server.port, fields), seconds)
  end

  -- Until the server has logged that.
  local function await(text)
    assert(process.eventually(function()
      local list = resp.commands(server)
      return list[#list] == text
    end, 30))
  end

  local function eventually_closed(count)
    assert(process.eventually(function()
      local closed = 0
      for _, text in ipairs(resp.commands(server)) do
        closed = closed + (text == "closed" and 1 or 0)
      end
      return closed == count
    end, 30))
  end

  local SAYS_CLOSED = [[
    while command() do
      if n % 2 == 0 then
        c:send "+OK\r\n"
      end
    end
    c:log { method = "closed", path = "", body = "", headers = {} }
  ]]

  it("are shared by equal ones only", function()
    start()
    local other = rawserver.start(resp.SERVER .. "command() c:send '+b\\r\\n'")
    for _, fields in ipairs { {}, { identity = "a" }, { identity = "b" } } do
      assert.is_false(assert(send(fields)).kept)
      assert.is_true(assert(send(fields)).kept)
    end
    assert.equal("+b\r\n", assert(send { port = other.port }).body)
    assert.is_true(assert(send { identity = "a", connect_timeout = 3,
      login = "x", send = command "ECHO" }).kept)
    assert.equal(3, server:connections())
    other:stop()
  end)

  it("are not used again when the server has closed, or said something",
    function()
      start [[
        command()
        c:send "+OK\r\n"
        if n % 2 == 0 then
          c:send "+more\r\n"
          c:log { method = "said", path = "", body = "", headers = {} }
          c:hangup()
        else
          c:close()
          c:log { method = "said", path = "", body = "", headers = {} }
        end
      ]]
      for i = 1, 6 do
        local response, err = send()
        -- What follows at once may be seen at once.
        assert(response and not response.kept or err.code == "garbage")
        await "said"
        assert.equal(i, server:connections())
      end
    end)

  it("are closed when their exchange is cancelled", function()
    start(SAYS_CLOSED)
    local number = begin()
    assert(process.eventually(function()
      engine:step()
      return #resp.commands(server) == 1
    end, 30))
    local found, begun = engine:cancel(number)
    assert.is_true(found and begun)
    eventually_closed(1)
    assert.same({}, engine:wait(0))
    assert.is_false(engine:busy())
    assert.is_false(assert(send()).kept)
  end)

  it("are closed when their exchange is late", function()
    start(SAYS_CLOSED)
    local _, err = send({}, 0.2)
    assert.equal("timeout", err.code)
    assert.is_true(err.maybe_sent)
    eventually_closed(1)
    assert.is_false(assert(send()).kept)
    assert.is_true(assert(send()).kept)
  end)

  it("are closed when the engine is, or is collected", function()
    start(SAYS_CLOSED)
    begin()
    assert(process.eventually(function()
      engine:step()
      return #resp.commands(server) == 1
    end, 30))
    engine:close()
    eventually_closed(1)
    engine = core.engine()
    assert(send())
    engine = nil
    collectgarbage()
    collectgarbage()
    eventually_closed(2)
    engine = core.engine()
  end)

  it("are not used when they were idle for too long", function()
    start()
    assert(send())
    assert.is_true(assert(send()).kept)
    core.sleep(0.3)
    assert.is_true(assert(send()).kept)
    core.sleep(0.3)
    assert.is_false(assert(send { max_idle = 0.25 }).kept)
    assert.is_true(assert(send()).kept)
    assert.equal(2, server:connections())
    assert.is_false(assert(send { identity = "new", max_idle = 0 }).kept)
    assert.is_false(assert(send { identity = "new" }).kept)
    for _, seconds in ipairs { 10.1, -1 } do
      assert.has_error(function()
        send { max_idle = seconds }
      end)
    end
  end)

  it("are not too many", function()
    start()
    for i = 1, 30 do
      assert(send { identity = "of " .. i })
    end
    assert(send { identity = "of 30" })
    assert.equal(30, server:connections())
    assert.is_false(assert(send { identity = "of 1" }).kept)
    -- All of them belong to this process.
    local count = tonumber((process.capture("ls /proc/" .. core.pid()
      .. "/fd 2>/dev/null | wc -l")))
    assert(count == 0 or count < 120, count)
  end)

  it("carry one exchange at a time, and each gets its own reply", function()
    start [[
      for text in command do
        c:sleep(0.01)
        c:send("+" .. text:match "%S+$" .. "\r\n")
      end
    ]]
    local texts, left = {}, 60
    for i = 1, left do
      texts[begin { send = command("ECHO", i) }] = "+" .. i .. "\r\n"
    end
    while left > 0 do
      for _, result in ipairs(engine:wait(30)) do
        assert(result.response, result.err and result.err.message)
        assert.equal(texts[result.number], result.response.body)
        texts[result.number] = nil
        left = left - 1
      end
    end
  end)

  it("do not disturb the transfers of the same engine", function()
    start()
    local http = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "http") end
    ]]
    local left, bodies = 0, { http = 0, ["+OK\r\n"] = 0 }
    for i = 1, 100 do
      if i % 2 == 0 then
        begin { identity = "of " .. i % 5 }
      else
        assert(engine:start(core.prepare(Handle.request("GET", http.url)), 30))
      end
      left = left + 1
    end
    while left > 0 do
      for _, result in ipairs(engine:wait(30)) do
        local body = assert(result.response, result.err
          and result.err.message).body
        bodies[body] = bodies[body] + 1
        left = left - 1
      end
    end
    assert.same({ http = 50, ["+OK\r\n"] = 50 }, bodies)
    http:stop()
  end)

  it("move in a loop that watches the engine's descriptor", function()
    start()
    local watched = { getfd = function()
      return engine:fd()
    end }
    for i = 1, 3 do
      begin()
      local results = engine:step()
      while #results == 0 do
        local ready = require("socket").select({ watched }, nil, 30)
        assert(ready[watched], "the descriptor is not readable")
        results = engine:step()
      end
      assert.equal(i > 1, results[1].response.kept)
    end
    -- A deadline, too, makes it readable.
    server:stop()
    start "c:hangup()"
    begin({}, 0.2)
    local results = engine:step()
    while #results == 0 do
      assert(require("socket").select({ watched }, nil, 30)[watched])
      results = engine:step()
    end
    assert.equal("timeout", results[1].err.code)
  end)

  for _, over in ipairs { "TCP", "TLS" } do
    it("are made anew where the system took nothing, over " .. over,
      function()
        if not faults.can_run() then
          start()
          pending "needs cc and glibc's preloading"
          return
        end
        local made = over == "TLS" and certificates.make()
        server = rawserver.start(resp.SERVER .. [[
          for text in command do
            c:send("+" .. text:match "%S+$" .. "\r\n")
          end
        ]], made and made.good)
        faults.run("exchange_refused", server.port, made and made.ca_file
          or "")
        local sent = resp.commands(server)
        assert.equal("ECHO first", sent[1])
        assert.equal("ECHO second", sent[2])
        assert.is_nil(sent[3])
        if made then
          certificates.remove(made)
        end
      end)
  end

  it("raise no SIGPIPE", function()
    start "command() c:reset()"
    for _ = 1, 20 do
      local _, err = send()
      assert.equal("closed", err.code)
    end
  end)
end)

describe("exchanges of other threads and processes", function()
  local missing = redis.missing()
  local file = io.open(host.program)
  if missing or not file then
    pending(missing or "needs the host program")
    return
  end
  file:close()

  it("lose no result when memory runs out, at any point", function()
    local server = rawserver.start(resp.SERVER
      .. "while command() do c:send '+OK\\r\\n' end")
    assert.equal("", host.run("", "exchange_starved", server.port))
    server:stop()
  end)

  it("are driven by any thread, one at a time", function()
    local server = redis.start()
    assert.equal("", host.run("--threads 3", "exchange_driven", server.port))
    server:stop()
  end)

  it("are not shared by a forked process, nor ended by it", function()
    local made, port = certificates.make(), redis.free_port()
    local server = redis.start { "--tls-port", port, "--tls-cert-file",
      made.good.certificate, "--tls-key-file", made.good.key,
      "--tls-ca-cert-file", made.ca_file, "--tls-auth-clients", "no" }
    assert.equal("", host.run("--forks 1", "exchange_forked", port,
      made.ca_file))
    server:stop()
    certificates.remove(made)
  end)
end)
