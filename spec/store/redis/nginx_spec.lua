-- The Redis store in a worker of nginx, where nothing may block.
local contract = require "spec.support.redis_contract"
local redis = require "spec.support.redis"
local redis_nginx = require "spec.support.redis_nginx"
local supervisor = require "equinix.supervisor.nginx"

local missing = redis_nginx.missing()

-- Uses the store in any phase, and keeps the reason that it gives.
local USE = [[
  local store = require("equinix").store.redis {
    port = %d, timeout = 10, grace = 0,
  }
  local _, reason = store:lock("k", 60)
  ngx.ctx.reason = ngx.ctx.reason or tostring(reason)
]]

-- A phase that may wait, and places that may not.
local LOCATIONS = [[
  location = /access {
    access_by_lua_block { USE }
    content_by_lua_block { ngx.print(ngx.ctx.reason) }
  }
  location = /header_filter {
    header_filter_by_lua_block { USE }
    content_by_lua_block { ngx.print "x" }
    body_filter_by_lua_block {
      if ngx.arg[1] ~= "" then ngx.arg[1] = ngx.ctx.reason end
    }
  }
  location = /set {
    set_by_lua_block $reason { USE return ngx.ctx.reason }
    content_by_lua_block { ngx.print(ngx.var.reason) }
  }
  location = /function_of_c {
    content_by_lua_block {
      string.gsub("x", "x", function() USE end)
      ngx.print(ngx.ctx.reason)
    }
  }
  location = /many {
    content_by_lua_block {
      local store = require("equinix").store.redis {
        port = %d, timeout = 10, connect_timeout = 10,
      }
      local threads, wrong = {}, 0
      for i = 1, 12 do
        threads[i] = ngx.thread.spawn(function()
          local lease = assert(store:lock("key" .. i, 60))
          for _ = 1, 10 do
            assert(store:save("key" .. i, "record " .. i, 60, lease))
            if store:load("key" .. i) ~= "record " .. i then
              wrong = wrong + 1
            end
          end
        end)
      end
      for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
      ngx.print(wrong, " wrong")
    }
  }
]]

-- What newer versions of ngx_lua let wait, too.
local PRECONTENT = [[
  location = /precontent {
    precontent_by_lua_block { USE }
    content_by_lua_block { ngx.print(ngx.ctx.reason) }
  }
]]

describe("store.redis in nginx", function()
  if missing then
    pending(missing)
    return
  end
  local nginx, server
  local newer = supervisor.has_directive(supervisor.find(),
    "precontent_by_lua_block")

  setup(function()
    server = redis.start()
    local use = USE:format(server.port)
    local locations = LOCATIONS:format(server.port)
      .. (newer and PRECONTENT or "")
    nginx = redis_nginx.start((locations:gsub("USE", function()
      return use
    end)))
  end)
  teardown(function()
    nginx:stop()
    server:stop()
  end)

  contract.declare(function(opts)
    return nginx:open(opts)
  end)

  it("works in a phase that may wait", function()
    assert.equal("nil", nginx:ok "/access")
    assert.equal("busy", nginx:ok "/access")
  end)

  if newer then
    it("works in the newer phase precontent", function()
      assert.is_true(({ ["nil"] = true, busy = true })
        [nginx:ok "/precontent"])
    end)
  end

  it("fails at once where it may not wait", function()
    for path, pattern in pairs {
      header_filter = "can't be used: .*which can't wait",
      set = "can't be used: .*which can't wait",
      function_of_c = "can't be used here$",
    } do
      assert.matches(pattern, nginx:ok("/" .. path))
    end
  end)

  it("lends each light thread a connection of its own, and reuses them",
    function()
      local before = server:info "total_connections_received"
      assert.equal("0 wrong", nginx:ok "/many")
      local accepted = server:info "total_connections_received" - before
      assert.is_true(accepted <= 40, accepted) -- for 252 steps
    end)

  it("says that a name can't be resolved", function()
    local _, reason = nginx:open { host = "nowhere.invalid" }:load "k"
    assert.matches("has a name that can't be resolved", reason)
  end)
end)
