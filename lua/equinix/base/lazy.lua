--- lazy: a module that is loaded when it is first used.
--
-- Law of this file: it is for modules that a program may never need, or does
-- not need at its start. A short script ends before all of the library would
-- have been loaded. It is loaded under the locale "C": where the decimal point
-- has several bytes, Lua can't read a file with a fraction in it. A program
-- that will not be able to read files any more loads all of them before.

local in_c_locale = require("equinix.base.text").in_c_locale
local tables = require "equinix.base.table"

local function load(name)
  local ok, module = in_c_locale(require, name)
  return ok and module or error(module, 0)
end

local M = {}

local names, count = {}, 0 -- of all that were asked for so far

local function stand_in(_, name)
  if not names[name] then
    count = count + 1
    names[name], names[count] = true, name
  end
  return setmetatable({}, {
    __index = function(self, member)
      local module = load(name) -- if it can't be loaded now: the next time
      tables.update(setmetatable(self, nil), module)
      return self[member]
    end,
  })
end

--- Loads every module that the loaded ones may need later. One that can't be
--- loaded is left out: its first use will say why.
function M.load_all()
  local i = 1
  while names[i] do -- a module that is loaded may name others
    in_c_locale(require, names[i])
    i = i + 1
  end
end

--- Stands for a module: the first use of any member loads it and copies its
--- members into this table.
---@type fun(name: string): table
return setmetatable(M, { __call = stand_in })
