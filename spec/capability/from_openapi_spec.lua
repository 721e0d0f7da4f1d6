-- Operations of an OpenAPI document as a capability.
local capability = require "spec.support.capability"
local from_openapi = require "equinix.capability.from_openapi"
local plan = require "equinix.capability.plan"
local reader = require "equinix.capability.reader"
local writer = require "equinix.capability.writer"

local DOCUMENT = [[
openapi: 3.0.1
info: {title: "Ports & More", version: "1"}
servers:
- url: https://example.com
- url: https://api.equinix.com/fabric
paths:
  /v4/ports:
    parameters:
    - $ref: '#/components/parameters/Limit'
    get:
      operationId: getPorts
      summary: |
        All   ports,
        of this account
      parameters:
      - {name: sort, in: query, schema: {type: array, items: {type: string}}}
      - {name: state, in: query, schema: {$ref: '#/components/schemas/State'}}
      - {name: Authorization, in: header, schema: {type: string}}
      - name: X-Id
        in: header
        required: true
        schema: {type: [string, 'null']}
      - {name: session, in: cookie, schema: {type: string}}
    post:
      description: Order a port
      requestBody:
        required: true
        content:
          application/json; charset=utf-8:
            schema: {$ref: '#/components/schemas/Order'}
  /v4/ports/{port-id}:
    get: {operationId: getPorts}
    delete: {operationId: equinix_request}
    options: {operationId: no}
  /v4/files/{name}.json:
    put:
      operationId: put file
      requestBody: {content: {text/csv: {}}}
    get: {operationId: file}
  /v4/ports/{port-id}/loop:
    get:
      operationId: loop
      parameters:
      - $ref: '#/components/parameters/Loop'
  /oauth2x/../x:
    get: {operationId: dots}
  /v4/ports/search:
    patch:
      operationId: search
      requestBody:
        content: {application/vnd.x+json: {schema: {type: object}}}
components:
  parameters:
    Limit:
      {name: limit, in: query, description: Some, schema: {type: integer}}
    Loop: {$ref: '#/components/parameters/Loop'}
  schemas:
    State: {type: string, enum: [A, B]}
    Order: {type: object}
]]

local function convert(text, only)
  local rules = assert(from_openapi.rules(only or {}))
  return from_openapi.convert(assert(reader.read(text, "x.yaml")), rules)
end

local function sketch(only)
  local document, notes = convert(DOCUMENT, only)
  assert(document, notes)
  local made, problems = plan.of_text(writer.yaml(document), "x.yaml")
  assert(made, problems and plan.report(problems, "x")[1])
  return capability.sketch(made), notes, made
end

describe("a capability from OpenAPI", function()
  it("has the document's operations, names and inputs", function()
    local text, notes, made = sketch()
    for _, line in ipairs {
      "GET /fabric/v4/ports sort/query:array state/query:string "
        .. "X-Id!/header:string limit/query:integer",
      "POST /fabric/v4/ports limit/query:integer body!/body/whole:object",
      "GET /fabric/v4/ports (getPorts) -> 1 sort/query:array>sort "
        .. "state/query:string>state X-Id!/header:string>X-Id "
        .. "limit/query:integer>limit",
      "getPorts-2 -> 3 port-id!>port-id",
      "request -> 4 port-id!>port-id",
      "post-v4-ports -> 2 limit:integer>limit body!:object>body",
    } do
      assert.truthy(("\n" .. text .. "\n"):find("\n" .. line .. "\n", 1, true),
        line .. "\n" .. text)
    end
    assert.same({
      "GET /v4/ports: without the parameter 'Authorization': this header is "
        .. "not the caller's to set",
      "GET /v4/ports: without the parameter 'session': in: cookie is not "
        .. "served",
      "left out: PUT /v4/files/{name}.json: its body is not JSON",
      "left out: GET /oauth2x/../x: its path has a dot segment",
    }, notes)
    assert.equal("All ports, of this account", made.tools[1].description)
    assert.same({ "A", "B" }, made.tools[1].inputs[2].enum)
    assert.equal("Ports & More", made.title)
    assert.same({ rest = "ports-more-rest", mcp = "ports-more-mcp" },
      made.namespaces)
    assert.same({ readOnly = false, destructive = true, idempotent = true },
      made.tools[4].hints)
  end)

  it("has no route where a variable is part of a segment", function()
    local text, _, made = sketch { "GET /v4/files/*" }
    assert.same({ 0, 1 }, { #made.routes, #made.tools })
    assert.truthy(text:find("file -> 1 name!>name", 1, true))
  end)

  it("takes what --only says; * is the rest of one segment", function()
    local function tools(...)
      local names = {}
      local _, _, made = sketch { ... }
      for i, tool in ipairs(made.tools) do
        names[i] = tool.name
      end
      return names
    end
    assert.same({ "getPorts" }, tools "GET /v4/ports*")
    assert.same({ "getPorts", "getPorts-2" }, tools("GET /v4/ports",
      "get /fabric/v4/ports/*"))
    assert.same({ "search" }, tools "PATCH /v4/*/sea*")
  end)

  it("is none where --only fits nothing, or is no rule", function()
    local document, message = convert(DOCUMENT, { "GET /v4/port" })
    assert.is_nil(document)
    assert.equal("--only 'GET /v4/port' fits no operation of the document",
      message)
    for _, rule in ipairs { "GET", "/v4", "GET v4", "GET /v4 x", "" } do
      assert.is_nil(from_openapi.rules { rule })
    end
  end)

  it("is none of other documents", function()
    for _, text in ipairs { "swagger: '2.0'\n", "[]\n", "openapi: 2\n" } do
      assert.is_nil(convert(text))
    end
    assert.equal("the document has no operation that can be served",
      select(2, convert "openapi: 3.1.0\n"))
  end)

  it("has 500 operations at most", function()
    local paths = {}
    for i = 1, 501 do
      paths[i] = ("  /x%d: {get: {operationId: x%d}}\n"):format(i, i)
    end
    local text = "openapi: 3.1.0\npaths:\n" .. table.concat(paths)
    assert.truthy(select(2, convert(text)):find("choose some with --only", 1,
      true))
    assert.truthy(convert(text, { "GET /x1*" }))
  end)
end)
