-- openapi: the document, by its structure and by a validator.
local capability = require "equinix.oauth.operations"
local builtin = require "equinix.capability.builtin"
local json = require "equinix.base.json"
local npm = require "spec.support.npm"
local openapi = require "equinix.service.openapi"
local process = require "spec.support.process"
local paths = require "equinix.service.paths"

-- As a client reads it: through JSON.
local function document(guarded)
  return assert(json.decode((assert(json.encode(
    openapi.document(builtin.plan(), "1.2.3", guarded))))))
end

-- Every table in it, with its name.
local function each(value, name, visit)
  if type(value) == "table" then
    visit(name, value)
    for key, member in pairs(value) do
      each(member, key, visit)
    end
  end
end

describe("the OpenAPI document", function()
  it("has OpenAPI version 3.1, and the version of this software", function()
    local d = document()
    assert.equal("3.1.0", d.openapi)
    assert.equal("1.2.3", d.info.version)
    assert.equal(capability.title, d.info.title)
  end)

  it("has the operations under their names, and every path there is",
    function()
      local d, seen = document(), {}
      for _, operation in ipairs(capability.operations) do
        local there = d.paths[operation.path][operation.method:lower()]
        assert.equal(operation.name, there.operationId)
        assert.equal(operation.title, there.summary)
        assert.same({ capability.namespaces.rest }, there.tags)
        assert.is_false(there.requestBody.required)
        local members = there.requestBody.content["application/json"].schema
          .properties
        for _, field in ipairs(operation.fields) do
          assert.equal(field.description, members[field.name].description)
          members[field.name] = nil
        end
        assert.same({}, members)
      end
      for path in pairs(d.paths) do
        seen[#seen + 1] = path
      end
      table.sort(seen)
      assert.same(paths.logged(), seen)
    end)

  it("refers only to what it contains", function()
    local d = document()
    each(d, "document", function(_, value)
      local ref = value["$ref"]
      if ref then
        local found = d
        for part in ref:gsub("^#/", ""):gmatch "[^/]+" do
          found = assert(found[part], ref)
        end
      end
    end)
  end)

  it("has an id for each operation, and a description for each response",
    function()
      local ids = {}
      for _, path in pairs(document().paths) do
        for _, operation in pairs(path) do
          assert.is_nil(ids[operation.operationId])
          ids[operation.operationId] = true
          for status, response in pairs(operation.responses) do
            assert.is_truthy(status == "default"
              or status:find "^[1-5]%d%d$")
            assert.is_truthy(response["$ref"] or response.description)
          end
        end
      end
    end)

  it("declares a security scheme only if an auth token is required",
    function()
      assert.same({ { token = {} } }, document(true).security)
      assert.equal("bearer",
        document(true).components.securitySchemes.token.scheme)
      assert.same({}, document().security)
      assert.is_nil(document().components.securitySchemes)
      assert.is_truthy(json.encode(openapi.document(builtin.plan(), "1",
        false)):find('"security":[]', 1, true))
    end)

  it("is accepted by a validator", function()
    local folder = (os.getenv "BUILD" or "build") .. "/npm"
    local missing = npm.why_not()
    local program = folder .. "/node_modules/.bin/validate-api"
    if missing or not io.open(program) then
      pending("no validator: " .. (missing or "remove " .. folder
        .. ", so that it is fetched with all dependencies"))
      return
    end
    for _, guarded in ipairs { true, false } do
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write((assert(json.encode(openapi.document(builtin.plan(),
        "1.2.3", guarded)))))
      file:close()
      local said, code = process.capture(folder .. "/node " .. program
        .. " " .. process.quote(path) .. " 2>&1")
      os.remove(path)
      assert.equal(0, code, said)
    end
  end)
end)
