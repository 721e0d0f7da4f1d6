-- document: a route as a part of the OpenAPI document.
local capability = require "spec.support.capability_parts"
local document = require "equinix.service.exposed.document"
local json = require "equinix.base.json"
local npm = require "spec.support.npm"
local openapi = require "equinix.service.openapi"
local process = require "spec.support.process"

local PARTS = {
  operations = {
    { name = "get", method = "GET", path = "/api/{id}", inputs = {
      { name = "list", ["in"] = "query", type = "array" },
      { name = "X-H", ["in"] = "header" } } },
    { name = "put", method = "PUT", path = "/api/{uuid}", inputs = {
      { name = "a", ["in"] = "body", type = "integer", required = true },
      { name = "b", ["in"] = "body" } } },
    { name = "post", method = "POST", path = "/api", inputs = {
      { name = "body", ["in"] = "body", type = "object" } } },
    { name = "token", method = "POST", path = "/oauth2/v1/token" },
  },
  routes = {
    { method = "GET", path = "/x/{id}", call = "get", name = "get-x",
      output = { { type = "object", properties = {
        n = { type = "string", mapping = "$.name" } } } } },
    { method = "PUT", path = "/x/{uuid}", call = "put" },
    { method = "POST", path = "/x", call = "post" },
    { method = "POST", path = "/token", call = "token" },
  },
}

local function whole()
  return openapi.document(capability.plan(PARTS), "1.2.3", false)
end

describe("a route in the OpenAPI document", function()
  it("has its parameters, in their places", function()
    local get = whole().paths["/x/{id}"].get
    local found = {}
    for _, parameter in ipairs(get.parameters) do
      found[parameter["in"] .. " " .. parameter.name] = parameter.required
      assert.is_string(parameter.schema.type)
    end
    assert.same({ ["path id"] = true, ["query list"] = false,
      ["header X-H"] = false }, found)
    assert.is_nil(get.requestBody)
    assert.equal("get-x", get.operationId)
    assert.is_table(get.responses["2XX"])
    assert.is_table(get.responses["404"] or get.responses.default)
  end)

  it("shares a path with routes that call its variables otherwise",
    function()
      local paths = whole().paths
      assert.is_nil(paths["/x/{uuid}"])
      assert.equal("id", paths["/x/{id}"].put.parameters[1].name)
    end)

  it("has a body of members, or a whole one", function()
    local paths = whole().paths
    local put = paths["/x/{id}"].put.requestBody
    assert.is_true(put.required)
    local schema = put.content["application/json"].schema
    assert.same({ "a" }, schema.required)
    assert.is_false(schema.additionalProperties)
    assert.same({ "object", "array" },
      paths["/x"].post.requestBody.content["application/json"].schema.type)
    assert.equal("password", paths["/token"].post.requestBody
      .content["application/json"].schema.properties.client_secret.format)
  end)

  it("says what is mapped", function()
    local made = document.operation({ path = { "/x" }, inputs = {},
      output = { type = "object", properties = {
        { name = "n", steps = { "name" } } } } }, { "/x" })
    assert.same({ type = { "object", "null" }, properties = { n = {} } },
      made.responses["2XX"].content["application/json"].schema)
  end)

  it("is accepted by a validator", function()
    local folder = (os.getenv "BUILD" or "build") .. "/npm"
    local missing = npm.why_not()
    local program = folder .. "/node_modules/.bin/validate-api"
    if missing or not io.open(program) then
      pending("no validator: " .. (missing or "remove " .. folder))
      return
    end
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write((assert(json.encode(whole()))))
    file:close()
    local said, code = process.capture(folder .. "/node " .. program .. " "
      .. process.quote(path) .. " 2>&1")
    os.remove(path)
    assert.equal(0, code, said)
  end)
end)
