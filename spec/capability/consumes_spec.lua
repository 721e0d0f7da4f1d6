-- The operations that a file consumes, and their inputs.
local consumes = require "equinix.capability.consumes"
local document = require "equinix.capability.document"
local json = require "equinix.base.json"
local problems_of = require "equinix.capability.problems"
local reader = require "equinix.capability.reader"

local function read(resources, changes)
  local api = { type = "http", namespace = "n",
    baseUri = "https://api.equinix.com/base", resources = resources }
  for key, value in pairs(changes or {}) do
    api[key] = value
  end
  local problems = problems_of.new()
  local file = document.read(assert(reader.read(assert(json.encode {
    capability = { consumes = { api }, exposes = json.empty_array },
  }), "x.json")), problems)
  local operations = consumes.read(file, { namespaces = {} }, problems)
  local lines = {}
  for i, problem in ipairs(problems.list) do
    lines[i] = problem.message
  end
  return operations, lines
end

local function operation(method, path, more)
  local made = { name = "o", method = method }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return { { path = path, operations = { made } } }
end

describe("a consumed operation", function()
  it("has a method in capitals and a path behind the prefix", function()
    local operations, lines = read(operation("get", "/a/{id}/b"))
    assert.same({}, lines)
    local made = operations["n.o"]
    assert.equal("GET", made.method)
    assert.same({ "/base/a/", { name = "id" }, "/b" }, made.path)
    assert.equal("path", made.by.id.place)
    assert.is_true(made.by.id.required)
  end)

  it("is one of the token's by method and path only", function()
    local root = { baseUri = "https://api.equinix.com" }
    local operations = read(operation("POST", "/oauth2/v1/token"), root)
    assert.equal("issue", operations["n.o"].token)
    for _, case in ipairs { { "GET", "/oauth2/v1/token" },
      { "POST", "/oauth2/v1/revoke" }, { "POST", "/x/use/token" } } do
      local _, lines = read(operation(case[1], case[2]), root)
      assert.matches("gives tokens out", lines[1])
    end
  end)

  it("is there once, and of a method that exists", function()
    local twice = operation("GET", "/a")
    twice[2] = twice[1]
    assert.matches("the operation 'n.o' stands twice",
      (select(2, read(twice)))[1])
    assert.matches("unknown method 'DELET'",
      (select(2, read(operation("DELET", "/a"))))[1])
  end)

  it("is of http, of Equinix, with a bearer, and JSON", function()
    for key, value in pairs { type = "grpc",
      baseUri = "https://api.equinix.com.evil.example",
      authentication = { type = "basic" } } do
      local _, lines = read(operation("GET", "/a"), { [key] = value })
      assert.equal(1, #lines, key)
    end
    assert.matches("outputRawFormat 'xml' is not read", (select(2,
      read(operation("GET", "/a", { outputRawFormat = "xml" }))))[1])
  end)
end)
