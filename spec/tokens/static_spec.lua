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
      local header, token = one:get(want)
      assert.equal("Bearer SECRET", header)
      assert.same({ access_token = "SECRET", token_type = "Bearer" }, token)
      assert.equal(one.token, token)
    end
    assert.equal("Bearer SECRET", one:bind(error)())
    assert.not_matches("SECRET", tostring(one.token))
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
    one:close()
  end)
end)
