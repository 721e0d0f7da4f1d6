--- lazy: a module that is loaded when it is first used.
--
-- Law of this file: it is for modules that a program may never need, or does
-- not need at its start. A short script ends before all of the library would
-- have been loaded.

local tables = require "equinix.base.table"

--- Stands for a module: the first use of any member loads it and copies its
--- members into this table.
---@param name string
---@return table
return function(name)
  return setmetatable({}, {
    __index = function(self, member)
      tables.update(setmetatable(self, nil), require(name))
      return self[member]
    end,
  })
end
