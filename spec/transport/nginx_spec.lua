-- nginx: the client in a real nginx behaves as in plain Lua.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("the transport inside nginx: " .. missing)
  return
end

-- What each phase does for a request of its path: it makes a call and reports
-- the result in a header or the body.
local TRY = [[
  local function try()
    local response, err = require("demo"):get("/fabric/v4/ports")
    return response and "status " .. response.status
      or err.kind .. " " .. tostring(err.code)
  end
]]
local PHASES = [[
  location = /rewrite {
    rewrite_by_lua_block { require("phases").say() }
    content_by_lua_block { }
  }
  location = /access {
    access_by_lua_block { require("phases").say() }
    content_by_lua_block { }
  }
  location = /content { content_by_lua_block { require("phases").say() } }
  location = /timer { content_by_lua_block { require("phases").timer() } }
  location = /set {
    set_by_lua_block $tried { return require("phases").try() }
    content_by_lua_block { ngx.print(ngx.var.tried) }
  }
  location = /header_filter {
    header_filter_by_lua_block {
      ngx.header["X-Tried"] = require("phases").try()
    }
    return 200 "";
  }
  location = /body_filter {
    header_filter_by_lua_block { ngx.header.content_length = nil }
    body_filter_by_lua_block {
      if ngx.arg[2] then ngx.arg[1] = require("phases").try() end
    }
    return 200 "x";
  }
  location = /log {
    log_by_lua_block { require("phases").logged = require("phases").try() }
    return 200 "x";
  }
  location = /balancer {
    proxy_pass http://balanced;
  }
  location = /tried { content_by_lua_block {
    ngx.print(tostring(require("phases").logged))
  } }
  location = /authorization {
    set_by_lua_block $tried {
      local header, err = require("demo"):authorization()
      return header and "header" or err.code
    }
    content_by_lua_block { ngx.print(ngx.var.tried) }
  }
]]
local PHASES_MODULE = TRY .. [[
  local M = { try = try }
  function M.say() ngx.print(try()) return ngx.exit(200) end
  function M.timer()
    local done = require("ngx.semaphore").new()
    local tried
    ngx.timer.at(0, function() tried = try() done:post() end)
    done:wait(60)
    ngx.print(tostring(tried))
  end
  return M
]]
local BALANCER = [[
  upstream balanced {
    server 0.0.0.1;
    balancer_by_lua_block {
      require("phases").logged = require("phases").try()
      ngx.exit(503)
    }
  }
]]

