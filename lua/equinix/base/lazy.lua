--- lazy: a module that is loaded when it is first used.
--
-- Law of this file: it is for modules that a program may never need, or does
-- not need at its start. A short script ends before all of the library would
-- have been loaded. It is loaded under the locale "C": where the decimal point
-- has several bytes, Lua can't read a file with a fraction in it.

local in_c_locale = require("equinix.base.text").in_c_locale
local tables = require "equinix.base.table"

local function load(name)
  local ok, module = in_c_locale(require, name)
  return ok and module or error(module, 0)
end

--- Stands for a module: the first use of any member loads it and copies its
--- members into this table.
---@param name string
---@return table
return function(name)
  return setmetatable({}, {
    __index = function(self, member)
      tables.update(setmetatable(self, nil), load(name))
      return self[member]
    end,
  })
end
