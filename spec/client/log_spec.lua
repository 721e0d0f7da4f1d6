-- log: a line is one write to stderr, or one entry of nginx's log at `info`.
local emulator = require "spec.support.emulator"
local log = require "equinix.client.log"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

describe("a line of the log", function()
  it("has the time and the process, and is written at once", function()
    local own, written = io.stderr, {}
    finally(function()
      io.stderr = own -- luacheck: ignore 122
    end)
    io.stderr = { write = function(_, ...) -- luacheck: ignore 122
      written[#written + 1] = { ... }
    end }
    log.write "a line"
    assert.equal(1, #written)
    assert.equal(1, #written[1])
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ "
      .. "equinix%[%d+%] a line\n$", written[1][1])
  end)

  it("never mixes with those of other processes", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    -- Eight processes, one file, lines of all lengths.
    local script = dir .. "/write.lua"
    local file = assert(io.open(script, "w"))
    file:write(([[package.path = %q package.cpath = %q
      local emulator = require "spec.support.emulator"
local log = require "equinix.client.log"
local nginx = require "spec.support.nginx"
      for i = 1, 200 do
        log.write("<" .. ("x"):rep(i * 7) .. ">")
      end]]):format(package.path, package.cpath))
    file:close()
    process.capture(("for i in 1 2 3 4 5 6 7 8; do %s %s 2>>%s/log & done; "
      .. "wait"):format(process.interpreter(), script, dir))
    local count = 0
    for line in io.lines(dir .. "/log") do
      count = count + 1
      assert.matches("^%S+Z equinix%[%d+%] <x+>$", line)
    end
    assert.equal(8 * 200, count)
  end)
end)

describe("the log inside nginx", function()
  local it_runs = nginx.missing() and pending or it

  it_runs("is nginx's own, at the level info", function()
    local e = emulator.start { plain = true }
    finally(function()
      e:stop()
    end)
    local n = nginx.start {
      level = "info",
      main = "env EQUINIX_LOG=debug; thread_pool equinix threads=2;",
      files = { ["demo.lua"] = nginx.client(e, "cache_key = 'logged'") },
    }
    finally(function()
      n:stop()
      e:stop()
    end)
    assert.equal(200, n:run [[
      return demo:get("/fabric/v4/ports").status
    ]])
    local text = n:error_log()
    for _, piece in ipairs { "token_turn: state=empty turn=lead", "#1 > POST ",
      "#1 < 200 in ", "#2 > GET ", "#2 < 200 in " } do
      assert.truthy(text:find("%[info%][^\n]* equinix: "
        .. piece:gsub("%p", "%%%0")), piece .. text)
    end
    assert.is_nil(text:find(e.client_secret, 1, true))
  end)
end)
