-- capability: what a capability file costs at run time.
--
--   lua bench/capability.lua      prints each figure beside its bar
--
-- Bars:
--   an exposed GET: CPU of the worker <= 1.15x of a token from the built-in
--     road and the upstream call, made by a handler, together
--   500 operations: the service starts within 1.2x of the built-in one's time,
--     in the checkout that BEFORE names, or in this one
--   tools/list of 500 tools: <= 10 ms
--   `equinix-auth capability check` of a file of 34 kB: <= 50 ms of CPU
local CALLERS, SECONDS, ROUNDS, STARTS, CHECKS = 64, 1, 9, 9, 9
local CPU_BAR, START_BAR, LIST_BAR, CHECK_BAR = 1.15, 1.2, 10, 50

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = (os.getenv "BUILD" or "build") .. "/" .. LUA .. "/?.so;"
  .. package.cpath

local capability = require "spec.support.capability_parts"
local command = require "spec.support.command"
local core = require "equinix.core"
local cpu = require "bench.cpu"
local file = require "equinix.base.file"
local median = require("bench.side").median
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missed = false

local function judge(what, value, form, bar)
  local fine = value <= bar
  missed = missed or not fine
  print(("  %s: " .. form .. ", the bar is <= " .. form .. ": %s"):format(what,
    value, bar, fine and "met" or "MISSED"))
end

-- Files ----------------------------------------------------------------------

local LIMIT = { { name = "limit", ["in"] = "query", type = "integer",
  description = "How many to return." } }

-- As many operations, each a route and a tool.
local function parts_of(count)
  local parts = { operations = {}, routes = {}, tools = {} }
  for i = 1, count do
    local name = "ports-" .. i
    parts.operations[i] = { name = name, method = "GET",
      path = ("/fabric/v4/%s/{portId}/stats"):format(name), inputs = LIMIT }
    parts.routes[i] = { method = "GET", name = name, call = name,
      path = "/" .. name .. "/{portId}" }
    parts.tools[i] = { name = name, call = name,
      description = "Returns what port " .. i .. " carried.",
      hints = { readOnly = true } }
  end
  parts.operations[count + 1] = { name = "ports", method = "GET",
    path = "/fabric/v4/ports", inputs = LIMIT }
  parts.routes[count + 1] = { method = "GET", path = "/ports", call = "ports" }
  return parts
end

-- A call ---------------------------------------------------------------------

local UPSTREAM = [[
  keepalive_requests 1000000000;
  default_type application/json;
  location = /oauth2/v1/token {
    return 200 '{"access_token":"qwErtY8zyW1abcdefGHIqwErtY8zyW1abcdefGHI",
"token_timeout":"3600","user_name":"bench","token_type":"Bearer"}';
  }
  location / { content_by_lua_block { ngx.print(body) } }
]]

-- As bench/handlers.lua has it.
local BODY = [[ init_by_lua_block {
  body = '{"data":[' .. ('{"name":"port"},'):rep(20) .. '{}]}'
} ]]

-- The upstream call by itself, from a handler.
local DIRECT = [[
  init_by_lua_block {
    client = assert(require("equinix").new {
      base_url = "http://127.0.0.1:%d", client_id = "bench",
      client_secret = "a secret of no use anywhere" })
  }
]]
local DIRECT_SERVER = [[
  keepalive_requests 1000000000;
  default_type application/json;
  location = /ports {
    content_by_lua_block {
      local response = assert(client:request { method = "GET",
        path = "/fabric/v4/ports" })
      ngx.print(response.body)
    }
  }
]]

-- CPU microseconds of the worker for each request.
local function load(pids, url, script)
  local before = cpu.seconds(pids)
  local said = process.capture(("wrk -t1 -c%d -d%ds %s %s 2>&1"):format(
    CALLERS, SECONDS, script and "-s " .. script or "", process.quote(url)))
  local spent = cpu.seconds(pids) - before
  local count = tonumber(said:match "(%d+) requests in")
  if not count or said:find "Non%-2xx" or said:find "Socket errors" then
    error(url .. ": " .. said, 0)
  end
  return spent / count * 1e6
end

local function compare_calls(upstream, s, direct, post)
  local exposed, token, call, ratios = {}, {}, {}, {}
  for round = 1, ROUNDS do
    exposed[round] = load(s:workers(), s.rest_url .. "/ports")
    token[round] = load(s:workers(), s.rest_url .. "/oauth2/v1/token", post)
    call[round] = load(direct:worker_pids(), direct.url .. "/ports")
    ratios[round] = exposed[round] / (token[round] + call[round])
  end
  print(("exposed GET, %d callers: %d rounds of %d s, a body of %d bytes")
    :format(CALLERS, ROUNDS, SECONDS, #process.capture("curl -s "
      .. upstream.url .. "/fabric/v4/ports")))
  print(("  CPU: exposed %.1f us, token %.1f us, upstream call %.1f us")
    :format(median(exposed), median(token), median(call)))
  judge("exposed to token and call", median(ratios), "%.2fx", CPU_BAR)
