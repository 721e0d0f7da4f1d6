-- fast_get: the short way of a plain GET, and when it is left.
local equinix = require "equinix"
local old_token = require "spec.support.old_token"
local scripted = require "spec.support.scripted"

local function client(answers, opts)
  local sent, tokens = {}, 0
  local transport = scripted.transport { function(request)
    if request.url:find("/oauth2/", 1, true) then
      tokens = tokens + 1
      return scripted.token("t" .. tokens)
    end
    sent[#sent + 1] = { request = request,
      authorization = request.headers[#request.headers][2] }
    local answer = answers[math.min(#sent, #answers)]
    return answer
  end }
  local all = {
    client_id = scripted.unique(), client_secret = "s3cret-of-this-app",
    base_url = "https://api.example.com", transport = transport,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  local c = assert(equinix.new(all))
  assert(c:token())
  return c, sent, transport
end

local OK = scripted.json(200, { a = 1 })

describe("a plain GET", function()
  it("builds its request once for a path", function()
    local c, sent = client { OK }
    for _ = 1, 3 do
      assert.equal(1, assert(c:get "/x"):json().a)
    end
    assert(c:get "/y")
    assert.equal(sent[1].request, sent[3].request)
    assert.equal("https://api.example.com/y", sent[4].request.url)
  end)

  it("carries the token of now, not of when it was built", function()
    local c, sent = client { OK }
    assert(c:get "/x")
    assert(c:refresh())
    assert(c:get "/x")
    assert.equal("Bearer t1", sent[1].authorization)
    assert.equal("Bearer t2", sent[2].authorization)
  end)

  it("is no longer one with a field follow", function()
    local c, sent = client { OK, scripted.json(302, "", { location = "/z" }) }
    assert(c:get "/x")
    assert.equal("redirect",
      select(2, c:get("/x", { follow = false })).code)
    assert.equal(2, #sent)
  end)

  it("goes the long way for anything but a plain success", function()
    local c, sent = client { scripted.json(401, ""), OK,
      scripted.json(503, "", { ["retry-after"] = "0" }), OK,
      scripted.broken("network", true), OK,
      scripted.json(302, "", { location = "/z" }), OK,
      scripted.json(404, "") }
    old_token(c)
    for _ = 1, 4 do
      assert(c:get "/x")
    end
    assert.equal(8, #sent)
    assert.equal("Bearer t2", sent[2].authorization)
    assert.equal("https://api.example.com/z", sent[8].request.url)
    assert.equal(404, select(2, c:get "/x").status)
    assert.equal(9, #sent)
  end)

  it("counts what it sent as the first attempt", function()
    local c, sent = client { scripted.json(503, "",
      { ["retry-after"] = "0" }) }
    assert.equal(503, select(2, c:get "/x").status)
    assert.equal(4, #sent)
  end)

  it("refuses a path as the long way does", function()
    local c, sent = client { OK }
    for _, path in ipairs { "//evil", "/a\\b", "https://evil.example/", "",
      "count", "entries" } do
      assert.equal("config", select(2, c:get(path)).kind)
    end
    assert.equal(0, #sent)
  end)

  it("remembers a bounded number of paths", function()
    local c = client { OK }
    for i = 1, 1000 do
      assert(c:get("/" .. i))
    end
    local n = 0
    for _ in pairs(c.memo.entries) do
      n = n + 1
    end
    assert.is_true(n <= 128)
  end)

  it("is followed only where it may be", function()
    local c, sent = client { OK, scripted.json(302, "", { location = "/z" }),
      scripted.json(302, "", { location = "/z" }), OK }
    local asked = {}
    local function follow(url)
      asked[#asked + 1] = url
      return #asked > 1
    end
    assert(c:get("/x", { follow = follow }))
    local response, err = c:get("/x", { follow = follow })
    assert.is_nil(response)
    assert.equal("redirect", err.code)
    assert.equal(2, #sent)
    assert.equal(sent[1].request, sent[2].request)
    assert(c:get("/x", { follow = follow }))
    assert.equal("https://api.example.com/z", sent[4].request.url)
    assert.same({ "https://api.example.com/z", "https://api.example.com/z" },
      asked)
  end)

  it("with a function follow ends with the client", function()
    local c, sent = client { OK }
    assert(c:forget())
    assert(c:get("/x", { follow = function() end }))
    assert.equal("Bearer t2", sent[1].authorization)
    c:close()
    assert.equal("closed", select(2, c:get("/x", { follow = error })).kind)
  end)

  it("shares no request where others run meanwhile", function()
    local c, sent, transport = client { OK }
    transport.blocking = false
    assert(c:get "/x")
    assert(c:get "/x")
    assert.not_equal(sent[1].request, sent[2].request)
  end)
end)