describe("the client inside nginx", function()
  local e, n

  setup(function()
    e = emulator.start()
    n = nginx.start {
      files = {
        ["demo.lua"] = nginx.client(e),
        ["phases.lua"] = PHASES_MODULE,
      },
      http = BALANCER .. [[
        init_by_lua_block {
          require "equinix"
          init_client = require "demo"
          local header, err = init_client:authorization()
          package.loaded.at_init = { header or err.code }
        }
        init_worker_by_lua_block {
          package.loaded.at_worker_init = { require("phases").try() }
        }
      ]],
      server = PHASES,
    }
  end)
  before_each(function()
    e:reset()
    n:run "demo:forget()"
  end)
  teardown(function()
    n:stop()
    e:stop()
  end)

  it("chooses the transport of nginx by itself", function()
    assert.is_true(n:run [[
      return demo.transport == require "equinix.transport.nginx"
    ]])
  end)

  it("sends a GET over verified TLS, with one token", function()
    local status, name, again = n:run [[
      local response = assert(demo:get("/fabric/v4/ports"))
      return response.status, response:json().data[1].name,
        assert(demo:get "/fabric/v4/ports").status
    ]]
    assert.are.same({ 200, 200 }, { status, again })
    assert.is_string(name)
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
    assert.are.equal(2, e:count "GET /fabric/v4/ports")
  end)

  it("sends a POST once", function()
    local status, location = n:run [[
      local response = assert(demo:post("/colocations/v2/orders/shipments", {
        json = {
          type = "INBOUND", requestedDateTime = "2030-01-01T10:00:00Z",
          cageId = "AM1:01:000111",
          details = { carrier = "UPS", numberOfBoxes = 2 },
        },
      }))
      return response.status, response.headers.location
    ]]
    assert.are.equal(202, status)
    assert.truthy(location:find "^/colocations/v2/orders/")
    assert.are.equal(1, e:count "POST /colocations/v2/orders/shipments")
  end)

  it("makes many calls at once, in order, each with its own result",
    function()
      local ok, kind, count = n:run [[
        local requests = {}
        for i = 1, 40 do
          requests[i] = { path = i == 7 and "/nowhere" or "/fabric/v4/ports" }
        end
        local results, fine = assert(demo:all(requests)), 0
        for i = 1, 40 do
          if results[i].response then fine = fine + 1 end
        end
        return fine, results[7].err.kind .. results[7].err.status, #results
      ]]
      assert.are.same({ 39, "http404", 40 }, { ok, kind, count })
      assert.are.equal(1, e:count "POST /oauth2/v1/token")
    end)

  it("goes through all pages", function()
    e:config { ports = 230 }
    assert.are.equal(230, (n:run [[
      local seen = 0
      for _ in demo:items "/fabric/v4/ports" do seen = seen + 1 end
      return seen
    ]]))
  end)

  it("writes a body to a file; a function as sink is refused", function()
    local path = n.dir .. "/sink"
    local status, length, kind, code, message = n:run(([[
      local response = assert(demo:get("/fabric/v4/ports", { sink = %q }))
      local _, err = demo:get("/fabric/v4/ports", { sink = function() end })
      return response.status, #response.body, err.kind, err.code, err.message
    ]]):format(path))
    assert.are.same({ 200, 0, "config", "sink_function" },
      { status, length, kind, code })
    assert.truthy(message:find "file's path")
    local file = assert(io.open(path))
    assert.truthy(file:read("*a"):find '"data"')
    file:close()
  end)

  it("returns the errors that plain Lua returns", function()
    local equinix = require "equinix"
    local options = { client_id = "a", client_secret = "b", retry = false,
      base_url = e.base_url }
    local code = [[
      local options = { client_id = "a", client_secret = "b", retry = false,
        base_url = %q, ca_file = %s, max_body = %s, token = %s,
        timeout = %d / 10 }
      if options.token then options.client_id = nil
        options.client_secret = nil end
      local client = assert(require("equinix").new(options))
      local _, err = client:get("/fabric/v4/ports")
      return err.kind, err.code, err.message, err.status, err.retryable
    ]]
    local function both(base_url, ca_file, max_body, token, timeout)
      options.timeout = timeout or 10
      local function word(value)
        return value == nil and "nil" or ("%q"):format(value)
      end
      local there = { n:run(code:format(base_url, word(ca_file),
        tostring(max_body), word(token), options.timeout * 10)) }
      there[3] = there[3]:gsub("after %d+", "after")
      options.base_url, options.ca_file = base_url, ca_file
      options.max_body, options.token = max_body, token
      options.client_id = not token and "a" or nil
      options.client_secret = not token and "b" or nil
      local _, err = assert(equinix.new(options)):get "/fabric/v4/ports"
      assert.are.same({ err.kind, err.code,
        (err.message:gsub("after %d+", "after")), err.status,
        err.retryable }, there)
      return err.kind
    end
    assert.are.equal("tls", both(e.base_url, nil, nil, "x"))
    assert.are.equal("auth", both(e.base_url, e.ca_file, nil, "not-a-token"))
    assert.are.equal("network", both("http://127.0.0.1:9", nil, nil, "x"))
    e:config { latency = 1 }
    assert.are.equal("timeout", both(e.base_url, e.ca_file, nil, "x", 0.3))
    e:config { latency = 0 }
    assert.are.equal("protocol", both(e.base_url, e.ca_file, 10, "x"))
  end)

  it("raises a mistake in the program, in the caller's light thread",
    function()
      local ok, message = n:run [[
        return pcall(demo.request, demo, { path = "/", headers = { a = {} },
          json = 1, body = "2" })
      ]]
      assert.is_false(ok)
      assert.is_string(message)
      -- What the core itself raises comes back from its thread as a string.
      ok, message = n:run [[
        return pcall(require("equinix.transport.nginx").send,
          { method = "GET", url = "http://127.0.0.1/", headers = "none" }, 5)
      ]]
      assert.is_false(ok)
      assert.truthy(message:find "headers", message)
    end)

  it("waits after a 429 without blocking other requests", function()
    assert.are.equal(200, (n:run [[ return demo:get("/fabric/v4/ports").status
    ]]))
    e:config { api_status = 429, retry_after = 1, times = 1,
      scope = "/fabric/v4/ports" }
    local status, during = n:run [[
      local over, during = false, 0
      ngx.thread.spawn(function()
        repeat
          assert(demo:get "/fabric/v4/metros")
          during = during + 1
        until over
      end)
      local response = assert(demo:get "/fabric/v4/ports")
      over = true
      return response.status, during
    ]]
    assert.are.equal(200, status)
    assert.is_true(during > 1)
    assert.are.equal(3, e:count "GET /fabric/v4/ports")
  end)

  it("renews a token that was refused, and repeats the call once", function()
    n:run "require('spec.support.old_token')(demo)"
    e:config { revoke_all = true }
    assert.are.equal(200, (n:run [[
      return assert(demo:get("/fabric/v4/ports")).status
    ]]))
    assert.are.equal(2, e:count "POST /oauth2/v1/token")
  end)

  for _, phase in ipairs { "rewrite", "access", "content", "timer" } do
    it("works in phase " .. phase .. ", also without a token", function()
      assert.are.equal("status 200", (n:ok("/" .. phase)))
      assert.are.equal(1, e:count "POST /oauth2/v1/token")
    end)
  end

  -- With or without a token, the call can't wait for its response.
  local function tried(phase)
    local response = assert(n:send("GET", "/" .. phase))
    for _, field in ipairs(response.headers) do
      if field[1]:lower() == "x-tried" then
        return field[2]
      end
    end
    if phase == "log" or phase == "balancer" then
      return process.eventually(function()
        local _, said = n:get "/tried"
        return said ~= "nil" and said
      end)
    end
    return response.body
  end

  for _, phase in ipairs { "set", "header_filter", "body_filter", "log",
    "balancer" } do
    it("says in phase " .. phase .. " that it can't wait there", function()
      for _, prepare in ipairs { "return 1", "return demo:token().expires_in" }
      do
        n:run(prepare)
        n:run "package.loaded.phases.logged = nil"
        assert.are.equal("config cannot_wait", tried(phase))
      end
      assert.are.equal(0, e:count "GET /fabric/v4/ports")
      assert.are.equal("status 200", (n:ok "/content"))
    end)
  end

  it("says so while nginx and its workers start", function()
    assert.are.same({ "cannot_wait", "config cannot_wait" }, { n:run [[
      return package.loaded.at_init[1], package.loaded.at_worker_init[1]
    ]] })
  end)

  it("serves from the cache where waiting is not allowed", function()
    assert.are.equal("cannot_wait", (n:ok "/authorization"))
    n:run "assert(demo:token())"
    assert.are.equal("header", (n:ok "/authorization"))
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("sends one of the capability's operations", function()
    local status, latched = n:run(([[
      local response = assert(demo:operation("getoauth2accesstoken", {
        grant_type = "client_credentials", client_id = %q,
        client_secret = %q,
      }))
      return response.status
    ]]):format(e.client_id, e.client_secret))
    assert.are.equal(200, status)
    assert.is_nil(latched)
  end)
end)

describe("spawn", function()
  local n

  setup(function()
    n = nginx.start {
      http = "lua_max_running_timers 1;",
      server = [[
        location = /log {
          log_by_lua_block {
            local there = package.loaded
            there.spawned = { require("equinix.transport.nginx").spawn(
              function() there.ran = true end) }
          }
          return 200 "x";
        }
      ]],
    }
  end)
  teardown(function()
    n:stop()
  end)

  it("runs a function that outlives its request", function()
    assert.is_true(n:run [[
      return require("equinix.transport.nginx").spawn(function()
        ngx.sleep(0.02)
        package.loaded.outlived = ngx.get_phase()
      end)
    ]])
    assert.are.equal("timer", process.eventually(function()
      return n:run "return package.loaded.outlived"
    end))
  end)

  it("runs it where the caller can't wait", function()
    n:get "/log"
    assert.is_true(process.eventually(function()
      return n:run "return package.loaded.ran"
    end))
    assert.are.equal(true, (n:run "return package.loaded.spawned[1]"))
  end)

  it("says when nginx drops the timer, and runs nothing later", function()
    local ok, reason, ran = n:run [[
      local port = require "equinix.transport.nginx"
      assert(port.spawn(function() ngx.sleep(1.5) end))
      local ran
      local ok, reason = port.spawn(function() ran = true end)
      ngx.sleep(1)
      return ok, reason, ran
    ]]
    assert.is_nil(ok)
    assert.truthy(reason:find "lua_max_running_timers")
    assert.is_nil(ran)
  end)
end)
