-- renewal: what a leader does step by step, on scripted answers. That there is
-- one leader only is in tokens/renewal_spec.lua, on real parts.
local scripted = require "spec.support.scripted"

local client = scripted.client
local token, refused = scripted.token, scripted.refused

describe("refused credentials", function()
  it("are sent once, say what to do, and are latched", function()
    local c, transport = client { refused() }
    local _, problem = c:authorization()
    assert.equal("auth", problem.kind)
    assert.equal("S1006", problem.code)
    assert.is_false(problem.retryable)
    assert.is_true(math.abs(problem.retry_after - 600) < 1)
    for _ = 1, 10 do
      local _, again = c:token()
      assert.equal("auth", again.kind)
      assert.equal("S1006", again.code)
      assert.is_true(again.retry_after > 590)
    end
    assert.equal(1, #transport.sent)
  end)

  it("count for the account, whatever the secret: four, then none",
    function()
      local id = scripted.unique()
      local sent = 0
      for i = 1, 8 do
        local c, transport = client({ refused() }, {
          client_id = id,
          client_secret = "wrong-secret-number-" .. i,
        })
        local _, problem = c:token()
        assert.equal("auth", problem.kind)
        sent = sent + #transport.sent
      end
      assert.equal(4, sent)
      local forced, transport = client({ token "ok" }, { client_id = id })
      assert.equal("latched", select(2, forced:token()).code)
      assert.equal("ok", forced:refresh({ force = true }).access_token)
      assert.equal(1, #transport.sent)
    end)

  it("are given a try with another secret at once", function()
    local c, _, opts = client { refused() }
    c:token()
    local d = client({ token "ok" }, {
      client_id = opts.client_id,
      client_secret = "the-right-one",
    })
    assert.equal("ok", d:token().access_token)
    assert.is_nil((c:token()))
  end)

  it("are held back by the account, which a success elsewhere may change",
    function()
      local c = client { refused() }
      c:token()
      -- Nothing is sent when the place lets go: then the guard is asked.
      local turn, seconds = c.tokens:slot():acquire()
      assert.equal("backoff", turn)
      assert.is_true(seconds <= 60)
      assert.is_true(select(2, c:token()).retry_after > 590)
    end)

  it("are counted anew after a success, but a refused secret stays so",
    function()
      local id = scripted.unique()
      local function try(secret, answer)
        local c, transport = client({ answer }, {
          client_id = id, client_secret = secret, cache_key = secret,
        })
        c:token()
        c:forget()
        return #transport.sent
      end
      for i = 1, 3 do
        assert.equal(1, try("wrong-secret-" .. i, refused()))
      end
      assert.equal(1, try("the-right-one", token "ok"))
      for i = 4, 6 do
        assert.equal(1, try("wrong-secret-" .. i, refused()))
      end
      assert.equal(1, try("the-right-one", token "ok"))
      for i = 1, 6 do
        assert.equal(0, try("wrong-secret-" .. i, refused()))
      end
    end)

  it("are a 401, and one of four codes in any status", function()
    for _, answer in ipairs { scripted.json(401, ""),
      scripted.json(500, { errorCode = "S1006" }),
      scripted.json(200, { error_code = "S1006" }),
      scripted.json(200, { error = "invalid_client" }),
      scripted.json(403, { error = "unauthorized_client" }),
      scripted.json(400, { error = "invalid_grant" }) } do
      local c = client { answer }
      assert.equal("auth", select(2, c:token()).kind)
    end
    for _, answer in ipairs { scripted.json(500, ""), scripted.json(400, ""),
      scripted.json(403, "<html>no</html>"),
      scripted.json(400, { error = "slow_down" }) } do
      local c = client { answer }
      assert.equal("http", select(2, c:token()).kind)
    end
  end)
end)
