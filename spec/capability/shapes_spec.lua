-- The keys of a file: a table that has to be right.
local shapes = require "equinix.capability.shapes"

local KINDS = { text = true, texts = true, boolean = true, port = true,
  data = true, with = true }

describe("the shapes of a capability file", function()
  it("have keys of a kind that is read", function()
    for name, shape in pairs(shapes.SHAPES) do
      for key, kind in pairs(shape.keys) do
        local inner = kind:match "^([a-z_]+)[*+]?$"
        assert.truthy(KINDS[kind] or shapes.SHAPES[inner],
          name .. "." .. key)
      end
    end
  end)

  it("require only keys that they have, and rename to no other", function()
    for name, shape in pairs(shapes.SHAPES) do
      for _, key in ipairs(shape.required or {}) do
        assert.truthy(shape.keys[key], name .. "." .. key)
      end
      for alias, key in pairs(shape.alias) do
        assert.is_nil(shape.keys[alias], name .. "." .. alias)
        assert.truthy(shape.keys[key], name .. "." .. key)
      end
      for _, other in pairs(shape.by_type or {}) do
        assert.truthy(shapes.SHAPES[other], other)
      end
    end
  end)

  it("refuse nothing that they read", function()
    for name, shape in pairs(shapes.SHAPES) do
      for key in pairs(shape.refused or {}) do
        assert.is_nil(shape.keys[key], name .. "." .. key)
      end
    end
  end)
end)
