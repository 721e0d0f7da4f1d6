-- pagination: the five shapes of paging, and servers that misbehave.
local equinix = require "equinix"
local json = require "equinix.base.json"
local lists = require "spec.support.lists"
local scripted = require "spec.support.scripted"

local N = 23

-- `count` items after `from`, as a server with N of them sends them.
local function slice(from, count)
  local list = {}
  for i = from + 1, math.min(from + count, N) do
    list[#list + 1] = { id = i }
  end
  return #list > 0 and list or json.empty_array
end

local function query_of(url)
  local query = {}
  for name, value in (url:match "%?(.*)$" or ""):gmatch "([^&=]+)=([^&]*)" do
    query[name] = tonumber(value) or value
  end
  return query
end

-- A client of a server that makes a page of the query and the body.
local function client(page_for)
  local urls = {}
  local transport = scripted.transport { function(request)
    if request.url:find("/oauth2/", 1, true) then
      return scripted.token "t"
    end
    urls[#urls + 1] = request.url
    local page = page_for(query_of(request.url),
      request.body and json.decode(request.body), request)
    return page.failed and page or scripted.json(page.http_status or 200, page)
  end }
  return assert(equinix.new {
    client_id = scripted.unique(),
    client_secret = "s3cret-of-this-app",
    base_url = "https://api.example.com",
    transport = transport,
  }), urls
end

local function collect(iterator)
  local ids = {}
  for item in iterator do
    ids[#ids + 1] = item.id
  end
  return ids
end

local function all_ids(from)
  local ids = {}
  for i = (from or 0) + 1, N do
    ids[#ids + 1] = i
  end
  return ids
end

-- A server that sends `cap` items at most, whatever the limit.
local function by_offset(cap, change)
  return function(query, body)
    local asked = body and body.pagination or query
    local limit = math.min(asked.limit or 20, cap)
    local offset = asked.offset or 0
    local page = {
      pagination = { offset = offset, limit = limit, total = N },
      data = slice(offset, limit),
    }
    if change then
      change(page)
    end
    return page
  end
end

describe("paging by offset", function()
  it("reads all, whatever limit was asked for and used", function()
    for _, cap in ipairs { 1, 5, 10, 23, 100 } do
      local c = client(by_offset(cap))
      assert.same(all_ids(), collect(c:items "/fabric/v4/ports"))
      assert.same(all_ids(), collect(c:items("/x", { query = { limit = 7 } })))
      assert.same(all_ids(), collect(c:items "/x?limit=7&a=b"))
      assert.same(all_ids(), collect(c:items("/x", { query = "limit=7" })))
    end
  end)

  it("begins at the offset of the query, and keeps other fields", function()
    local c, urls = client(by_offset(10))
    assert.same(all_ids(4), collect(c:items("/x", {
      query = { offset = 4, name = "a b" },
    })))
    for _, url in ipairs(urls) do
      assert.truthy(url:find("name=a%20b", 1, true))
    end
  end)

  it("follows no link", function()
    for _, link in ipairs { "https://evil.example/x", "/other?offset=99",
      "https://api.example.com/fabric/v4/ports?offset=99" } do
      local c, urls = client(by_offset(10, function(page)
        page.pagination.next = link
      end))
      assert.same(all_ids(), collect(c:items "/fabric/v4/ports"))
      for _, url in ipairs(urls) do
        assert.equal(1, (url:find("https://api.example.com/fabric/v4/ports",
          1, true)))
      end
    end
  end)

  it("ends when the total is wrong or missing", function()
    local c = client(by_offset(10, function(page)
      page.pagination.total = 1000
    end))
    assert.same(all_ids(), collect(c:items "/x"))
    c = client(by_offset(10, function(page)
      page.pagination.total = nil
      page.pagination.next = page.data ~= json.empty_array
        and "/x?after=" .. page.pagination.offset or nil
    end))
    assert.same(all_ids(), collect(c:items "/x"))
  end)

  it("counts what was received where the response has no offset", function()
    local c = client(by_offset(10, function(page)
      page.pagination.offset = nil
    end))
    assert.same(all_ids(), collect(c:items "/x"))
  end)

  it("puts the offset into the body of a search", function()
    local bodies = {}
    local page_for = by_offset(8)
    local c = client(function(query, body, request)
      bodies[#bodies + 1] = body
      assert.equal("POST", request.method)
      return page_for(query, body)
    end)
    local search = { filter = { name = "x" }, pagination = { limit = 10 } }
    assert.same(all_ids(), collect(c:items("/fabric/v4/connections/search", {
      method = "POST", json = search,
    })))
    for _, body in ipairs(bodies) do
      assert.equal("x", body.filter.name)
      assert.equal(10, body.pagination.limit)
    end
    assert.is_nil(search.pagination.offset)
  end)
end)

describe("paging by page number", function()
  it("reads content and totalCount", function()
    for _, cap in ipairs { 1, 5, 100 } do
      local c = client(function(query)
        local size = math.min(query.size or 10, cap)
        return { totalCount = N, content = slice((query.page or 0) * size,
          size) }
      end)
      assert.same(all_ids(), collect(c:items("/x", { query = { size = 7 } })))
    end
  end)

  it("reads content, page and links, inside a POST's body too", function()
    local c = client(function(query, body)
      local size, page = 5, query.page or 0
      if body then
        assert.equal("OPEN", body.status)
        page = body.page and body.page.number or 0
      end
      return {
        content = slice(page * size, size),
        links = { { rel = "next", href = "https://evil.example/" } },
        page = { size = size, totalElements = N, number = page,
          totalPages = math.ceil(N / size) },
      }
    end)
    assert.same(all_ids(), collect(c:items("/v1/retrieve-orders", {
      method = "POST", json = { status = "OPEN" },
    })))
    assert.same(all_ids(10), collect(c:items "/x?page=2"))
  end)

  it("counts from the page that was asked for", function()
    -- Servers that do not say which page they sent.
    local function numbered(first, envelope)
      return client(function(query, body)
        local page = body and body.page.number or query.page
        local sent = { content = slice((page - first) * 5, 5) }
        envelope(sent)
        return sent
      end)
    end
    local function count(sent)
      sent.totalCount = N
    end
    local function pages(sent)
      sent.page = { totalPages = math.ceil(N / 5) }
    end
    for _, query in ipairs { { page = 1 }, "page=1", "?page=1", "a=b&page=1",
      { page = "1" } } do
      assert.same(all_ids(), collect(numbered(1, count):items("/x",
        { query = query })))
    end
    assert.same(all_ids(), collect(numbered(1, count):items "/x?page=1"))
    assert.same(all_ids(5), collect(numbered(0, pages):items("/x",
      { method = "POST", json = { page = { number = 1 } } })))
  end)
end)

describe("a list without an end", function()
  local function is_error(name, list, ahead)
    it(("is an error, %d ahead: %s"):format(ahead, name), function()
      local server = lists.serve_endless(list)
      local c = assert(equinix.new { token = "t", base_url = server.url })
      finally(function()
        c:close()
        server:stop()
      end)
      local ok, err = pcall(function()
        for item in c:items("/list?limit=5", { ahead = ahead }) do
          -- What a caller does with its items does not matter.
          if type(item) == "table" then
            item.a, item.seen = nil, true
          end
        end
      end)
      assert.is_false(ok)
      assert.equal(list.code, err.code, tostring(err))
      assert.equal("protocol", err.kind)
      assert.equal("GET /list", err.op)
      assert.equal(1, err.message:find("GET /list: ", 1, true))
      assert.is_true(#server:requests() <= list.at
        + (ahead > 1 and ahead or 0))
    end)
  end
  for name, list in pairs(lists.ENDLESS) do
    is_error(name, list, 1)
    is_error(name, list, 8)
  end
end)

describe("a number that a server sends", function()
  it("is whole, or an error that names it", function()
    local server = lists.serve(lists.NUMBERS)
    local c = assert(equinix.new { token = "t", base_url = server.url })
    finally(function()
      c:close()
      server:stop()
    end)
    for i, case in ipairs(lists.NUMBERS) do
      local ok, err = pcall(c:pages("/" .. i))
      assert.is_false(ok, case[1])
      assert.equal("bad_paging", err.code, tostring(err))
      assert.equal("protocol", err.kind)
      assert.equal(1, err.message:find(("GET /%d: %s of the response is no "
        .. "whole number"):format(i, case.member), 1, true), err.message)
    end
    assert.equal(#lists.NUMBERS, #server:requests())
  end)

  it("may be text, or null", function()
    local c = client(by_offset(10, function(page)
      page.pagination.offset = tostring(page.pagination.offset)
      page.pagination.total = tostring(N)
    end))
    assert.same(all_ids(), collect(c:items "/x"))
    c = client(by_offset(10, function(page)
      page.pagination.offset = json.null
    end))
    assert.same(all_ids(), collect(c:items "/x"))
  end)
end)

describe("a response without pages", function()
  it("is one page: SmartView's envelope, a list, an object", function()
    for _, body in ipairs {
      { payLoad = { { id = 1 }, { id = 2 } }, status = { statuscode = 200 } },
      { payLoad = { data = { { id = 1 }, { id = 2 } } } },
      { data = { { id = 1 }, { id = 2 } } },
      { { id = 1 }, { id = 2 } },
    } do
      local c, urls = client(function()
        return body
      end)
      assert.same({ 1, 2 }, collect(c:items "/x"))
      assert.equal(1, #urls)
    end
  end)
end)

describe("client:pages", function()
  it("returns each page and its response", function()
    local c = client(by_offset(10))
    local sizes = {}
    for page, response in c:pages "/x" do
      assert.equal(200, response.status)
      sizes[#sizes + 1] = #page.data
    end
    assert.same({ 10, 10, 3 }, sizes)
  end)

  it("raises the error of a page that could not be fetched", function()
    local n = 0
    local page_for = by_offset(10)
    local c = client(function(query, body)
      n = n + 1
      return n == 2 and { http_status = 403 } or page_for(query, body)
    end)
    local ids = {}
    local ok, problem = pcall(function()
      for item in c:items "/x" do
        ids[#ids + 1] = item.id
      end
    end)
    assert.is_false(ok)
    assert.equal(403, problem.status)
    assert.equal(10, #ids)
  end)

  it("raises for a page that is not JSON", function()
    local transport = scripted.transport { scripted.token "t",
      scripted.json(200, "<html>") }
    local c = assert(equinix.new { client_id = scripted.unique(),
      client_secret = "s3cret-of-this-app", transport = transport })
    local ok, problem = pcall(c:pages "/x")
    assert.is_false(ok)
    assert.equal("protocol", problem.kind)
  end)

  it("raises at the caller's line for a mistake in the program", function()
    local c = client(by_offset(10))
    local ok, message = pcall(function()
      local _ = c:items("/x", { qeury = {} })
    end)
    assert.is_false(ok)
    assert.truthy(message:find("http/pagination_spec.lua:", 1, true))
  end)
end)
