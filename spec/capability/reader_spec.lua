-- Capability files as trees: what is read, and what is wrong with the bytes.
local reader = require "equinix.capability.reader"

local function fault(text, name)
  local node, problems = reader.read(text, name or "x.yaml")
  assert.is_nil(node)
  assert.equal(1, #problems)
  local problem = problems[1]
  return ("%d:%d: %s"):format(problem.line, problem.column, problem.message)
end

local function value(text, name)
  local node, problems = reader.read(text, name or "x.yaml")
  assert(node, problems and problems[1].message)
  return node.by.a
end

local HOSTILE = {
  { "1:1: an anchor (&)", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n" },
  { "1:1: an anchor (&)", "a: &r [*r]\n" },
  { "2:8: an alias (*)", "a: 1\nb: [1, *r]\n" },
  { "1:1: a tag (!)", "a: !!str b\n" },
  { "2:5: a tag (!)", "a:\n  - !x b\n" },
  { "2:3: a merge key (<<)", "a:\n  <<: {b: c}\n" },
  { "4:3: the key stands twice", "a:\n  b: 1\nc:\n  d: 1\n  d: 2\n", 5 },
  { "2:1: a second document", "a: 1\n---\nb: 2\n" },
  { "4:1: a second document", "---\na: 1\n...\n---\nb: 1\n" },
  { "2:1: this is not YAML: found character that", "a:\n\tb: 1\n" },
  { "2:1: this is not YAML: found a tab", "a: b\n\tc: d\n" },
  { "2:3: this is not YAML: mapping values", "a: b\n c: d\n" },
  { "2:4: a control character", "a: 1\nb: \7\n" },
  { "2:4: a byte that is not UTF-8", "a: 1\nb: \255\n" },
  { "1:5: a byte that is not UTF-8", "a: \195\169\195\n" },
  { "1:1: a control character in a text", 'a: "\\0"\n' },
  { "1:1: the file is empty", "" },
  { "1:1: the file is empty", "# nothing\n" },
  { "1:3: a key has to be a text", "? [a]\n: b\n" },
  { "1:1: a key has to be a text; a template", "a: {{x}: b}\n" },
  { "1:129: nested more than 64 deep", ("- "):rep(100000) },
  { "1:67: nested more than 64 deep", "a: " .. ("["):rep(100000) },
  { "1:254: nested more than 64 deep", ("{a: "):rep(100000) },
  { "1:1: the file is larger than 1 MiB", "a: " .. ("x"):rep(2 * 2 ^ 20) },
  { "1001:3: more than 1000 values in a list", ("- a\n"):rep(60000) },
  { "1:2005: more than 1000 values in a list", "a: ["
    .. ("1,"):rep(500000) .. "]" },
}

local BAD_JSON = {
  { "1:65: nested more than 64 deep", ("["):rep(100000) },
  { "1:321: nested more than 64 deep", ('{"a":'):rep(100000) },
  { "2:2: the key stands twice", '{"a":1,\n "a":2}' },
  { "1:4: this is not JSON: text after", "{} x" },
  { "1:6: this is not JSON: a value", '{"a":}' },
  { "1:6: this is not JSON: a value", '{"a":01}' },
  { "1:6: this is not JSON: a string", '{"a":"b' },
  { "1:5: this is not JSON: a colon", '{"a" 1}' },
  { "1:2: this is not JSON: a name", "{a:1}" },
  { "1:8: this is not JSON: a comma", '{"a":[1 2]}', 9 },
  { "1:6: a control character in a text", '{"a":"\\u0000"}' },
  { "1:6: this is not JSON: an escape", '{"a":"\\x"}' },
  { "1:7: this is not JSON: a name", '{"a":{{x}}}' },
  { "1:1: this is not JSON: a value", "" },
}

describe("the reader", function()
  it("ends at the first fault of hostile YAML, with its place", function()
    for _, case in ipairs(HOSTILE) do
      local got = fault(case[2])
      local expected = case[3] and case[1]:gsub("^%d+", case[3]) or case[1]
      assert.equal(expected, got:sub(1, #expected))
    end
  end)

  it("ends at a flat file of many keys, at the first one too many", function()
    local yaml, json = {}, {}
    for i = 1, 50000 do
      yaml[i] = ("key%d: v"):format(i)
      json[i] = ('"key%d": 1'):format(i)
    end
    assert.equal("1001:1: more than 1000 keys in a map",
      fault(table.concat(yaml, "\n")))
    assert.equal("1001:2: more than 1000 keys in a map",
      fault(" {" .. table.concat(json, ",\n ") .. "}", "x.json"))
  end)

  it("ends at a file of too many values, however they are nested", function()
    local lists = {}
    for i = 1, 100 do
      lists[i] = "- [" .. ("a,"):rep(999) .. "a]"
    end
    assert.equal("40:1922: more than 40000 values",
      fault(table.concat(lists, "\n")))
  end)

  it("looks once at each line for an escape that cuts a text", function()
    local line = "[" .. ('"x",'):rep(1000) .. "],"
    local text = "a: [" .. line:rep(39) .. ']\nb: "\\x00"\n'
    assert.equal("2:1: a control character in a text", fault(text))
    for _, newline in ipairs { "\r", "\r\n", "\194\133" } do
      assert.equal("3:1: a control character in a text", fault("a: 1"
        .. newline .. "c: 1" .. newline .. 'b: "x\\0y"'))
    end
  end)

  it("ends at the first fault of JSON, with its place", function()
    for _, case in ipairs(BAD_JSON) do
      local got = fault(case[2], "x.json")
      local expected = case[3] and case[1]:gsub("^1:%d+", "1:" .. case[3])
        or case[1]
      assert.equal(expected, got:sub(1, #expected))
    end
  end)

  it("keeps every scalar as the text that stands in the file", function()
    for _, text in ipairs { "no", "010", "1.10", "12:30:45", "~", "on" } do
      local node = value("a: " .. text .. "\n")
      assert.equal(text, node.text)
      assert.is_true(node.plain)
      assert.is_false(value("a: '" .. text .. "'\n").plain)
    end
    assert.equal("10000000000000000001",
      value('{"a": 10000000000000000001}', "x.json").text)
  end)

  it("reads {{x}} without quotes as the text that was meant", function()
    assert.equal("{{x}}", value("a: {{x}}\n").text)
    assert.equal("{{env.x}}", value("a: {{ env.x }}\n").text)
  end)

  it("gives a value the place of its key, in characters", function()
    local node = assert(reader.read("\195\169: x\nl: [1, {b: c}]\n", "x.yml"))
    assert.same({ 1, 1 }, { node.pairs[1].line, node.pairs[1].column })
    local list = node.by.l
    assert.same({ 2, 1 }, { list.line, list.column })
    assert.same({ 2, 5 }, { list.items[1].line, list.items[1].column })
    assert.same({ 2, 9 }, { list.items[2].by.b.line,
      list.items[2].by.b.column })
  end)

  it("makes the same tree of JSON and of the YAML that it is", function()
    local text = '{"a": [1, "x", true, null, {"b": "c\\n"}], "d": {},\n'
      .. ' "\195\169": "\195\169", "e": [], "f": -1.5e3}'
    assert.same(reader.read(text, "x.yaml"), reader.read(text, "x.json"))
  end)

  it("goes by the name, else by the first character", function()
    assert.truthy(reader.read('{"a": 1}', "/dev/fd/63"))
    assert.truthy(reader.read("a: 1", "/dev/fd/63"))
    assert.equal("1:1: this is not JSON", fault("a: 1", "x.JSON"):sub(1, 21))
  end)

  it("passes over a byte order mark", function()
    assert.equal("1", value("\239\187\191a: 1\n").text)
    assert.equal("1", value('\239\187\191{"a": 1}', "x.json").text)
  end)
end)

describe("without lyaml", function()
  local loaded, preload = package.loaded.yaml, package.preload.yaml

  after_each(function()
    package.loaded.yaml, package.preload.yaml = loaded, preload
  end)

  it("YAML is refused with what to install, and JSON is read", function()
    for _, other in ipairs { function() error "no such module" end,
      function() return {} end } do
      package.loaded.yaml = nil
      package.preload.yaml = other
      local node, problems = reader.read("a: 1\n", "x.yaml")
      assert.is_nil(node)
      assert.truthy(problems[1].message:find("lua-yaml (apt)", 1, true))
      assert.truthy(reader.read('{"a": 1}', "x.json"))
    end
  end)
end)
