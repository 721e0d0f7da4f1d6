-- cli/capability: what the command prints, and its exit codes.
local builtin = require "equinix.capability.builtin"
local capability = require "spec.support.capability"
local command = require "spec.support.command"
local process = require "spec.support.process"

local dir

-- A file of the spec, by its name.
local function file(name, text)
  local path = dir .. "/" .. name
  local out = assert(io.open(path, "wb"))
  assert(out:write(text))
  out:close()
  return path
end

describe("equinix-auth capability", function()
  setup(function()
    dir = process.tempdir()
  end)
  teardown(function()
    process.remove(dir)
  end)

  it("check prints what would be served, and what is not GET", function()
    local code, out, said = command.run { "capability", "check",
      capability.path "merged.yaml" }
    assert.equal(0, code, said)
    assert.equal("", said)
    assert.equal([[
One path
REST own-rest, port 8080
  GET /v1/ports              GET /fabric/v4/ports
  GET /v1/ports/{id}         GET /fabric/v4/ports/{id}
  POST /v1/ports             POST /fabric/v4/ports         not GET
  DELETE /v1/ports/{portId}  DELETE /fabric/v4/ports/{id}  not GET
  GET /v1/ports/all          GET /fabric/v4/ports
  5 in all, 2 of them not GET
]], out)
    code, out = command.run { "capability", "check",
      capability.path "stdio.yaml" }
    assert.equal(0, code)
    assert.equal("Standard input\nMCP metros, stdio\n"
      .. "  metros  GET /fabric/v4/metros\n  1 in all, 0 of them not GET\n",
      out)
  end)

  it("check --read-only shows what is left then", function()
    local code, out = command.run { "capability", "check", "--read-only",
      capability.path "merged.yaml" }
    assert.equal(0, code)
    assert.truthy(out:find("3 in all, 0 of them not GET", 1, true))
    assert.is_nil(out:find("DELETE", 1, true))
  end)

  it("check prints names of a file with escapes, each on its line", function()
    local text = capability.BASE:gsub("label: Ports",
      'label: "P\\u009b31m\\u202e\\nREST forged"', 1)
      :gsub("namespace: ports%-rest", 'namespace: "r\\u009b31m"', 1)
    local code, out, said = command.run { "capability", "check",
      file("hostile.yaml", text) }
    assert.equal(0, code, said)
    assert.equal("P\\u{9b}31m\\u{202e}\\x0aREST forged\n"
      .. "REST r\\u{9b}31m, port 8080\n", out:match "^[^\n]*\n[^\n]*\n")
  end)

  it("check says warnings, and succeeds", function()
    local path = capability.path "skill.yaml"
    local code, out, said = command.run { "capability", "check", path }
    assert.equal(0, code)
    assert.truthy(out:find("metros", 1, true))
    assert.equal(path .. ":23:5: warning: exposes[skills]: skill adapters "
      .. "are passed over\n", said)
  end)

  it("check says all mistakes at once, and fails", function()
    local text, places = capability.changed("    port: 8080\n",
      "    @@prt: 8080\n", "      call: fabric.change-port\n",
      "      @@call: fabric.change\n")
    local path = file("wrong.yaml", text)
    local code, out, said = command.run { "capability", "check", path }
    assert.equal(1, code)
    assert.equal("", out)
    assert.equal(("%s:%s: unknown key 'prt' in exposes[ports-rest]; did you "
      .. "mean 'port'?\n%s:%s: exposes[ports-mcp].tools[change-port].call: "
      .. "'fabric.change' leads nowhere\n"):format(path, places[1], path,
      places[2]), said:gsub("; did you mean 'fabric[^\n]*", ""), said)
  end)

  it("check says one line about what is no YAML, or no file", function()
    for name, expected in pairs {
      ["tab.yaml"] = ":2:1: this is not YAML",
      ["deep.yaml"] = ":1:67: nested", ["deep.json"] = ":1:65: nested",
      ["large.yaml"] = ":1:1: it is longer than 1048576 bytes",
      ["bomb.yaml"] = ":1:1: an anchor",
    } do
      local path = file(name, ({
        ["tab.yaml"] = "a:\n\tb: 1\n",
        ["deep.yaml"] = "a: " .. ("["):rep(100000),
        ["deep.json"] = ("["):rep(100000),
        ["large.yaml"] = ("a: 1\n"):rep(420000),
        ["bomb.yaml"] = "a: &a [x]\nb: &b [*a, *a]\n",
      })[name])
      local code, out, said = command.run { "capability", "check", path }
      assert.equal(1, code)
      assert.equal("", out)
      assert.equal(path .. expected, said:sub(1, #path + #expected))
      assert.equal(1, select(2, said:gsub("\n", "")))
    end
    local code, _, said = command.run { "capability", "check", dir .. "/no" }
    assert.equal(1, code)
    assert.equal(dir .. "/no:1:1: there is no such file (ENOENT)\n", said)
  end)

  it("check knows the configured base URL", function()
    local path = file("local.yaml", (capability.BASE:gsub(
      "https://api%.equinix%.com", "http://127.0.0.1:8443")))
    assert.equal(1, (command.run { "capability", "check", path }))
    assert.equal(0, (command.run({ "capability", "check", path }, {
      env = { EQUINIX_API_ENDPOINT = "http://127.0.0.1:8443" },
    })))
  end)

  it("show prints the built-in one, which passes check", function()
    local code, out, said = command.run { "capability", "show" }
    assert.equal(0, code, said)
    assert.equal(builtin.yaml(), out)
    code, out = command.run { "capability", "check", file("b.yaml", out) }
    assert.equal(0, code)
    assert.truthy(out:find("2 in all, 2 of them not GET", 1, true))
  end)

  it("from-openapi writes what passes check, and says what it left out",
    function()
      local path = file("api.json", [[
        {"openapi": "3.1.0", "info": {"title": "Ports"}, "paths": {
          "/fabric/v4/ports": {"get": {"operationId": "getPorts"}},
          "/fabric/v4/ports/{id}": {"get": {"operationId": "getPort"}},
          "/oauth2/v1/token": {"post": {"operationId": "token"}}}}]])
      local code, out, said = command.run { "capability", "from-openapi",
        path }
      assert.equal(0, code, said)
      assert.equal("left out: POST /oauth2/v1/token: it gives tokens out\n",
        said)
      local made = file("made.yaml", out)
      code, out = command.run { "capability", "check", made }
      assert.equal(0, code)
      assert.truthy(out:find("getPort   GET /fabric/v4/ports/{id}", 1, true),
        out)
      code, out = command.run { "capability", "from-openapi", path, "--only",
        "GET /fabric/v4/ports*" }
      assert.equal(0, code)
      assert.is_nil(out:find("getPort\n", 1, true))
    end)

  it("from-openapi says why there is none", function()
    local path = file("no.json", '{"swagger": "2.0"}')
    local code, out, said = command.run { "capability", "from-openapi", path }
    assert.same({ 1, "" }, { code, out })
    assert.truthy(said:find("no OpenAPI 3 document", 1, true))
    code, out, said = command.run { "capability", "from-openapi", path,
      "--only", "ports" }
    assert.equal("", out)
    assert.equal(2, code)
    assert.truthy(said:find("--only: 'ports' is not a method and a path", 1,
      true))
    code, out, said = command.run { "capability", "from-openapi",
      file("broken.json", '{"openapi":') }
    assert.same({ 1, "" }, { code, out })
    assert.truthy(said:find("broken.json:1:12: this is not JSON", 1, true),
      said)
  end)

  -- An OpenAPI document: operations, each with its parameters.
  local function document(operations, parameters, schema, name)
    local parts, paths = {}, {}
    for i = 1, parameters do
      parts[i] = ('{"name":"%s%d","in":"query","schema":%s}'):format(name
        or "p", i, schema)
    end
    for i = 1, operations do
      paths[i] = ('"/fabric/v4/o%d":{"get":{"operationId":"o%d",'
        .. '"parameters":[%s]}}'):format(i, i, table.concat(parts, ","))
    end
    return '{"openapi":"3.0.3","info":{"title":"T"},"paths":{'
      .. table.concat(paths, ",") .. "}}"
  end

  it("from-openapi writes nothing that would be too large to read", function()
    local members = {}
    for i = 1, 1001 do
      members[i] = ('"e%d"'):format(i)
    end
    for text, reason in pairs {
      [document(500, 14, '{"type":"string"}')]
        = " values; a capability has 40000 at most: choose",
      [document(330, 33, '{"type":"string"}', ("p"):rep(58))]
        = " bytes; a capability has 1048576 at most: choose",
      [document(1, 1, '{"type":"string","enum":[' .. table.concat(members, ",")
        .. "]}")]
        = ": 1001 values in one list; a capability has 1000 at most: choose",
    } do
      local code, out, said = command.run { "capability", "from-openapi",
        file("large.json", text) }
      assert.truthy(said:find(reason, 1, true), said)
      assert.same({ 1, "" }, { code, out })
    end
  end)
end)
