-- shared_error: one error for all that waited for one renewal.
local core = require "equinix.core"
local errors = require "equinix.base.error"
local shared_error = require "equinix.tokens.shared_error"
local response = require "equinix.http.response"
local token_response = require "equinix.oauth.token_response"

local MAX_BYTES = 4096

local function refused(body)
  return token_response.error(response.new({
    status = 401,
    headers = { { "X-Trace", "t-1" } },
    body = body or '{"errorCode":"S1006","errorMessage":"No"}',
  }, "https://api.equinix.com/oauth2/v1/token"), "POST /oauth2/v1/token",
    { "hunter2" }, false, 0)
end

local function fields(problem)
  local copy = {}
  for name, value in pairs(problem) do
    copy[name] = value
  end
  return copy
end

describe("the bytes of an error", function()
  it("carries the whole error to another process", function()
    local problem = refused()
    local shared = shared_error.shared(shared_error.encode(problem, 3, "mark"))
    assert.is_true(errors.is(shared))
    assert.same(fields(problem), fields(shared))
    assert.equal(tostring(problem), tostring(shared))
    assert.equal("t-1", shared.response.headers["X-TRACE"])
    assert.is_nil(shared.streak)
    assert.is_nil(shared.spent)
  end)

  it("counts the streak and remembers what was spent", function()
    local record = shared_error.decode(shared_error.encode(refused(), 3,
      "mark"))
    assert.equal(3, record.streak)
    assert.equal("mark", record.spent)
    record = shared_error.decode(shared_error.encode(nil, 2, "mark"))
    assert.equal(2, record.streak)
    assert.equal("mark", record.spent)
    assert.is_nil(shared_error.decode(shared_error.encode(refused(), 1)).spent)
  end)

  it("that is not there, or none, is an empty streak", function()
    for _, bytes in ipairs { "", "\0", "3", "{" } do
      assert.same({ streak = 0 }, shared_error.decode(bytes))
    end
    assert.same({ streak = 0 }, shared_error.decode(nil))
  end)

  it("never outgrows its place, and keeps what matters most", function()
    local wide = ("\1"):rep(1024)
    for _, case in ipairs {
      { headers = { a = ("x"):rep(5000) }, keeps = "errors" },
      { errors = { { message = wide } }, keeps = nil },
      { message = wide, op = wide },
      { headers = { a = wide }, errors = { { message = wide } },
        message = wide, op = wide },
    } do
      local problem = errors.new {
        kind = "auth",
        message = case.message or "m",
        op = case.op or "POST /x",
        status = 401,
        code = "S1006",
        correlation_id = "c-1",
        errors = case.errors or { { code = "S1006" } },
        response = { status = 401, headers = case.headers or {} },
      }
      local text = shared_error.encode(problem, 7, "0123456789abcdef")
      assert(#text <= MAX_BYTES, #text)
      local record = shared_error.decode(text)
      assert.equal(7, record.streak)
      assert.equal("0123456789abcdef", record.spent)
      assert.equal("auth", record.kind)
      assert.equal("S1006", record.code)
      assert.equal("c-1", record.correlation_id)
      assert.equal("m", case.message and "m" or record.message)
      if case.keeps then
        assert.same(problem[case.keeps], record[case.keeps])
      end
      -- The leader's own error stays whole.
      assert.truthy(problem.response)
      assert.truthy(problem.errors)
    end
  end)

  it("holds no secret and no body", function()
    local text = shared_error.encode(refused(
      '{"errorCode":"S1006","errorMessage":"hunter2","x":"BODY"}'), 1)
    assert.not_matches("hunter2", text)
    assert.not_matches("BODY", text)
  end)
end)

describe("a shared error", function()
  local bytes = shared_error.encode(refused(), 1)

  it("says how long it goes on", function()
    local problem = shared_error.shared(bytes, 12.3)
    assert.equal(12.3, problem.retry_after)
    assert.matches("not sent again for another 13 s", problem.message, 1,
      true)
    problem = shared_error.shared(bytes, math.huge)
    assert.is_nil(problem.retry_after)
    assert.matches("refresh{force=true}", problem.message, 1, true)
    for _, problem_now in ipairs { shared_error.shared(bytes),
      shared_error.shared(bytes, 0) } do
      assert.is_nil(problem_now.retry_after)
      assert.equal(refused().message, problem_now.message)
    end
  end)

  it("says how long the credentials are held back, if they are", function()
    local now = core.now()
    for _, seconds in ipairs { 0, 60 } do
      local problem = shared_error.shared(shared_error.encode(refused(), 1,
        nil,
        now + 600), seconds)
      assert.is_true(problem.retry_after > 590)
      assert.is_nil(problem.held)
      problem = shared_error.shared(shared_error.encode(refused(), 1, nil,
        math.huge),
        seconds)
      assert.is_nil(problem.retry_after)
      assert.matches("refresh{force=true}", problem.message, 1, true)
    end
  end)

  it("without an error of its own is still one", function()
    for _, text in ipairs { "", shared_error.encode(nil, 1, "mark") } do
      local problem = shared_error.shared(text, 1)
      assert.equal("network", problem.kind)
      assert.matches("^equinix: the last token request failed",
        tostring(problem))
      assert.same({}, problem.errors)
    end
  end)
end)
