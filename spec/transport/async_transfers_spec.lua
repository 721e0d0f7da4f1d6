-- async_transfers: calls side by side in nginx and in HAProxy. The adapters
-- for event loops run spec/support/loop_paging.lua.
local haproxy = require "spec.support.haproxy"
local nginx = require "spec.support.nginx"
local paged = require "spec.support.paged"
local process = require "spec.support.process"

local server
before_each(function()
  server = paged.start()
end)
after_each(function()
  server:stop()
end)

local function eventually_idle()
  return server:until_state(function(state)
    return state.now == 0
  end)
end

-- What both hosts run: -> how many items came in order.
local READ = [[
  local function read(query, opts)
    local n = 0
    for item in client:items("/list?" .. query, opts) do
      assert(item.id == n + 1, item.id)
      n = n + 1
    end
    return n
  end
]]

describe("in nginx", function()
  local missing = nginx.missing()
  if missing then
    pending("lists that are read ahead: " .. missing)
    return
  end
  local n

  before_each(function()
    n = nginx.start {
      workers = 1,
      main = "thread_pool equinix threads=2;",
      server = [[
        location = /left {
          lua_check_client_abort on;
          content_by_lua_block {
            local next_page = demo:pages "/list?total=90&size=1&stuck=30"
            for _ = 1, 31 do
              next_page()
            end
          }
        }]],
      http = "init_by_lua_block { demo = require 'demo' }",
      files = { ["demo.lua"] = nginx.client({ base_url = server.url,
        client_id = "nginx-pages", client_secret = "a secret of no use" },
        "retry = { base = 0.01 }, timeout = 5") },
    }
  end)
  after_each(function()
    n:stop()
  end)

  local function run(code)
    return n:run("local client = demo " .. READ .. code)
  end

  it("a list is read eight pages ahead, with errors at their places",
    function()
      assert.equal(50, run [[ return read "total=50&size=1&hold=8&from=3" ]])
      assert.equal(8, server:state().most)
      local ids, status = run [[
        local ids = 0
        local path = "/list?total=90&size=1&status=404&at=28&times=9"
        for item, err in client:items(path, { raise = false }) do
          if not item then
            return ids, err.status
          end
          ids = ids + 1
        end
      ]]
      assert.equal(28, ids)
      assert.equal(404, status)
    end)

  it("what on_progress raises comes back as it is, and ends the list",
    function()
      assert.same("mine", run [[
        local ok, problem = pcall(read, "total=90&size=1&stuck=30", {
          on_progress = function(done)
            if done == 25 then
              error({ name = "mine" }, 0)
            end
          end,
        })
        return not ok and problem.name
      ]])
      assert.truthy(eventually_idle())
    end)

  it("a list whose reader hangs up is given up", function()
    local program = process.start { "curl", "-s", n.url .. "/left" }
    assert.truthy(server:until_state(function(state)
      return state.now == 1
    end))
    program:stop()
    -- By the collector, or when its time is over: ngx_lua uses the thread of
    -- the caller that left again, with what lies on its stack.
    assert.truthy(process.eventually(function()
      run [[ collectgarbage() collectgarbage() return 1 ]]
      return server:state().now == 0
    end))
    assert.equal(20, run [[ return read "total=20&size=1" ]])
  end)
end)

describe("in HAProxy", function()
  local missing = haproxy.missing()
  if missing then
    pending("lists that are read ahead: " .. missing)
    return
  end

  it("a list is read eight pages ahead, and left without a trace", function()
    local h = haproxy.start { server = server, load = "lua-load",
      services = { "result" }, backend = "", lua = [[
        local client, result = demo(), nil
        ]] .. READ .. [[
        gateway.run(function()
          local ok, value = pcall(function()
            local n = read "total=50&size=1&hold=8&from=3"
            local next_item, _, _, reader = client:items(
              "/list?total=90&size=1&stuck=30")
            for _ = 1, 29 do
              next_item()
            end
            reader:close()
            return n
          end)
          result = tostring(value)
        end)
        service("result", function()
          return result
        end)]] }
    finally(function()
      h:stop()
    end)
    assert.equal("50", process.eventually(function()
      local body = h:ask "result"
      return body ~= "" and body ~= "nil" and body
    end))
    assert.equal(8, server:state().most)
    assert.truthy(eventually_idle())
  end)
end)
