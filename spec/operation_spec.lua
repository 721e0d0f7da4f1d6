-- operation: a token request with the caller's own body.
local scripted = require "spec.support.scripted"

local GET, REFRESH = "getoauth2accesstoken", "refreshoauth2accesstoken"

local client = scripted.client

describe("client:operation", function()
  it("sends the caller's body as it is, with no bearer", function()
    local c, transport = client { scripted.token "one" }
    local body = '{ "client_id":"a", "client_secret":"b",  "x": 1 }'
    local answer = assert(c:operation(GET, body))
    assert.equal("one", answer:json().access_token)
    local request = transport.sent[1].request
    assert.equal(body, request.body)
    assert.truthy(request.url:find("/oauth2/v1/token$"))
    for _, field in ipairs(request.headers) do
      assert.not_equal("authorization", field[1]:lower())
    end
    assert(c:operation(REFRESH, { refresh_token = "r" }))
    assert.truthy(transport.sent[2].request.url
      :find("/oauth2/v1/refreshaccesstoken$"))
  end)

  it("returns every status as it came, once", function()
    for _, status in ipairs { 200, 400, 401, 429, 500, 503 } do
      local c, transport = client { scripted.json(status, { a = 1 }) }
      local answer = assert(c:operation(GET, {
        client_id = scripted.unique(), client_secret = "x" }))
      assert.equal(status, answer.status)
      assert.equal(1, answer:json().a)
      assert.equal(1, #transport.sent)
    end
  end)

  it("touches no cache", function()
    local c, transport, opts = client { scripted.token "one" }
    c:operation(GET, { client_id = opts.client_id,
      client_secret = opts.client_secret })
    assert.equal("Bearer one", c:authorization())
    assert.equal(2, #transport.sent)
  end)

  it("counts refusals for the account, and holds latched ones back",
    function()
      local id = scripted.unique()
      local c, transport = client { scripted.refused() }
      for i = 1, 6 do
        c:operation(GET, { client_id = id, client_secret = "wrong-" .. i })
      end
      assert.equal(4, #transport.sent)
      local _, problem = c:operation(GET, { client_id = id,
        client_secret = "another" })
      assert.equal("latched", problem.code)
      -- The same account through a client of its own.
      local d, sent = client({ scripted.token "x" }, { client_id = id })
      assert.equal("latched", select(2, d:token()).code)
      assert.equal(0, #sent.sent)
    end)

  it("returns an error when there was no answer", function()
    local c = client { scripted.broken("network", true) }
    local _, problem = c:operation(GET, { client_id = "a" })
    assert.equal("network", problem.kind)
    assert.equal("POST /oauth2/v1/token", problem.op)
  end)

  it("raises for an unknown name and for a body of another type", function()
    local c = client { scripted.token "one" }
    for _, call in ipairs {
      function() c:operation("gettoken", {}) end,
      function() c:operation(GET, nil) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.truthy(message:find("operation_spec.lua:", 1, true))
    end
  end)
end)
