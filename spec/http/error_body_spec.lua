-- error_body: every error that a body names, and no secret that it quotes.
local error_body = require "equinix.http.error_body"
local json = require "equinix.base.json"
local response = require "equinix.http.response"

-- name, body, the errors in it, correlation id; the code is that of the first
-- error
local BODIES = {
  { "the token endpoint's", [[{"errorDomain":"apps-fqa",
      "errorTitle":"Login Failure","errorCode":"S1006",
      "developerMessage":"No such app","errorMessage":"Please try again."}]],
    { { code = "S1006", message = "Please try again.",
      details = "No such app" } } },
  { "the same in snake_case", [[{"error_code":"S1006",
      "error_message":"Please try again.","developer_message":"No"}]],
    { { code = "S1006", message = "Please try again.", details = "No" } } },
  { "Fabric's array", [[[{"errorCode":"EQ-3000039","errorMessage":"No",
      "correlationId":"c-1","details":"why","help":"url","additionalInfo":[
      {"property":"/a","reason":"r"},{"property":"/b"}]},
      {"errorCode":"IC-USR-014-01","errorMessage":"Also"}] ]],
    {
      { code = "EQ-3000039", message = "No", details = "why",
        property = "/a", reason = "r" },
      { code = "EQ-3000039", message = "No", details = "why",
        property = "/b" },
      { code = "IC-USR-014-01", message = "Also" },
    }, "c-1" },
  { "additionalInfo that is one object", [[[{"errorCode":"EQ-3045811",
      "additionalInfo":{"property":"/a","reason":"r"}}] ]],
    { { code = "EQ-3045811", property = "/a", reason = "r" } } },
  { "additionalInfo that says nothing", [[{"errorCode":"E",
      "additionalInfo":null,"details":null}]], { { code = "E" } } },
  { "empty additionalInfo", [[{"errorCode":"E","additionalInfo":[]}]],
    { { code = "E" } } },
  { "Network Edge's object", [[{"errorCode":"IC-NE-1","errorMessage":"No",
      "property":"vlan","moreInfo":"more"}]],
    { { code = "IC-NE-1", message = "No", property = "vlan",
      details = "more" } } },
  { "Smart Hands'", [[{"errors":[{"code":"10024","fields":["ibxs","x"],
      "message":"No","messageParams":["a"]},{"code":10025,
      "fields":"cage","message":"Also"}],"ticketId":"T-77"}]],
    {
      { code = "10024", message = "No", property = "ibxs" },
      { code = "10025", message = "Also", property = "cage" },
    }, "T-77" },
  { "RFC 6749's", [[{"error":"invalid_grant","error_description":"No"}]],
    { { code = "invalid_grant", message = "No" } } },
  { "STS's wrapped", [[{"error":{"errorCode":"STS-1"}}]],
    { { code = "STS-1" } } },
  { "Apigee's", [[{"fault":{"faultstring":"No","detail":{
      "errorcode":"steps.oauth.v2.InvalidToken"}}}]],
    { { code = "steps.oauth.v2.InvalidToken", message = "No" } } },
  { "the gateway's fault", [[{"fault":"No","statusCode":503,"path":"/x"}]],
    { { message = "No" } } },
  { "the gateway's message", [[{"message":"No","statusCode":503}]],
    { { message = "No" } } },
  { "the gateway's error", [[{"error":"Not Found","statusCode":404}]],
    { { message = "Not Found" } } },
  { "RFC 9457's problem", [[{"type":"about:blank","title":"Nope",
      "status":403,"detail":"No"}]], { { message = "No" } } },
  { "a problem whose errors are an object", [[{"title":"Nope",
      "errors":{"a":["b"]}}]], { { message = "Nope" } } },
  { "an empty list of errors", [[{"errors":[],"errorCode":"E"}]],
    { { code = "E" } } },
  { "SmartView's envelope", [[{"payLoad":null,"status":{"type":"ERROR",
      "statuscode":"403","msg":"No"}}]], { { message = "No" } } },
  { "an empty", "", {} },
  { "an HTML", "<html><body>503 [x] {y}</body></html>", {} },
  { "a broken", '{"errorCode":"E"', {} },
  { "an empty array as", "[]", {} },
  { "an array of nonsense as", '[null,1,"x",[]]', {} },
  { "a number as", "503", {} },
}

local function response_with(status, body, headers)
  return response.new({ status = status, body = body, headers = headers },
    "https://api.equinix.com/x?secret=query")
end

