-- static: a token of the user's own makes no request, ever.
local static = require "equinix.tokens.static"

describe("a static token", function()
  local one
  before_each(function()
    one = static.new {
      static_token = function()
        return "SECRET"
      end,
    }
  end)

  it("is served as it is, whatever life is asked of it", function()
    for _, want in ipairs { {}, { min_life = 1e9 }, { deadline = 0 } } do
      assert.equal("Bearer SECRET", one:get(want))
      local token = one:token(want)
      assert.same({ access_token = "SECRET", token_type = "Bearer" }, token)
      assert.equal(token, one:token(want))
      assert.not_matches("SECRET", tostring(token))
    end
    assert.equal("Bearer SECRET", one.authorization())
  end)

  it("can't be renewed, by force neither", function()
    assert.is_false(one.renews)
    for _, force in ipairs { true, false } do
      local header, problem = one:get { renew = true, force = force }
      assert.is_nil(header)
      assert.equal("config", problem.kind)
      assert.not_matches("SECRET", tostring(problem))
    end
  end)

  it("stays after everything that would end another", function()
    one:reject "Bearer SECRET"
    one:forget()
    assert.equal("Bearer SECRET", (one:get {}))
    local held = one.authorization
    one:close()
    assert.is_nil(one.hit())
    for _, get in ipairs { held, one.get, one.token } do
      local value, err = get(one, {})
      assert.is_nil(value)
      assert.equal("closed", err.kind)
    end
  end)
end)
