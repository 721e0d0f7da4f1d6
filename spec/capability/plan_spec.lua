-- From capability files to plans: the files of spec/support/capabilities.
local capability = require "spec.support.capability"
local json = require "equinix.base.json"
local lfs = require "lfs"
local plan = require "equinix.capability.plan"

local FOLDER = "spec/support/capabilities"

-- The lines of each file's plan; those that are indented go on with the last.
local function expected()
  local sketches, lines = {}, {}
  for line in io.lines(FOLDER .. "/plans.txt") do
    if line:find "^@@ " then
      lines = {}
      sketches[line:sub(4)] = lines
    elseif line:find "^    " then
      lines[#lines] = lines[#lines] .. line:gsub("^ +", " ")
    else
      lines[#lines + 1] = line
    end
  end
  return sketches
end

describe("the plan of a file", function()
  for name, lines in pairs(expected()) do
    it("is as written down: " .. name, function()
      local made = capability.plan(name)
      local sketch = capability.sketch(made):gsub(" +%f[\n]", "")
        :gsub(" +$", "")
      assert.equal(table.concat(lines, "\n"), sketch)
      assert.same(made, json.decode(assert(json.encode(made))))
    end)
  end

  it("is written down for at least 20 files, and for all", function()
    local sketches, count = expected(), 0
    for name in lfs.dir(FOLDER) do
      if name:find "%.yaml$" or name:find "%.json$" then
        assert.truthy(sketches[name], name)
        count = count + 1
      end
    end
    assert.is_true(count >= 20)
  end)

  it("has titles, words, hints, ports and namespaces", function()
    local made = capability.plan "ikanos.yaml"
    assert.equal("Later form", made.title)
    assert.equal("Maps keyed by name.", made.description)
    assert.same({ rest = 8080, mcp = 9090 }, made.ports)
    assert.same({ rest = "ports-api", mcp = "ports-tools" }, made.namespaces)
    assert.equal("Ports", made.instructions)
    assert.equal("List ports", made.tools[1].title)
    assert.equal("The port", made.tools[2].inputs[1].description)
    made = capability.plan "stdio.yaml"
    assert.equal("stdio", made.transport)
    assert.equal("Metro areas", made.tools[1].description)
    assert.same({ readOnly = true, openWorld = true }, made.tools[1].hints)
    assert.same({ mcp = "metros" }, made.namespaces)
    assert.same({}, made.ports)
  end)

  it("has templates as data", function()
    local body = capability.plan("body_template.yaml").operations[1].body
    local object = body.template.object
    assert.same({ "name", { input = "name" } }, object[2])
    assert.same({ "order", { object = {
      { "purchaseOrderNumber", { input = "po" } }, { "limit", { value = 10 } },
      { "version", { value = "1.10" } }, { "dryRun", { value = true } },
      { "nothing", { null = true } },
    } } }, object[4])
    assert.same({ value = 'say "hi"' },
      object[5][2].array[1].object[2][2].array[2])
    body = capability.plan("body_text.yaml").operations[1].body
    assert.same({ "limit", { input = "limit" } },
      body.template.object[2][2].object[1])
    body = capability.plan("form.yaml").operations[1].body
    assert.equal("form", body.kind)
    assert.same({ "source", { value = "api" } }, body.template.object[2])
  end)

  it("has outputs as steps", function()
    local made = capability.plan "outputs.yaml"
    local output = made.routes[1].output
    assert.same({ "data" }, output.steps)
    assert.same({ name = "first", type = "string", steps = { "tags", 0,
      "name" } }, output.items.properties[3])
    assert.same({ "tags", { all = true }, "a.b" },
      output.items.properties[4].steps)
    assert.equal("fabric", output.items.properties[5].const)
    assert.is_nil(made.routes[2].output)
    assert.same({ "data", { all = true }, "uuid" },
      made.tools[1].output.properties[1].steps)
  end)

  it("says once that skills are passed over", function()
    local warnings = capability.plan("skill.yaml").warnings
    assert.equal(1, #warnings)
    assert.same({ 23, 5 }, { warnings[1].line, warnings[1].column })
    assert.truthy(warnings[1].message:find("skill adapters", 1, true))
  end)

  it("says what of a token operation is not used", function()
    local file = assert(io.open(capability.path "published.yaml", "rb"))
    local text = file:read "*a"
    file:close()
    text = text:gsub("          body: rest%.body\n",
      "          body: rest.body\n"
      .. "          user: rest.user\n        outputParameters:\n"
      .. "        - {type: string, mapping: $.access_token}\n")
    local warnings = assert(plan.of_text(text, "x.yaml")).warnings
    assert.equal(2, #warnings)
    assert.truthy(warnings[1].message:find("with.user is not used", 1, true))
    assert.truthy(warnings[2].message:find("passed on as it is", 1, true))
  end)

  it("leaves out what is not GET or HEAD, where that is asked for", function()
    local made = capability.plan("merged.yaml", { read_only = true })
    assert.equal(3, #made.routes)
    assert.equal(2, #made.operations)
    made = capability.plan("body_members.yaml", { read_only = true })
    assert.same({ 0, 0 }, { #made.routes, #made.tools })
  end)

  it("goes onto the configured base URL", function()
    local text = capability.BASE:gsub("https://api%.equinix%.com",
      "http://127.0.0.1:8443/base/v1")
    local made = assert(plan.of_text(text, "x.yaml", {
      base_url = "http://127.0.0.1:8443/base",
    }))
    assert.equal("/v1/fabric/v4/ports/", made.operations[1].path[1])
    assert.is_nil(plan.of_text(text, "x.yaml"))
  end)

  it("has up to 500 operations", function()
    local made = assert(plan.of_text(capability.many(500), "x.yaml"))
    assert.same({ 500, 500, 500 },
      { #made.operations, #made.routes, #made.tools })
    local lines = capability.mistakes(capability.many(501))
    assert.truthy(lines[1]:find("more than 500 operations", 1, true))
  end)

  it("is not made of a file that can't be read", function()
    local made, problems = plan.of_file "/nonexistent/x.yaml"
    assert.is_nil(made)
    assert.same({ "/nonexistent/x.yaml:1:1: there is no such file (ENOENT)" },
      plan.report(problems, "/nonexistent/x.yaml"))
  end)
end)
