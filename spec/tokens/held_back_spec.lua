-- held_back: whether a client's own credentials may be sent.
local equinix = require "equinix"
local held_back = require "equinix.tokens.held_back"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"

describe("a client's own credentials", function()
  it("may be sent until they are refused, whatever is cached", function()
    local c, transport = scripted.client { scripted.token "one",
      scripted.refused() }
    assert.equal("one", c:token().access_token)
    assert.is_nil(held_back.why(c.tokens))
    assert.equal("Bearer one", c:ready())
    c:refresh()
    local sent = #transport.sent
    local err = held_back.why(c.tokens)
    assert.equal("latched", err.code)
    assert(err.retry_after > 590)
    assert.equal("Bearer one", c:authorization())
    local header, why = c:ready()
    assert.is_nil(header)
    assert.equal("latched", why.code)
    assert.equal(sent, #transport.sent)
  end)

  it("are held back by what other machines have stored", function()
    local store = memory_store.new()
    local c, _, opts = scripted.client({ scripted.token "one" }, {
      store = store, client_secret = "a-secret-that-may-be-stored" })
    assert(c:token())
    for i = 1, 4 do
      local other = scripted.client({ scripted.refused() }, { store = store,
        client_id = opts.client_id,
        client_secret = "a-wrong-secret-no-" .. i })
      other:token()
    end
    assert.equal("latched", held_back.why(c.tokens).code)
  end)

  it("are asked for over the client's transport, within its time", function()
    local store = memory_store.new()
    local c, transport = scripted.client({ scripted.token "one" }, {
      store = store, client_secret = "a-secret-that-may-be-stored",
      timeout = 30 })
    local used
    function store.over(self, port)
      used = port
      return self
    end
    assert(c:token())
    used, store.left = nil, {}
    assert.is_nil(held_back.why(c.tokens))
    assert.equal(transport, used)
    assert(#store.left > 0)
    for _, seconds in ipairs(store.left) do
      assert(seconds <= 30, seconds)
    end
  end)

  it("call for no subject token", function()
    local calls = 0
    local c = assert(equinix.new { scope = "s", subject_token = function()
      calls = calls + 1
      return "subject"
    end })
    assert.is_nil(held_back.why(c.tokens))
    assert.equal(0, calls)
  end)

  it("of a static token are never held back", function()
    local c = assert(equinix.new { token = "static" })
    assert.equal("Bearer static", c:ready())
  end)
end)