end

local function with_call(upstream, e)
  local parts = parts_of(0)
  parts.operations[2] = { name = "token", method = "POST",
    path = "/oauth2/v1/token" }
  parts.routes[2] = { method = "POST", path = "/oauth2/v1/token",
    call = "token" }
  parts.tools = nil
  local path, remove = capability.file(parts)
  local direct = nginx.start { main = "thread_pool equinix threads=2;",
    http = DIRECT:format(upstream.port), server = DIRECT_SERVER }
  local s = serve.start(e, { "--workers", "1", "--no-store", "--capability",
    path })
  local post = os.tmpname()
  assert(file.write(post, 'wrk.method = "POST"\n'))
  local ok, problem = pcall(compare_calls, upstream, s, direct, post)
  s:stop()
  direct:stop()
  remove()
  os.remove(post)
  assert(ok, problem)
end

-- The start ------------------------------------------------------------------

-- Milliseconds until the ready file of the service of a checkout is there.
local function start(e, root, words)
  local ready = os.tmpname()
  os.remove(ready)
  local rest, mcp = nginx.free_port(), nginx.free_port()
  local argv = { root .. "/bin/equinix-auth", "serve", "--rest-port", rest,
    "--mcp-port", mcp, "--no-store", "--ready-file", ready }
  for _, word in ipairs(words) do
    argv[#argv + 1] = word
  end
  local before = core.now()
  local program = process.start(argv, { env = command.env(e) })
  local seconds
  repeat -- the pause is what the result may be too long by
    core.sleep(0.001)
    seconds = core.now() - before
    assert(program:alive(), "it did not start")
  until file.read(ready) or seconds > 30
  program:stop()
  return seconds * 1000
end

local function compare_starts(e, path)
  local before = os.getenv "BEFORE"
  local own, old, large, ratios = {}, {}, {}, {}
  for round = 1, STARTS do
    own[round] = start(e, ".", {})
    old[round] = before and start(e, before, {}) or own[round]
    large[round] = start(e, ".", { "--capability", path })
    ratios[round] = large[round] / old[round]
  end
  print(("start, 500 operations: %d rounds"):format(STARTS))
  print(("  built-in %.0f ms%s, 500 operations %.0f ms"):format(median(own),
    before and (", BEFORE %.0f ms"):format(median(old)) or "", median(large)))
  judge("500 operations to the built-in ones" .. (before and " BEFORE" or ""),
    median(ratios), "%.2fx", START_BAR)
end

-- The list -------------------------------------------------------------------

local LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

local function list(e, path)
  local s = serve.start(e, { "--no-store", "--capability", path,
    "--workers", "1" })
  local took, size = {}, nil
  for i = 1, 50 do
    local before = core.now()
    local status, _, _, body = s:send(s.mcp_url, "POST", { body = LIST,
      headers = { ["content-type"] = "application/json" } })
    took[i], size = (core.now() - before) * 1000, #body
    assert(status == 200)
  end
  s:stop()
  print(("tools/list of 500 tools over HTTP, %d bytes"):format(size))
  judge("from the request to the end", median(took), "%.1f ms", LIST_BAR)
end

-- The check ------------------------------------------------------------------

local function check()
  local count = 0
  repeat -- as many operations as make 34 kB
    count = count + 1
  until #capability.text(parts_of(count)) >= 34000
  local path, remove = capability.file(parts_of(count))
  local took = {}
  for i = 1, CHECKS do
    local said = process.capture("bash -c 'TIMEFORMAT="
      .. '"%U %S"; time bin/equinix-auth capability check ' .. path
      .. " >/dev/null' 2>&1")
    local user, system = said:match "([%d.]+) ([%d.]+)"
    took[i] = assert(tonumber(user), said) * 1000 + tonumber(system) * 1000
  end
  remove()
  print(("capability check, a file of 34 kB with %d operations"):format(count))
  judge("CPU of the command", median(took), "%.0f ms", CHECK_BAR)
end

-- All of it ------------------------------------------------------------------

local missing = nginx.missing()
if not missing and select(2, process.capture "command -v wrk") ~= 0 then
  missing = "wrk is not here (apt install wrk)"
end
if missing then
  print("capability: skipped, " .. missing)
  return
end
local upstream = nginx.start { http = BODY, server = UPSTREAM }
local e = { base_url = upstream.url, client_id = "bench",
  client_secret = "a secret of no use anywhere" }
local path, remove = capability.file(parts_of(499))
local ok, problem = pcall(function()
  with_call(upstream, e)
  compare_starts(e, path)
  list(e, path)
  check()
end)
remove()
upstream:stop()
if not ok then
  error(problem, 0)
end
os.exit(missed and 1 or 0)
