-- YAML as a tree; what is hostile is in reader_spec.
local has_lyaml, lyaml = pcall(require, "yaml")
local yaml = require "equinix.capability.yaml"

local LIMITS = { nodes = 6, parts = 3 }

local function fault(text)
  local node, problem = yaml.read(text, LIMITS)
  assert.is_nil(node)
  return ("%d:%d: %s"):format(problem.line, problem.column, problem.message)
end

if has_lyaml and type(lyaml) == "table" and lyaml.parser then
  describe("YAML", function()
    it("ends at a number of values, keys in a map and values in a list",
      function()
        assert(yaml.read("a: [1, 2]\nb: [1]\n", LIMITS))
        assert.equal("2:8: more than 6 values",
          fault "a: [1, 2]\nb: [1, 2]\n")
        assert.equal("2:1: more than 3 keys in a map",
          fault "{a: 1, b: 1, c: 1,\nd: 1}\n")
        assert.equal("4:3: more than 3 values in a list",
          fault "- 1\n- 1\n- 1\n- 1\n")
      end)

    it("says what stands before a value that may not, or in a key", function()
      assert.equal("1:1: an anchor (&) is not supported: write the value "
        .. "again", fault "a: &x 1\n")
      assert.equal("1:1: a tag (!) is not supported: leave it out",
        fault "!x a: 1\n")
      assert.equal("1:1: an alias (*) is not supported: write the value "
        .. "again", fault "*x : 1\n")
    end)

    it("keeps texts of several lines, and quotes apart", function()
      local node = assert(yaml.read("a: >-\n  b\n  c\nd: '1'\ne: 1\n", LIMITS))
      assert.equal("b c", node.by.a.text)
      assert.is_false(node.by.a.plain)
      assert.is_false(node.by.d.plain)
      assert.is_true(node.by.e.plain)
    end)
  end)
end
