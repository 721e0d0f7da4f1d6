-- serve/answer_cache: requests to REST that got the service's own token. How
-- it does inside nginx is in serve/failures_spec.
local answer_cache = require "equinix.serve.answer_cache"

describe("the answer cache", function()
  local cache, rest, current

  before_each(function()
    current = {}
    rest = { response = { status = 200 } }
    function rest:again(request)
      self.asked = request
      return self.response
    end
    cache = answer_cache.new(rest, { __index = function(_, name)
      return current[name]
    end })
  end)

  -- As nginx makes it: request line, Host, Content-Length, coding.
  local function key(name, length, coding)
    return ("POST / HTTP/1.1\n%s\n%s\n%s"):format(name, length or "",
      coding or "")
  end

  local function request(changes)
    local all = { own = true, method = "POST", path = "/",
      headers = { host = "localhost", origin = "http://localhost" } }
    for name, value in pairs(changes or {}) do
      all[name] = value
    end
    return all
  end

  it("has nothing at first", function()
    assert.is_nil(cache:get(key "a"))
    assert.is_nil(rest.asked)
  end)

  it("finds a request by its key, with the response that REST has", function()
    local stored = request()
    cache:add(key "a", stored)
    cache:add(key("b", "0"), stored)
    for _, text in ipairs { key "a", key("b", "0") } do
      local found, response = cache:get(text)
      assert.equal(stored, found)
      assert.equal(rest.response, response)
      assert.equal(stored, rest.asked)
    end
    assert.is_nil(cache:get(key "c"))
  end)

  it("returns no response when REST has none any more", function()
    local stored = request()
    cache:add(key "a", stored)
    rest.response = nil
    local found, response = cache:get(key "a")
    assert.equal(stored, found)
    assert.is_nil(response)
  end)

  it("reads headers from the current request, but for Host", function()
    local stored = request()
    cache:add(key "a", stored)
    assert.is_nil(stored.headers.origin)
    current.origin = "http://elsewhere"
    assert.equal("http://elsewhere", stored.headers.origin)
    current.host = "elsewhere"
    assert.equal("localhost", stored.headers.host)
  end)

  it("stores no request with a body, with a query or with another response",
    function()
      cache:add(key("a", "7"), request())
      cache:add(key("b", "", "chunked"), request())
      cache:add(key "c", request { query = "x" })
      cache:add(key "d", request { own = false })
      assert.same({}, cache.requests)
    end)

  it("starts again when it is full", function()
    for i = 1, 64 do
      cache:add(key(tostring(i)), request())
    end
    assert.is_truthy(cache:get(key "1"))
    cache:add(key "64", request()) -- has it already
    assert.is_truthy(cache:get(key "1"))
    cache:add(key "65", request())
    assert.is_nil(cache:get(key "1"))
    assert.is_truthy(cache:get(key "65"))
  end)

  describe("by the head", function()
    it("finds a request whose key it has, with the headers of that head",
      function()
        cache:add_head("head", key "a")
        assert.is_nil(cache:same "head")
        cache:add(key "a", request())
        current.origin, current.authorization = "http://localhost", "Bearer x"
        cache:add_head("head", key "a")
        current.origin, current.authorization = nil, nil
        local found, response = cache:same "head"
        assert.equal(rest.response, response)
        assert.equal(found, rest.asked)
        assert.same({ own = true, path = "/", headers = {
          host = "localhost",
          origin = "http://localhost",
          authorization = "Bearer x",
        } }, found)
        assert.is_nil(cache:same "Head")
      end)

    it("asks REST each time, and stores nothing that REST refuses", function()
      cache:add(key "a", request())
      cache:add_head("head", key "a")
      local answer = rest.response
      rest.response = nil
      assert.is_nil((select(2, cache:same "head")))
      cache:add_head("other", key "a")
      rest.response = answer
      assert.equal(answer, (select(2, cache:same "head")))
      assert.is_nil(cache:same "other")
    end)

    it("stores no long head, and starts again when it is full", function()
      cache:add(key "a", request())
      cache:add_head(("x"):rep(2049), key "a")
      assert.same({}, cache.heads)
      for i = 1, 64 do
        cache:add_head("head " .. i, key "a")
      end
      cache:add_head("head 1", key "a") -- has it already
      assert.is_truthy(cache:same "head 1")
      cache:add_head("head 65", key "a")
      assert.is_nil(cache:same "head 1")
      assert.is_truthy(cache:same "head 65")
    end)
  end)
end)