describe("error_body reads", function()
  for _, case in ipairs(BODIES) do
    local name, body, errors, correlation = case[1], case[2], case[3], case[4]
    it(name .. " body", function()
      local found = error_body.parse(body)
      assert.same(errors, found.errors)
      assert.equal(errors[1] and errors[1].code, found.code)
      assert.equal(correlation, found.correlation_id)
    end)
  end

  it("no code that looks like a sentence", function()
    for _, code in ipairs { "has space", "a\nb", "", "-x", ("x"):rep(65) } do
      local text = json.encode { errorCode = code, message = "m" }
      assert.is_nil(error_body.parse(text).code, code)
    end
    assert.equal("500", error_body.parse '{"errorCode":500}'.code)
  end)

  it("no more than fifty errors, of a kilobyte each", function()
    local one = ('{"message":"%s"}'):format(("x"):rep(5000))
    local text = "[" .. (one .. ","):rep(99) .. one .. "]"
    local found = error_body.parse(text)
    assert.equal(50, #found.errors)
    assert.equal(1024, #found.errors[1].message)
  end)
end)

describe("the error of a response", function()
  it("has its numbers and codes, in our own text", function()
    local problem = error_body.error(
      response_with(403, BODIES[3][2], { { "X-Correlation-Id", "other" } }),
      "GET /fabric/v4/ports", { kind = "http", retry_after = 7 })
    assert.equal("GET /fabric/v4/ports: 403 (EQ-3000039): this account may "
      .. "not do that; ask for the permission; try again in 7 s: /a r (2 more "
      .. "in errors)", problem.message)
    assert.equal(403, problem.status)
    assert.equal("EQ-3000039", problem.code)
    assert.equal("c-1", problem.correlation_id)
    assert.equal("GET /fabric/v4/ports", problem.op)
    assert.equal(7, problem.retry_after)
    assert.equal(3, #problem.errors)
    assert.equal(403, problem.response.status)
  end)

  it("uses the correlation id of the header where the body has none",
    function()
      local function id(value)
        return error_body.error(response_with(500, "", {
          { "X-Correlation-Id", value } }), "GET /x", {}).correlation_id
      end
      assert.equal("abc-1", id "abc-1")
      assert.is_nil(id "a b")
    end)

  it("contains what the first error says, but no link, no query", function()
    for status = 300, 599 do
      local problem = error_body.error(response_with(status,
        '{"errorCode":"not a code","errorMessage":"SERVER","help":"WORDS"}'),
        "GET /x", { kind = "http" })
      local text = tostring(problem)
      assert.matches("^equinix: GET /x: " .. status .. ": %a", text)
      assert.matches(": SERVER$", text)
      assert.not_matches("WORDS", text)
      assert.not_matches("query", text)
      assert.not_matches("not a code", text)
    end
  end)

  it("redacts a quoted secret in every field, however often", function()
    local secret = "s3cr3t%d+"
    local echo = ("%s and %s"):format(secret, secret)
    local body = json.encode { { errorCode = "E-1", errorMessage = echo,
      details = echo, correlationId = "hunter2",
      additionalInfo = { { property = secret, reason = echo } } },
      { errorCode = "hunter2" } }
    local problem = error_body.error(response_with(400, body), "POST /x", {
      kind = "auth", secrets = { "", secret, "hunter2" } })
    local redacted = "[redacted] and [redacted]"
    assert.same({
      { code = "E-1", message = redacted, details = redacted,
        property = "[redacted]", reason = redacted },
      { code = "[redacted]" },
    }, problem.errors)
    assert.equal("[redacted]", problem.correlation_id)
    problem = error_body.error(response_with(400, '{"code":"hunter2"}'),
      "POST /x", { kind = "auth", secrets = { "hunter2" } })
    assert.not_matches("hunter2", tostring(problem))
    assert.not_equal("hunter2", problem.code)
  end)

  it("redacts a secret that crosses the end of what is kept", function()
    local secret = ("k"):rep(40)
    local text = ("x"):rep(1000) .. secret
    local found = error_body.parse(json.encode { message = text }, { secret })
    assert.equal(("x"):rep(1000) .. "[redacted]", found.errors[1].message)
    -- A secret that is part of "[redacted]" does not loop for ever.
    found = error_body.parse('{"message":"acted"}', { "act", "red" })
    assert.equal("string", type(found.errors[1].message))
  end)

  it("is cut between characters, not inside one", function()
    for _, char in ipairs { "\195\188", "\226\130\172", "\240\159\152\128" } do
      for pad = 1020, 1024 do
        local found = error_body.parse(json.encode {
          message = ("x"):rep(pad) .. char:rep(9) })
        local kept = found.errors[1].message
        local n = math.floor((1024 - pad) / #char)
        assert.equal(("x"):rep(pad) .. char:rep(n), kept)
      end
    end
    -- Text that is not UTF-8 is cut as well.
    local found = error_body.parse(json.encode {
      message = ("\128"):rep(5000) })
    assert.is_true(#found.errors[1].message >= 1020)
  end)
end)
