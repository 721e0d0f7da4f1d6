-- store/redis/nginx: a store in a worker of nginx, where nothing may block.
local contract = require "spec.support.redis_contract"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local redis_nginx = require "spec.support.redis_nginx"

local missing = redis_nginx.missing()

-- Whatever phase asks, it says what it heard.
local ASK = [[
  local store = require "equinix.store.redis" { port = %d, timeout = 10 }
  ngx.ctx.said = ngx.ctx.said or tostring(select(2, store:lock("k", 60)))
]]

-- A phase that may wait, one of two that may not.
local LOCATIONS = [[
  location = /access {
    access_by_lua_block { ASK }
    content_by_lua_block { ngx.print(ngx.ctx.said) }
  }
  location = /header_filter {
    header_filter_by_lua_block { ASK }
    content_by_lua_block { ngx.print "x" }
    body_filter_by_lua_block {
      if ngx.arg[1] ~= "" then ngx.arg[1] = ngx.ctx.said end
    }
  }
  location = /set {
    set_by_lua_block $said { ASK return ngx.ctx.said }
    content_by_lua_block { ngx.print(ngx.var.said) }
  }
  location = /function_of_c {
    content_by_lua_block {
      string.gsub("x", "x", function() ASK end)
      ngx.print(ngx.ctx.said)
    }
  }
  location = /many {
    content_by_lua_block {
      local store = require "equinix.store.redis" { port = %d, timeout = 10 }
      local threads, wrong = {}, 0
      for i = 1, 30 do
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

describe("store.redis in nginx", function()
  if missing then
    pending(missing)
    return
  end
  local nginx, server

  setup(function()
    server = redis.start()
    local ask = ASK:format(server.port)
    nginx = redis_nginx.start((LOCATIONS:format(server.port)
      :gsub("ASK", function() return ask end)))
  end)
  teardown(function()
    nginx:stop()
    server:stop()
  end)

  contract.declare(function(opts)
    return nginx:open(opts)
  end)

  it("asks in a phase that may wait", function()
    assert.equal("nil", nginx:ok "/access")
    assert.equal("busy", nginx:ok "/access")
  end)

  it("says at once where it may not wait", function()
    for _, path in ipairs { "header_filter", "set", "function_of_c" } do
      assert.matches("nginx may not wait in this place$",
        nginx:ok("/" .. path))
    end
  end)

  it("lends each light thread a connection of its own, again and again",
    function()
      assert.equal("0 wrong", nginx:ok "/many")
      local accepted = server:ask("INFO", "stats")
        :match "total_connections_received:(%d+)"
      assert.is_true(tonumber(accepted) < 100, accepted)
    end)

  it("says that a name can't be resolved", function()
    local _, reason = nginx:open { host = "nowhere.invalid" }:load "k"
    assert.matches("has a name that can't be resolved", reason)
  end)

  it("says what to install where there is no resty.redis", function()
    local said = process.capture(process.interpreter() .. [[ -e '
      package.path = "lua/?.lua"
      ngx = {}
      print(select(2, require("equinix.store.redis.resty").new {}))']])
    assert.matches("lua%-nginx%-redis", said)
  end)
end)
