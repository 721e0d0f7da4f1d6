-- supervisor/log_lines: nginx's error log, line by line as JSON.
local json = require "equinix.base.json"
local log_lines = require "equinix.supervisor.log_lines"
local process = require "spec.support.process"

local HEAD = "2026/11/28 12:00:00 "

describe("a line of the log", function()
  it("has a time, a level, an event and its fields", function()
    local line = json.decode(log_lines.text("warn", "x", { a = 1 }))
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", line.time)
    line.time = nil
    assert.same({ level = "warn", event = "x", a = 1 }, line)
  end)
end)

describe("a record of nginx's error log", function()
  local function of(record)
    local text = log_lines.of_record(record)
    assert.is_nil(text:find "[^\32-\126]")
    assert.is_true(#text <= 4000)
    return json.decode(text)
  end

  it("has nginx's level, and an event where it is one", function()
    for record, expected in pairs {
      ["[alert] 1#1: worker process 7 exited on signal 9"] =
        { "alert", "worker_died", "worker process 7 exited on signal 9" },
      ["[emerg] 1#1: unknown directive"] =
        { "emerg", "reload_refused", "unknown directive" },
      ["[error] 1#2: init_by_lua error: x\nstack traceback:\n\ty"] =
        { "error", "reload_refused",
          "init_by_lua error: x\nstack traceback:\n\ty" },
      ["[crit] 1#2: *17 something"] = { "crit", "nginx", "something" },
    } do
      local line = of(HEAD .. record)
      assert.same(expected, { line.level, line.event, line.message })
    end
  end)

  it("has nothing that a caller wrote", function()
    assert.equal("odd thing", of(HEAD .. "[crit] 1#1: *1 odd thing, client: "
      .. '1.2.3.4, server: , request: "GET /?secret=x HTTP/1.1"').message)
  end)

  it("may be ours, or of a program that is neither", function()
    local line = of "[error] nginx_stopped: it stopped: why"
    assert.same({ "error", "nginx_stopped", "it stopped: why" },
      { line.level, line.event, line.message })
    line = of "supervise.sh: 12: kill: No such process"
    assert.same({ "error", "supervisor",
      "supervise.sh: 12: kill: No such process" },
      { line.level, line.event, line.message })
  end)

  it("is cut where it is too long for a pipe, whatever is in it", function()
    for _, byte in ipairs { "x", "\1", "\255", '"' } do
      assert.is_true(#of(byte:rep(20000)).message > 300)
    end
  end)
end)

describe("the converter", function()
  local written, converter
  before_each(function()
    written = {}
    converter = log_lines.new(function(text)
      written[#written + 1] = json.decode(text:match "^([^\n]+)\n$").message
    end)
  end)

  it("has a line for each record, however its bytes come", function()
    local text = HEAD .. "[error] 1#1: one\nmore\n\tand more\n"
      .. HEAD .. "[error] 1#1: two\n" .. "[error] x: three\n"
    for size = 1, #text do
      written = {}
      for from = 1, #text, size do
        converter:feed(text:sub(from, from + size - 1))
      end
      converter:flush()
      assert.same({ "one\nmore\n\tand more", "two", "three" }, written)
    end
  end)

  it("writes a last line without an end, and no empty ones", function()
    converter:feed "\n\n"
    converter:flush()
    converter:feed "last"
    converter:finish()
    converter:finish()
    assert.equal("last", written[1])
  end)

  it("keeps no more than a record can have", function()
    for _ = 1, 100 do
      converter:feed(("x"):rep(1000))
    end
    for _ = 1, 100 do
      converter:feed(("y"):rep(999) .. "\n")
    end
    assert.is_true(#written >= 10)
  end)

  it("runs between two pipes", function()
    local said, code = process.capture("printf '%s\\n%s\\n' '" .. HEAD
      .. "[error] 1#1: one' more | " .. process.interpreter() .. " -e "
      .. process.quote "dofile 'spec/support/init.lua' "
      .. process.quote "require('equinix.supervisor.log_lines').run()")
    assert.equal(0, code)
    assert.equal("one\nmore", json.decode(said).message)
  end)
end)
