-- loop_runners: the contenders of bench/loops.lua: calls at once in a loop,
-- beside a timer of that loop.
--
-- Law of this file: each does the same: run(count, tick, note) sends so many
-- GETs, waits for all their bodies, and calls `note` each `tick` seconds.
--
--   runners.luv(url).run(500, 0.01, function() end)
local M = {}

-- Another checkout's loop is measured by the same code.
local checkout = os.getenv "CHECKOUT"
if checkout then
  local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
  package.path = checkout .. "/lua/?.lua;" .. checkout .. "/lua/?/init.lua;"
    .. package.path
  package.cpath = checkout .. "/build/" .. lua .. "/?.so;" .. package.cpath
end

local HEADERS = {
  { "authorization", "Bearer qwErtY8zyW1abcdefGHI" },
  { "accept", "application/json" },
  { "user-agent", "lua-equinix/0.1.0" },
}

local function client(url, transport)
  local origin, path = url:match "^(%w+://[^/]+)(/.*)$"
  local api = assert(require("equinix").new {
    base_url = origin,
    client_id = "bench",
    client_secret = "a secret of no use anywhere",
    transport = transport,
  })
  return function()
    local response, err = api:get(path)
    assert(response, err)
    assert(#response.body > 0)
  end
end

-- Runs calls by spawn; calls `over` when the last one has ended.
local function all(count, spawn, call, over)
  local left = count
  for _ = 1, count do
    spawn(function()
      call()
      left = left - 1
      if left == 0 then
        over()
      end
    end)
  end
end

function M.luv(url)
  local uv, eqluv = require "luv", require "equinix.luv"
  local call = client(url, eqluv)
  return {
    run = function(count, tick, note)
      local timer = uv.new_timer()
      local ms = math.floor((tick or 1) * 1000)
      timer:start(ms, ms, note or function() end)
      all(count, eqluv.run, call, function()
        timer:close()
      end)
      uv.run()
    end,
  }
end

local function on_cqueues(call)
  local cqueues = require "cqueues"
  local controller = cqueues.new()
  return {
    run = function(count, tick, note)
      local running = true
      all(count, function(f)
        controller:wrap(f)
      end, call, function()
        running = false
      end)
      controller:wrap(function()
        while running and note do
          cqueues.sleep(tick)
          note()
        end
      end)
      assert(controller:loop())
    end,
  }
end

function M.cqueues(url)
  return on_cqueues(client(url, require "equinix.cqueues"))
end

-- Its client keeps no connections by itself: each request opens one.
M["lua-http"] = function(url)
  local request = require "http.request"
  return on_cqueues(function()
    local one = request.new_from_uri(url)
    for _, field in ipairs(HEADERS) do
      one.headers:upsert(field[1], field[2])
    end
    local headers, stream = assert(one:go(30))
    assert(headers:get ":status" == "200")
    assert(#assert(stream:get_body_as_string(30)) > 0)
  end)
end

local function on_copas(call, add)
  local copas = require "copas"
  return {
    run = function(count, tick, note)
      local running = true
      all(count, add, call, function()
        running = false
      end)
      copas.addthread(function()
        while running and note do
          copas.pause(tick)
          note()
        end
      end)
      copas.loop()
    end,
  }
end

function M.copas(url)
  local adapter = require "equinix.copas"
  return on_copas(client(url, adapter), adapter.run)
end

M["copas.http"] = function(url)
  local copas = require "copas"
  local http, headers = require "copas.http", {}
  for _, field in ipairs(HEADERS) do
    headers[field[1]] = field[2]
  end
  return on_copas(function()
    local parts = {}
    local _, status = http.request { url = url, headers = headers,
      sink = require("ltn12").sink.table(parts) }
    assert(status == 200 and #table.concat(parts) > 0)
  end, copas.addthread)
end

-- That of equinix-auth mcp.
function M.own(url)
  local loop = require("equinix.transport.loop.scheduler").new(error)
  local call = client(url, require("equinix.transport.loop").new(loop))
  return {
    run = function(count, tick, note)
      local running = true
      all(count, function(f)
        loop:spawn(f)
      end, call, function()
        running = false
      end)
      loop:spawn(function()
        while running and note do
          loop:sleep(tick)
          note()
        end
      end)
      while loop.count > 0 do
        loop:turn()
      end
    end,
  }
end

return M
