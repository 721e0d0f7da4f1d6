-- batch_progress: client:all tells how many calls have ended.
local equinix = require "equinix"
local old_token = require "spec.support.old_token"
local paged = require "spec.support.paged"
local scripted = require "spec.support.scripted"

local server
before_each(function()
  server = paged.start()
end)
after_each(function()
  server:stop()
end)

local function client(opts)
  local all = { base_url = server.url, client_id = scripted.unique(),
    client_secret = "a secret of no use", retry = { base = 0.01 } }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return assert(equinix.new(all))
end

local function requests(n, query)
  local list = {}
  for i = 1, n do
    list[i] = { path = ("/list?total=99&size=1&offset=%d%s"):format(i - 1,
      query or "") }
  end
  return list
end

describe("client:all with on_progress", function()
  for _, how in ipairs { "libcurl", "a transport with send_many only" } do
    it("tells of each call that ended, one after the other: " .. how,
      function()
        local transport
        if how ~= "libcurl" then
          local curl = require "equinix.transport.curl"
          transport = { send = curl.send, send_many = curl.send_many,
            sleep = curl.sleep, can_wait = curl.can_wait, blocking = true }
        end
        local c, told = client { transport = transport }, {}
        local list = requests(20, "&status=404&at=7")
        list[13] = { path = "//evil" }
        local results = c:all(list, { concurrency = 4,
          on_progress = function(done, total)
            assert.equal(20, total)
            told[#told + 1] = done
          end })
        for i, result in ipairs(results) do
          if i == 8 then
            assert.equal(404, result.err.status)
          elseif i == 13 then
            assert.equal("config", result.err.kind)
          else
            assert.equal(i, result.response:json().data[1].id)
          end
        end
        for i = 1, 20 do
          assert.equal(i, told[i])
        end
        assert.equal(20, #told)
        assert.is_true(server:state().most <= 4)
      end)
  end

  it("tells before all have ended, and keeps to `concurrency`", function()
    local c = client()
    local seen = {}
    c:all(requests(20, "&hold=5&from=0"), { concurrency = 5,
      on_progress = function(done)
        seen[done] = #server:asked()
      end })
    assert.is_true(seen[1] <= 6)
    assert.equal(5, server:state().most)
  end)

  it("retries, and renews a refused token once, as without it", function()
    local c = client()
    old_token(c)
    assert(c:get "/refuse")
    local results = c:all(requests(20, "&status=503&at=4&times=2"), {
      on_progress = function() end,
    })
    for _, result in ipairs(results) do
      assert.truthy(result.response)
    end
    assert.equal(2, server:state().tokens)
  end)

  it("passes on what the function raises, and cancels what may be", function()
    local c, list = client(), requests(30)
    -- Under way when it raises: a search that goes on, and a GET.
    list[2] = { method = "POST", path = "/list?total=1&size=1&sleep=0.3",
      json = { pagination = { offset = 0 } } }
    list[3] = { path = "/list?total=9&size=1&stuck=0" }
    local ok, problem = pcall(c.all, c, list, { concurrency = 3,
      on_progress = function(done)
        if done == 3 then
          error({ "mine" }, 0)
        end
      end })
    assert.is_false(ok)
    assert.same({ "mine" }, problem)
    assert.truthy(server:until_state(function(state)
      return state.now == 0
    end))
    assert.equal(1, server:state().aborted) -- the GET; not the POST
    assert.is_true(#server:asked() <= 6)
  end)

  it("has nothing to tell of no calls", function()
    assert.same({}, client():all({}, { on_progress = error }))
  end)
end)
