-- read_ahead: what slows it down, what ends it, and what it may not cost.
local core = require "equinix.core"
local equinix = require "equinix"
local host = require "spec.support.host"
local paged = require "spec.support.paged"
local process = require "spec.support.process"

local server
before_each(function()
  server = paged.start()
end)
after_each(function()
  server:stop()
end)

local function client(opts)
  local all = { base_url = server.url, token = "t", retry = { base = 0.01 } }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return assert(equinix.new(all))
end

local function read(c, query, opts)
  local ids = {}
  for item in c:items("/list?" .. query, opts) do
    ids[#ids + 1] = item.id
  end
  return ids
end

local function numbers(last)
  local list = {}
  for i = 1, last do
    list[i] = i
  end
  return list
end

describe("a server that asks for a pause", function()
  for _, status in ipairs { 429, 503 } do
    it("gets no page of that list before it is over: " .. status, function()
      assert.same(numbers(40), read(client(),
        "total=40&size=1&at=12&after=1&late=14&status=" .. status))
      local log, first = server:log(), {}
      for _, entry in ipairs(log) do
        local said = first[12]
        if entry.page == 12 or entry.page == 14 then
          -- Page 14 failed too, and would be asked for again at once.
          assert.is_true(not first[entry.page]
            or entry.at >= said + 0.99, "too early: " .. entry.page)
        end
        first[entry.page] = first[entry.page] or entry.at
        -- What was sent before it came had been sent.
        assert.is_true(not said or entry.at >= said + 0.99
          or entry.page <= 19)
      end
      assert.equal(42, #log)
    end)
  end

  it("has fewer requests at once afterwards", function()
    local c, most = client(), 0
    local next_page = c:pages(
      "/list?total=60&size=1&at=8&status=429&after=0")
    for i = 1, 30 do
      next_page()
      if i == 29 then
        most = #server:asked()
      end
    end
    assert.is_true(most <= 29 + 1 + 4, most)
  end)

  it("is not asked again before an error says so", function()
    local c = client { timeout = 5 }
    local ok, err = pcall(read, c,
      "total=60&size=1&at=20&times=9&status=429&after=100")
    assert.is_false(ok)
    assert.equal(429, err.status)
    assert.equal(100, err.retry_after)
    local asked = #server:asked()
    assert.is_true(asked <= 28)
  end)
end)

describe("the caller's absence", function()
  it("is no time that a page takes", function()
    local c, ids = client { timeout = 0.5, retry = false }, {}
    for item in c:items "/list?total=30&size=1&sleep=0.05" do
      ids[#ids + 1] = item.id
      if #ids == 10 then
        core.sleep(1)
      end
    end
    assert.same(numbers(30), ids)
  end)
end)

describe("large pages", function()
  it("are asked for in smaller numbers: two of these don't fit", function()
    local next_page = client():pages "/list?total=9&size=1&huge=0&mb=27"
    for i = 1, 3 do
      next_page()
      assert.equal(i, #server:asked())
    end
  end)

  it("are read when their turn comes, where they are larger than their share",
    function()
      local ids, asked = {}, 0
      for page in client():pages "/list?total=20&size=1&huge=9&mb=9" do
        ids[#ids + 1] = page.data[1].id
      end
      assert.same(numbers(20), ids)
      for _, page in ipairs(server:asked()) do
        asked = asked + (page == 9 and 1 or 0)
      end
      assert.equal(2, asked)
    end)
end)

local function descriptors()
  return (tonumber((process.capture("ls /proc/" .. core.pid()
    .. "/fd | wc -l"))))
end

-- Reads until some are stuck, and stops in that way.
local function stop_early(how)
  local c, before = client(), nil
  for _ = 1, 4 do
    local next_item, _, _, reader = c:items(
      "/list?total=90&size=1&stuck=30")
    for _ = 1, 29 do
      next_item()
    end
    assert.truthy(server:until_state(function(state)
      return state.now == 1
    end))
    how(reader, next_item)
    next_item, reader = nil, nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.truthy(server:until_state(function(state)
      return state.now == 0
    end), "it is still under way")
    before = before or descriptors()
  end
  -- Connections are kept for the next list: eight at most, not eight more
  -- each time.
  assert.is_true(descriptors() <= before + 8)
  assert.equal(4, server:state().aborted)
end

describe("pages that were asked for ahead are cancelled", function()
  it("when the reader is closed", function()
    stop_early(function(reader)
      reader:close()
    end)
  end)

  it("when the iterator is dropped", function()
    stop_early(function() end)
  end)

  it("when a loop is left, at once in Lua 5.4", function()
    local run = assert((loadstring or load)([[
      local c, server = ...
      local n = 0
      for item in c:items "/list?total=90&size=1&stuck=30" do
        n = n + 1
        if n == 29 then
          assert(server:until_state(function(state)
            return state.now == 1
          end))
          break
        end
      end]]))
    run(client(), server)
    if not (_VERSION == "Lua 5.4" or _VERSION == "Lua 5.5") then
      collectgarbage()
      collectgarbage()
    end
    assert.truthy(server:until_state(function(state)
      return state.now == 0 and state.aborted == 1
    end))
  end)

  it("when a page fails, and when on_progress raises", function()
    local c = client()
    assert.is_false(pcall(read, c,
      "total=90&size=1&stuck=34&at=28&status=404"))
    local ok, problem = pcall(read, c, "total=90&size=1&stuck=34", {
      on_progress = function(done)
        if done == 28 then
          error({ "mine" }, 0)
        end
      end,
    })
    assert.is_false(ok)
    assert.same({ "mine" }, problem)
    assert.truthy(server:until_state(function(state)
      return state.now == 0
    end))
  end)

  it("when the client is closed: the next page is an error", function()
    local c = client()
    local next_page = c:pages "/list?total=90&size=1"
    for _ = 1, 10 do
      next_page()
    end
    c:close()
    local ok, err = pcall(next_page)
    assert.is_false(ok)
    assert.equal("closed", err.kind)
  end)
end)

describe("progress", function()
  local function told(query, opts)
    local seen = {}
    local all = { on_progress = function(done, total)
      seen[#seen + 1] = done .. "/" .. tostring(total)
    end }
    for name, value in pairs(opts or {}) do
      all[name] = value
    end
    for _ in client():pages("/list?" .. query, all) do end
    return table.concat(seen, " ")
  end

  it("is pages of how many, in every shape, and from any place", function()
    assert.equal("1/3 2/3 3/3", told "total=9&size=4")
    assert.equal("1/3 2/3 3/3", told "total=9&size=4&style=count")
    assert.equal("1/3 2/3 3/3", told "total=9&size=4&style=number")
    assert.equal("1/2 2/2", told "total=9&size=4&offset=3")
    assert.equal("1/3 2/3 3/3", told("total=9&size=4",
      { method = "POST", json = { pagination = { offset = 0 } } }))
    assert.equal("1/1", told "total=2&size=4")
  end)
end)

describe("what on_progress raises", function()
  it("comes back as it is, with raise = false too", function()
    for _, problem in ipairs { "as it is", 7, { "a table" } } do
      for _, raise in ipairs { true, false } do
        local ok, raised = pcall(read, client(), "total=9&size=1", {
          raise = raise,
          on_progress = function()
            error(problem, 0)
          end,
        })
        assert.is_false(ok)
        assert.equal(problem, raised)
      end
    end
  end)
end)

describe("a forked child", function()
  it("goes on by itself, and so does its parent", function()
    if not io.open(host.program) then
      return pending "the program that forks is not built for this Lua"
    end
    host.run("--forks 1", "paged_forked", server.url)
  end)
end)

describe("a transport whose send was replaced", function()
  it("sends each page, one after the other", function()
    local curl = require "equinix.transport.curl"
    local transport, sent = {}, 0
    for name, value in pairs(curl) do
      transport[name] = value
    end
    transport.prepare = nil
    function transport.send(request, ...)
      sent = sent + 1
      return curl.send(request, ...)
    end
    assert.same(numbers(20), read(client { transport = transport },
      "total=20&size=1"))
    assert.equal(20, sent)
    assert.equal(1, server:state().most)
  end)
end)

describe("arguments", function()
  it("are checked at the caller's line", function()
    local c = client()
    for _, ahead in ipairs { 0, -1, 1.5, 65, 0 / 0, math.huge, "8" } do
      for _, name in ipairs { "pages", "items" } do
        local ok, message = pcall(function()
          c[name](c, "/list", { ahead = ahead })
        end)
        assert.is_false(ok)
        assert.truthy(message:find("read_ahead_limits_spec.lua:", 1, true),
          message)
        assert.truthy(message:find("'ahead' must be a", 1, true), message)
      end
    end
    assert.has_error(function()
      c:pages("/list", { on_progress = 1 })
    end, "equinix: request field 'on_progress' must be a function, "
      .. "not a number")
    assert.has_error(function()
      c:all({}, { on_progress = 1 })
    end, "equinix: option 'on_progress' must be a function, not a number")
    assert.same({}, server:asked())
  end)
end)
