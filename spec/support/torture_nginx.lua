-- torture_nginx: the calls of scripts/tortured.lua in a worker of nginx, in
-- its own thread. In each another allocation fails: of Lua's in the worker, or
-- of those that our module, libcurl and what that uses ask for. The same
-- worker is asked again afterwards. What ngx_lua asks for itself does not
-- fail, since it ends the worker then.
--
--   local world = torture_nginx.start(emulator)
--   local line, ok = torture_nginx.run(world, { name = "rest", what = "lua",
--     mode = "once" }, { first = 1, step = 97 })
--   world:stop()
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local torture = require "spec.support.torture"

local M = {}
local World = {}
World.__index = World

--- Why it can't run; nil: it can.
---@return string|nil
function M.missing()
  return torture.missing() or nginx.missing()
end

-- Judges as torture.c does, in one request. What is in the worker's memory
-- afterwards is held against what was there after the first run.
local WORKER = [[
jit.off() -- and torture_memory.c knows the interpreter by its place
jit.flush()
local worker = assert(package.loadlib(LIBRARY, "luaopen_torture_worker"))()
local M = {}

local function is_memory(err)
  return type(err) == "string" and err:find("not enough memory", 1, true)
    or type(err) == "table" and err.kind == "memory"
end

-- Over TLS, as torture.c: what OpenSSL and nghttp2 make of it.
local OUTSIDE = { "the TLS handshake failed", "is not trusted", "broke",
  "ended before a response", "could not be reached" }

local function is_outside(message)
  for _, words in ipairs(OUTSIDE) do
    if M.tls and message:find(words, 1, true) then
      return true
    end
  end
end

local function judge(failed, ok, value, err)
  if not ok then
    err, value = value, nil
  end
  if value then
    return failed and "values" or "done"
  elseif is_memory(err) then
    return "memory"
  end
  return is_outside(tostring(err)) and "outside" or nil, tostring(err)
end

local function one(case, what, mode, n)
  case.ready(n)
  worker.arm(what, mode, n)
  local ok, value, err = pcall(case.call, n)
  local kind, message = judge(worker.disarm(), ok, value, err)
  local started = ngx.now()
  case.check(n)
  ngx.update_time()
  if ngx.now() - started > 8 then
    return nil, "a lock was held"
  end
  return kind, message
end

local cases = {}

function M.run(what, mode, first, step, name, ...)
  cases[name] = cases[name]
    or assert(loadfile "spec/support/scripts/tortured.lua")(name, ...)
  local count = { memory = 0, values = 0, outside = 0, faults = 0 }
  local faults, n = {}, first
  M.tls = what == "c" and (...):find "^https:"
  one(cases[name], what, mode, 0)
  collectgarbage()
  local blocks = worker.blocks()
  while true do
    local ran, kind, message = pcall(one, cases[name], what, mode, n)
    if ran and kind == "done" or count.faults > 40 then
      break
    elseif not ran or not kind then
      faults[#faults + 1] = ("  n=%d: %s\n"):format(n, ran and message or kind)
      kind = "faults"
    end
    count[kind], n = count[kind] + 1, n + step
  end
  cases[name].check(n)
  collectgarbage()
  collectgarbage()
  return table.concat(faults) .. ("%d tried, %d memory, %d values, %d outside"
    .. ", %d faults"):format(count.memory + count.values + count.outside
      + count.faults, count.memory, count.values, count.outside, count.faults),
    worker.blocks() - blocks
end

return M
]]

local function compile(dir)
  local output, code = process.capture(([[
    cc -std=c11 -D_GNU_SOURCE -O1 -g -fno-builtin -shared -fPIC \
      $(tools/lua.sh luajit cflags) -o %s/torture_worker.so \
      spec/support/torture_worker.c spec/support/torture_memory.c -ldl 2>&1]])
    :format(dir))
  assert(code == 0, output)
end

--- Starts an nginx with one worker.
---@param e table of spec.support.emulator
function M.start(e)
  local dir = process.tempdir()
  compile(dir)
  return setmetatable({ e = e, dir = dir, nginx = nginx.start {
    env = { LD_PRELOAD = dir .. "/torture_worker.so" },
    files = { ["torture_of_worker.lua"] = ("local LIBRARY = %q\n"):format(dir
      .. "/torture_worker.so") .. WORKER },
  } }, World)
end

function World:stop()
  self.nginx:stop()
  process.remove(self.dir)
end

--- Makes a call again and again, as torture.run does.
---@param case {name: string, what: "lua"|"c", mode: "once"|"on"}
---@param o {first?: integer, step?: integer}
---@return string output its last line has the numbers
---@return boolean ok
function M.run(world, case, o)
  local e, n = world.e, world.nginx
  local before = n:worker_pids()
  world.runs = (world.runs or 0) + 1
  local output, more = n:run(([[
    return require("torture_of_worker").run(%q, %q, %d, %d, %q, %q, %q, %q, %q,
      "", "", %d)
  ]]):format(case.what, case.mode, o.first or 1, o.step or 1, case.name,
    e.base_url, e.client_id, e.client_secret, e.ca_file or "", world.runs))
  local after, log = n:worker_pids(), n:error_log()
  local wrong = log:match "[^\n]*%[alert%][^\n]*"
    or log:match "[^\n]*%[crit%][^\n]*" or log:match "[^\n]*%[emerg%][^\n]*"
    or (#after ~= 1 or after[1] ~= before[1]) and "the worker ended"
    or more > 60 and ("a leak: %d blocks more"):format(more)
  if wrong then
    return "  " .. wrong .. "\n" .. output, false
  end
  return output, output:find(", 0 faults", 1, true) ~= nil
end

--- The calls that are made there: Lua's allocations are the same over TLS.
---@param tls boolean
---@return table[]
function M.cases(tls)
  local list = {}
  for _, what in ipairs(tls and { "c" } or { "lua", "c" }) do
    for _, name in ipairs { "rest", "mcp", "token", "get" } do
      for _, mode in ipairs { "once", "on" } do
        list[#list + 1] = { name = name, what = what, mode = mode, tls = tls }
      end
    end
  end
  return list
end

return M
