-- shared_table: the token cache between threads and processes, by
-- scripts/*.lua that the host program runs. Each script has its own
-- assertions.
local core = require "equinix.core"
local process = require "spec.support.process"

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local build = (os.getenv "BUILD" or "build") .. "/" .. lua
local HOST = build .. "/host"
local LIMIT = "timeout 600" -- a hang is a failure, not a wait

local function run(host, options, script, ...)
  local words = {
    "LUA_PATH=" .. process.quote(package.path),
    "LUA_CPATH=" .. process.quote(build .. "/?.so"),
    LIMIT,
    process.quote(host),
    options,
    "spec/support/scripts/" .. script .. ".lua",
    ...,
  }
  local output, code =
    process.capture(table.concat(words, " ") .. " 2>&1")
  assert.equal(0, code, script .. ": " .. output)
  return output
end

local function threads(n, script, ...)
  return run(HOST, "--threads " .. n, script, ...)
end

local function forks(n, script, ...)
  return run(HOST, "--preload equinix.core --forks " .. n, script, ...)
end

-- Without robust mutexes (macOS) each process has a table of its own.
local shared = core.tokens.info().shared
local sharing = {
  ["8 threads"] = threads,
  ["8 processes"] = shared and forks or nil,
}
for among, start in pairs(sharing) do
  describe("the token cache among " .. among, function()
    it("has one leader in each round, and all get its token", function()
      start(8, "single_flight", "token", 50)
    end)

    it("shares a failure like a token", function()
      start(8, "single_flight", "failure", 50)
    end)

    it("returns a token that had expired on arrival to all waiters", function()
      start(8, "single_flight", "expired_on_arrival", 50)
    end)

    it("never returns a torn, an older or a refused header", function()
      start(8, "hits", 600)
    end)

    it("loses no count and has one window", function()
      start(8, "counters")
    end)
  end)
end

describe("the token cache among processes", function()
  it("is private to a process that made it after the fork", function()
    run(HOST, "--forks 4", "own_tables")
  end)

  if not shared then
    return
  end

  it("is inherited, and so are slots but not their leases", function()
    run(
      HOST,
      "--preload spec.support.scripts.inherited_parent --forks 4",
      "inherited"
    )
  end)

  it("has a new leader at once when one was killed", function()
    forks(6, "killed_leader")
  end)

  it("takes a zombie for dead", function()
    run(
      HOST,
      "--zombies --preload equinix.core --forks 6",
      "killed_leader"
    )
  end)

  it("is not deceived by the name of the program", function()
    local dir = process.tempdir()
    local odd = dir .. "/a) R 1 (b"
    process.capture("cp " .. HOST .. " " .. process.quote(odd))
    run(
      odd,
      "--zombies --preload equinix.core --forks 3",
      "killed_leader"
    )
    process.remove(dir)
  end)

  it("survives processes that are killed while they write", function()
    forks(33, "killed_writer")
  end)
end)

describe("a Lua state without memory", function()
  it("gets errors from the cache, and nothing else happens", function()
    run(HOST, "", "starved")
  end)
end)

describe("the table and its leaders", function()
  -- A C program that is killed where no Lua script can be: deaths.c.
  local case = shared and it or pending
  case("are right after a death at the worst moment", function()
    local dir = process.tempdir()
    local deaths = process.quote(dir .. "/deaths")
    local output, code = process.capture(
      (os.getenv "CC" or "cc")
        .. " -std=c11 -D_GNU_SOURCE -pthread -o "
        .. deaths
        .. " -Isrc spec/support/deaths.c src/cache/shared_table.c"
        .. " src/cache/placement.c src/cache/entry.c"
        .. " src/cache/entry_memory.c src/cache/leader.c"
        .. " -lcrypto 2>&1 && "
        .. LIMIT
        .. " "
        .. deaths
        .. " 2>&1"
    )
    process.remove(dir)
    assert.equal(0, code, output)
  end)
end)
