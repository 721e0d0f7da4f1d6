-- command: what a script waits for when it calls `equinix-auth`: whole
-- processes, from start to end.
--
--   lua bench/command.lua     compares, prints the bars
--
-- `token`, with the token in the store, beside `curl --version`; `request GET`
-- with a stored token beside curl doing the same against the same server (the
-- emulator, over TLS) with a constant header. BEFORE=/path/of/a/checkout, a
-- built one, is measured beside them.
--
-- Bars: 1.5x of the clock's time, 1.6x of the CPU.
local ROUNDS, COUNT = 60, 2
local TOKEN_BAR, REQUEST_BAR = 1.5, 1.6
local PATH = "/fabric/v4/ports"

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = "build/" .. LUA .. "/?.so;" .. package.cpath

local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local side = require "bench.side"

local BEFORE = os.getenv "BEFORE"

-- A contender: a program that is run by bench/command.c, with the variables
-- that the emulator's user sets, and none of Lua's.
local function contender(variables, name, words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = process.quote(word)
  end
  return {
    name = name,
    command = variables .. " exec build/bench/command "
      .. table.concat(quoted, " "),
  }
end

local function of_command(variables, words)
  local list = {}
  for name, folder in pairs { now = ".", before = BEFORE } do
    local argv = { folder .. "/bin/equinix-auth" }
    for _, word in ipairs(words) do
      argv[#argv + 1] = word
    end
    list[#list + 1] = contender(variables, name, argv)
  end
  table.sort(list, function(a, b)
    return a.name > b.name -- "now" first
  end)
  return list
end

local function compare(what, measure, bar, peer, list)
  table.insert(list, 1, peer)
  local results = side.rounds(list, ROUNDS, COUNT)
  print("  " .. what)
  for _, r in ipairs(results) do
    print(("    %-16s CPU %6.2f ms %5.2fx   wall %6.2f ms %5.2fx"):format(
      r.name, r.cpu / COUNT * 1e3, r.cpu_ratio, r.wall / COUNT * 1e3,
      r.wall_ratio))
  end
  local ratio = results[2][measure .. "_ratio"]
  side.missed = side.missed or ratio > bar
  print(("    %s: %.2fx, the bar is at most %.1fx: %s"):format(measure, ratio,
    bar, ratio <= bar and "met" or "MISSED"))
end

print(("whole processes of the command: %d rounds"):format(ROUNDS))
local e = emulator.start { config = { lifetime = 86400 } }
local dir = process.tempdir()
local variables = table.concat({
  "unset LUA_PATH LUA_CPATH; XDG_RUNTIME_DIR=" .. dir,
  "EQUINIX_API_ENDPOINT=" .. e.base_url,
  "EQUINIX_API_CLIENTID=" .. e.client_id,
  "EQUINIX_API_CLIENTSECRET=" .. e.client_secret,
}, " ")
local done, problem = pcall(function()
  local header = process.capture(variables .. " bin/equinix-auth token "
    .. "--header --ca-file " .. e.ca_file)
  assert(header:find "^Authorization: Bearer ", header)
  compare("token, from the store", "wall", TOKEN_BAR,
    contender(variables, "curl --version", { "curl", "--version" }),
    of_command(variables, { "token", "--ca-file", e.ca_file }))
  compare("request GET, the token from the store", "cpu", REQUEST_BAR,
    contender(variables, "curl", { "curl", "-sf", "--cacert", e.ca_file, "-H",
      header, e.base_url .. PATH }),
    of_command(variables, { "request", "GET", PATH, "--ca-file", e.ca_file }))
end)
e:stop()
process.remove(dir)
if not done then
  error(problem, 0)
end
os.exit(side.missed and 1 or 0)
