-- answer: the members of a token response that are kept beside the token. How
-- they reach callers is in spec/serve/answer_members_spec.
local answer = require "equinix.oauth.answer"
local json = require "equinix.base.json"

local function keep(text, token)
  return answer.keep(text, json.decode(json.without_bom(text), true), token)
end

local USUAL = '{"access_token":"a","token_timeout":"3600",'
  .. '"token_type":"Bearer","user_name":"me"'

describe("an answer", function()
  it("is none where the token has everything", function()
    local token = { access_token = "a", token_type = "Bearer",
      user_name = "me" }
    assert.is_nil((keep(USUAL .. "}", token)))
    token.refresh_token, token.refresh_expires_at = "r", 1
    assert.is_nil((keep(USUAL .. ',"refresh_token":"r",'
      .. '"refresh_token_timeout":"9"}', token)))
  end)

  it("has what the token has not, as it came", function()
    local token = { access_token = "a", token_type = "Bearer" }
    assert.equal('{"refresh_token":null,"refresh_token_timeout":"0",'
      .. '"user_name":"me","x":[1.0, {}, []]}', (keep("\239\187\191" .. USUAL
        .. ',"x":[1.0, {}, []],"refresh_token":null,'
        .. '"refresh_token_timeout":"0"}', token)))
    assert.equal('{"token_type":"bearer","user_name":"me"}', (keep(
      '{"token_type":"bearer","user_name":"me","access_token":"a"}',
      token)))
  end)

  it("leaves out what is no JSON, and says how much", function()
    local text, dropped = keep('{"a":"\255","b":1e999,"\255":1,"c":1}', {})
    assert.equal('{"c":1}', text)
    assert.equal(3, dropped)
    text, dropped = keep('{"b":1e999,"c":2}', {})
    assert.equal('{"b":1e999,"c":2}', text)
    assert.equal(0, dropped)
    assert.equal(2, answer.values(text).c)
  end)

  it("has the small members where there is no room for all", function()
    local text = '{"a":"' .. ("x"):rep(100) .. '","b":1,"c":"\\"\\""}'
    for room = 0, 140 do
      local fitting, dropped = answer.fit(text, room)
      local left = answer.members(fitting)
      local count = 0
      for name, member in pairs(left) do
        assert.equal(answer.members(text)[name], member)
        count = count + 1
      end
      assert.equal(3, count + dropped)
      if fitting then
        assert(#json.encode(fitting) - 2 <= room)
      end
    end
    assert.same({ b = "1" }, answer.members((answer.fit(text, 20))))
    assert.equal(text, (answer.fit(text, 1000)))
  end)

  it("is nothing where a record has something else in its place", function()
    assert.same({}, answer.members(nil))
    assert.same({}, answer.members "no object")
    assert.same({}, answer.values "no object")
  end)
end)
