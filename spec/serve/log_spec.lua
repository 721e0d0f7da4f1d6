-- serve/log: the service's own log, one JSON object a line.
local file = require "equinix.base.file"
local json = require "equinix.base.json"
local log = require "equinix.serve.log"
local process = require "spec.support.process"

describe("the log of the service", function()
  local dir
  before_each(function()
    dir = process.tempdir()
    log.set_path(dir .. "/log")
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function entries()
    local list = {}
    for line in (file.read(dir .. "/log") or ""):gmatch "([^\n]*)\n" do
      list[#list + 1] = assert(json.decode(line))
    end
    return list
  end

  it("has a line for each entry, with time and level", function()
    log.write("error", "one", { message = "a\nb" })
    log.write("warn", "two", {})
    local one, two = (table.unpack or unpack)(entries())
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", one.time)
    assert.equal("error", one.level)
    assert.equal("one", one.event)
    assert.equal("a\nb", one.message)
    assert.equal("warn", two.level)
  end)

  it("has escapes for what could harm a terminal, and means the same",
    function()
      local message = "\27[2J\194\155\127\226\128\174\226\128\168end"
      log.write("error", "one", { message = message })
      local text = file.read(dir .. "/log")
      assert.is_nil(text:find "[^\10\32-\126]")
      assert.equal(message, entries()[1].message)
    end)

  it("shows a line at once, not when a buffer is full", function()
    for i = 1, 3 do
      log.write("warn", "x", {})
      assert.equal(i, #entries())
    end
  end)

  it("mixes no lines of its workers, nor would a pipe", function()
    local workers = {}
    for i = 1, 4 do
      workers[i] = process.start({ "sh", "-c", process.interpreter()
        .. ' spec/support/scripts/log_writer.lua "$0" "$1"', dir .. "/log",
        "1000" }, {})
    end
    for _, worker in ipairs(workers) do
      worker:wait(120)
      assert.equal(0, worker:stop(), worker:stderr())
    end
    assert.equal(4 * 1000, #entries())
    log.write("error", "long", { message = ("\27x"):rep(8000), face = "mcp" })
    local last = file.read(dir .. "/log"):match "([^\n]*\n)$"
    assert.is_true(#last <= 4096)
    assert.equal("mcp", json.decode(last).face)
  end)

  it("leaves the fields that it is given as they are", function()
    local fields = { a = 1 }
    log.write("warn", "x", fields)
    assert.same({ a = 1 }, fields)
  end)

  it("has the client's events that need attention, and no others", function()
    log.event("token_failed", { kind = "auth" })
    log.event("token_renewed", { a = 1 })
    log.event("store_failed", { op = "load" })
    local failed, store = (table.unpack or unpack)(entries())
    assert.equal("error", failed.level)
    assert.equal("auth", failed.kind)
    assert.equal("warn", store.level)
    assert.equal("load", store.op)
    assert.equal(2, #entries())
  end)

  it("says why a request was refused, without the response", function()
    log.refused("rest", { kind = "http", code = "X", message = "why",
      response = { body = "secret" } })
    local entry = entries()[1]
    assert.equal("refused", entry.event)
    assert.equal("rest", entry.face)
    assert.equal("http", entry.kind)
    assert.equal("X", entry.code)
    assert.equal("why", entry.message)
    assert.is_nil(entry.response)
  end)

  it("drops lines where there is no file for them", function()
    log.set_path "/nowhere/log"
    log.write("error", "x", {})
    log.set_path(dir .. "/log")
    log.write("error", "y", {})
    assert.equal("y", entries()[1].event)
  end)
end)
