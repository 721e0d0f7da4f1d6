-- batch: many calls at once, each with a result of its own.
local equinix = require "equinix"
local old_token = require "spec.support.old_token"
local scripted = require "spec.support.scripted"

local warm -- whether there is a token already when `all` is called

-- A client whose transport answers each path by a function of (path, nth time
-- it is asked for, authorization).
local function client(answer, opts)
  local asked, tokens = {}, 0
  local transport = scripted.transport { function(request)
    if request.url:find("/oauth2/", 1, true) then
      tokens = tokens + 1
      return scripted.token("t" .. tokens)
    end
    local path = request.url:match "example%.com(/[^?]*)"
    asked[path] = (asked[path] or 0) + 1
    return answer(path, asked[path],
      request.headers[#request.headers][2])
  end }
  local all = {
    client_id = scripted.unique(),
    client_secret = "s3cret-of-this-app",
    base_url = "https://api.example.com",
    transport = transport,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  local c = assert(equinix.new(all))
  if warm then
    assert(c:token())
  end
  return c, transport, function()
    return tokens
  end, asked
end

local function paths(n)
  local list = {}
  for i = 1, n do
    list[i] = { path = "/" .. i }
  end
  return list
end

local function echo(path)
  return scripted.json(200, { path = path })
end

for _, state in ipairs { "without a token", "with a token" } do
  describe("client:all " .. state, function()
    before_each(function()
      warm = state == "with a token"
    end)

    it("keeps the order, and gives each its own result", function()
      local c = client(function(path)
        return path == "/3" and scripted.json(404, "") or echo(path)
      end)
      local results = c:all(paths(5))
      assert.equal(5, #results)
      for i, result in ipairs(results) do
        if i == 3 then
          assert.is_nil(result.response)
          assert.equal(404, result.err.status)
        else
          assert.is_nil(result.err)
          assert.equal("/" .. i, result.response:json().path)
        end
      end
    end)

    it("follows redirects as each request's field follow says", function()
      local c, _, _, asked = client(function(path)
        return path == "/end" and echo(path)
          or scripted.json(302, "", { Location = "/end" })
      end)
      local results = c:all {
        { path = "/1", follow = false }, { path = "/2" },
        { path = "/3", follow = function() return false end },
      }
      assert.equal("redirect", results[1].err.code)
      assert.equal("/end", results[2].response:json().path)
      assert.equal("redirect", results[3].err.code)
      assert.equal(1, asked["/end"])
    end)

    it("renews once for all when the token is refused", function()
      local c, _, tokens, asked = client(function(path, _, authorization)
        return authorization == "Bearer t1" and scripted.json(401, "")
          or echo(path)
      end)
      old_token(c)
      for _, result in ipairs(c:all(paths(20))) do
        assert.truthy(result.response)
      end
      assert.equal(2, tokens())
      assert.equal(2, asked["/7"])
    end)

    it("repeats what may be repeated, and only that", function()
      local c, _, _, asked = client(function(path, nth)
        if path == "/2" and nth == 1 then
          return scripted.json(503, "", { ["retry-after"] = "0" })
        end
        return echo(path)
      end)
      for _, result in ipairs(c:all(paths(3))) do
        assert.truthy(result.response)
      end
      assert.same({ ["/1"] = 1, ["/2"] = 2, ["/3"] = 1 }, asked)
    end)

    it("tells apart what has no more than its path in common", function()
      local c, transport = client(function()
        return scripted.json(200, {})
      end)
      local list = {
        { path = "/1" }, { path = "/1", method = "HEAD" },
        { path = "/1", query = { a = 1 } }, { path = "/1" },
        { path = "/1", headers = { ["X-A"] = "b" } }, { path = "//evil" },
        { path = "/2", method = "GET" }, { path = "//evil" },
        { path = "/1", method = "POST", body = "b" },
      }
      local results = c:all(list)
      local seen = {}
      for _, entry in ipairs(transport.sent) do
        local request = entry.request
        if not request.url:find("/oauth2/", 1, true) then
          seen[#seen + 1] = ("%s %s %d %s"):format(request.method,
            request.url:match "example%.com(.*)", #request.headers,
            request.body or "-")
        end
      end
      assert.same({ "GET /1 3 -", "HEAD /1 3 -", "GET /1?a=1 3 -",
        "GET /1 3 -", "GET /1 4 -", "GET /2 3 -", "POST /1 3 b" }, seen)
      for i, result in ipairs(results) do
        assert.equal(list[i].path == "//evil", result.err ~= nil)
      end
    end)

    it("hands on how many at once and the deadline for all", function()
      local c, transport = client(echo)
      c:all(paths(3))
      assert.equal(16, transport.batches[1].concurrency)
      c:all(paths(3), { concurrency = 2, timeout = 7 })
      assert.equal(2, transport.batches[2].concurrency)
      assert.is_true(transport.batches[2].seconds <= 7)
    end)

    it("says for each what can't be sent, and sends the rest", function()
      local c, transport = client(echo)
      local results = c:all { { path = "//evil" }, { path = "/1" } }
      assert.equal("config", results[1].err.kind)
      assert.equal(200, results[2].response.status)
      assert.equal(1, transport.batches[1].n)
      assert.same({}, c:all {})
    end)

    it("gives one that can't be repeated as it says its own error", function()
      local c = client(function()
        return scripted.json(404, "")
      end)
      local results = c:all { { path = "/1", retry = { base = -1 } },
        { path = "/2" } }
      assert.equal("config", results[1].err.kind)
      assert.equal(404, results[2].err.status)
    end)

    it("gives every one the error when there is no token", function()
      local transport = scripted.transport { scripted.refused() }
      local c = assert(equinix.new { client_id = scripted.unique(),
        client_secret = "s3cret-of-this-app", transport = transport })
      local results = c:all(paths(10))
      for i = 1, 10 do
        assert.equal("auth", results[i].err.kind)
      end
      assert.equal(1, #transport.sent)
    end)

    it("raises at the caller's line for a mistake in the program", function()
      local c = client(echo)
      for _, call in ipairs {
        function() c:all("x") end,
        function() c:all({ { pahth = "/x" } }) end,
        function() c:all({ { path = "/x", timeout = 3 } }) end,
        function() c:all({}, { concurency = 3 }) end,
        function() c:all({}, { concurrency = 0 }) end,
        function() c:all({}, { concurrency = 1.5 }) end,
        function() c:all({}, { connections = 0 }) end,
        function() c:all({}, { connections = 1.5 }) end,
      } do
        local ok, message = pcall(call)
        assert.is_false(ok)
        assert.truthy(message:find("client/batch_spec.lua:", 1, true), message)
      end
    end)
  end)
end
