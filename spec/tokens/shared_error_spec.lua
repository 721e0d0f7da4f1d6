-- failure: one error for all who waited for one attempt.
local core = require "equinix.core"
local err = require "equinix.base.error"
local failure = require "equinix.tokens.shared_error"
local grant = require "equinix.oauth.grant"
local response = require "equinix.http.response"

local MAX_BYTES = 4096

local function refused(body)
  return grant.failure(response.new({
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

describe("a failure record", function()
  it("carries the whole error to another process", function()
    local problem = refused()
    local shared = failure.shared(failure.encode(problem, 3, "mark"))
    assert.is_true(err.is(shared))
    assert.same(fields(problem), fields(shared))
    assert.equal(tostring(problem), tostring(shared))
    assert.equal("t-1", shared.response.headers["X-TRACE"])
    assert.is_nil(shared.streak)
    assert.is_nil(shared.spent)
  end)

  it("counts the streak and remembers what was spent", function()
    local record = failure.decode(failure.encode(refused(), 3, "mark"))
    assert.equal(3, record.streak)
    assert.equal("mark", record.spent)
    record = failure.decode(failure.encode(nil, 2, "mark"))
    assert.equal(2, record.streak)
    assert.equal("mark", record.spent)
    assert.is_nil(failure.decode(failure.encode(refused(), 1)).spent)
  end)

  it("that is not there, or none, is an empty streak", function()
    for _, bytes in ipairs { "", "\0", "3", "{" } do
      assert.same({ streak = 0 }, failure.decode(bytes))
    end
    assert.same({ streak = 0 }, failure.decode(nil))
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
      local problem = err.new {
        kind = "auth",
        message = case.message or "m",
        op = case.op or "POST /x",
        status = 401,
        code = "S1006",
        correlation_id = "c-1",
        errors = case.errors or { { code = "S1006" } },
        response = { status = 401, headers = case.headers or {} },
      }
      local text = failure.encode(problem, 7, "0123456789abcdef")
      assert(#text <= MAX_BYTES, #text)
      local record = failure.decode(text)
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
    local text = failure.encode(refused(
      '{"errorCode":"S1006","errorMessage":"hunter2","x":"BODY"}'), 1)
    assert.not_matches("hunter2", text)
    assert.not_matches("BODY", text)
  end)
end)

describe("a shared failure", function()
  local bytes = failure.encode(refused(), 1)

  it("says how long it goes on", function()
    local problem = failure.shared(bytes, 12.3)
    assert.equal(12.3, problem.retry_after)
    assert.matches("not sent again for another 13 s", problem.message, 1,
      true)
    problem = failure.shared(bytes, math.huge)
    assert.is_nil(problem.retry_after)
    assert.matches("refresh{force=true}", problem.message, 1, true)
    for _, problem_now in ipairs { failure.shared(bytes),
      failure.shared(bytes, 0) } do
      assert.is_nil(problem_now.retry_after)
      assert.equal(refused().message, problem_now.message)
    end
  end)

  it("says how long the credentials are held back, if they are", function()
    local now = core.now()
    for _, seconds in ipairs { 0, 60 } do
      local problem = failure.shared(failure.encode(refused(), 1, nil,
        now + 600), seconds)
      assert.is_true(problem.retry_after > 590)
      assert.is_nil(problem.held)
      problem = failure.shared(failure.encode(refused(), 1, nil, math.huge),
        seconds)
      assert.is_nil(problem.retry_after)
      assert.matches("refresh{force=true}", problem.message, 1, true)
    end
  end)

  it("without an error of its own is still one", function()
    for _, text in ipairs { "", failure.encode(nil, 1, "mark") } do
      local problem = failure.shared(text, 1)
      assert.equal("network", problem.kind)
      assert.matches("^equinix: the last token request failed",
        tostring(problem))
      assert.same({}, problem.errors)
    end
  end)
end)
