-- read_ahead: pages that are asked for while others are read. How many are
-- under way at once is what the server counts.
local equinix = require "equinix"
local emulator = require "spec.support.emulator"
local old_token = require "spec.support.old_token"
local paged = require "spec.support.paged"
local process = require "spec.support.process"
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

-- Reads a list: the items' numbers, and the error that ended it.
local function read(c, query, opts)
  local ids, problem = {}, nil
  local all = { raise = false }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  for item, err in c:items("/list?" .. query, all) do
    if item then
      ids[#ids + 1] = item.id
    else
      problem = err
    end
  end
  return ids, problem
end

local function numbers(first, last)
  local list = {}
  for i = first, last do
    list[#list + 1] = i
  end
  return list
end

describe("a list whose length is known", function()
  for _, style in ipairs { "offset", "count", "number" } do
    it("is read with eight pages under way, in order: " .. style, function()
      local ids, err = read(client(),
        "total=99&size=2&hold=8&from=3&style=" .. style)
      assert.is_nil(err)
      assert.same(numbers(1, 99), ids)
      assert.equal(8, server:state().most)
      assert.equal(50, #server:asked())
    end)
  end

  it("is read with as many as the caller says", function()
    for ahead, most in pairs { [1] = 1, [3] = 3, [20] = 20 } do
      server:stop()
      server = paged.start()
      local ids = read(client(), "total=60&size=1&from=7&hold=" .. most,
        { ahead = ahead })
      assert.same(numbers(1, 60), ids)
      assert.equal(most, server:state().most)
      assert.equal(60, #server:asked())
    end
  end)

  it("costs one request where only its first page is read", function()
    local c = client()
    for item in c:items "/list?total=50&size=5" do
      if item.id == 5 then
        break
      end
    end
    c:get "/state" -- a request more, on which others could come along
    assert.same({ 0 }, server:asked())
  end)

  it("has requests sent while the caller works on a page", function()
    local next_page = client():pages "/list?total=50&size=1&hold=8&from=3"
    for _ = 1, 20 do -- by then there are connections for all
      next_page()
    end
    assert.truthy(process.eventually(function()
      return #server:asked() >= 24
    end))
    assert.is_true(#server:asked() <= 28)
  end)

  it("is read one after the other where guesses are wrong", function()
    -- Each page but the first has an item less than the one before.
    local c, most = client(), 0
    local ids = read(c, "total=40&size=4&short=0")
    assert.same(numbers(1, 40), ids)
    for _, n in pairs(server:asked()) do
      most = math.max(most, n)
    end
    assert.is_true(most <= 40 + 8 * 4)
  end)
end)

describe("a list that depends on what came before", function()
  it("is read one page after the other: a search", function()
    local c = client()
    for _ in c:pages("/list?total=9&size=3", { method = "POST",
      json = { pagination = { offset = 0 } } }) do
      assert.is_true(server:state().most <= 1)
    end
    assert.equal(1, server:state().most)
  end)

  it("is read one page after the other: ahead = 1", function()
    local c, read_pages = client(), 0
    for _ in c:pages("/list?total=9&size=1", { ahead = 1 }) do
      read_pages = read_pages + 1
      assert.equal(read_pages, #server:asked())
    end
    assert.equal(9, read_pages)
  end)
end)

describe("a page that fails", function()
  it("does so at its place, when all before it have come", function()
    for _, retry in ipairs { false, true } do
      server:stop()
      server = paged.start()
      local ids, err = read(client(),
        "total=30&size=2&status=404&at=6&times=9", { retry = retry })
      assert.same(numbers(1, 12), ids)
      assert.equal(404, err.status)
    end
  end)

  it("is retried as ever, and then read at its place", function()
    local ids, err = read(client(), "total=30&size=1&status=503&at=6&times=2")
    assert.is_nil(err)
    assert.same(numbers(1, 30), ids)
  end)

  it("can be read again after its error was caught", function()
    local next_page = client():pages(
      "/list?total=9&size=1&status=404&at=5&times=1")
    for _ = 1, 5 do
      next_page()
    end
    local ok, err = pcall(next_page)
    assert.is_false(ok)
    assert.equal(404, err.status)
    for id = 6, 9 do
      assert.equal(id, next_page().data[1].id)
    end
    assert.is_nil(next_page())
  end)
end)

describe("a token that is refused under eight pages", function()
  it("is renewed once for all of them", function()
    local c, ids, refused = client(), {}, false
    old_token(c)
    for item in c:items "/list?total=40&size=1&hold=8&from=3" do
      ids[#ids + 1] = item.id
      if #ids == 2 and not refused then
        refused = true
        process.capture("curl -s " .. server.url .. "/refuse")
      end
    end
    assert.same(numbers(1, 40), ids)
    assert.equal(2, server:state().tokens)
  end)
end)

describe("a total that is wrong", function()
  it("loses and doubles nothing when it grows", function()
    local ids = read(client(), "total=20&size=2&more=1")
    assert.same(numbers(1, #ids), ids)
    assert.is_true(#ids > 20)
  end)

  it("loses and doubles nothing when it shrinks", function()
    local ids = read(client(), "total=60&size=2&more=-1")
    assert.same(numbers(1, #ids), ids)
    assert.is_true(#ids < 60)
  end)

  it("loses nothing where a page is shorter than the others", function()
    local ids, err = read(client(), "total=60&size=4&short=5")
    assert.is_nil(err)
    assert.same(numbers(1, 60), ids)
  end)
end)

describe("a list of the emulator that changes while it is read", function()
  it("has every item once, in order", function()
    local e = emulator.start { plain = true, config = { max_limit = 2 } }
    finally(function()
      e:stop()
    end)
    for change, least in pairs { [0] = 25, [1] = 26, [-1] = 15 } do
      e:reset()
      e:config { total_change = change }
      local c = assert(equinix.new { base_url = e.base_url,
        client_id = e.client_id, client_secret = e.client_secret })
      local n = 0
      for port in c:items "/fabric/v4/ports" do
        n = n + 1
        assert.equal(("port-%04d"):format(n), port.name)
      end
      assert.is_true(n >= least, n .. " items")
      c:forget()
    end
  end)
end)
