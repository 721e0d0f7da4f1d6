--- lazy: a module that is loaded when it is first used.
--
-- Law of this file: it is for modules that a program may never need, or does
-- not need at its start. A short script ends before all of the library would
-- have been loaded. It is loaded under the locale "C": where the decimal point
-- has several bytes, Lua can't read a file with a fraction in it. A program
-- that will not be able to read files any more loads all of them before.

local in_c_locale = require("equinix.base.text").in_c_locale
local tables = require "equinix.base.table"

local M = {}

local ENOMEM = 12 -- on every system

-- Lua 5.1 and LuaJIT mark a module while it is loaded, and keep the mark where
-- that fails: the next try would be "a loop, or an error before". So the marks
-- go, of ours and of what ours load.
local function unmark()
  for name, value in pairs(package.loaded) do
    if type(value) ~= "table" and type(name) == "string"
      and (name == "cjson" or name:find "^equinix") then
      package.loaded[name] = nil
    end
  end
end

local function try(name)
  local ran, ok, module = pcall(in_c_locale, require, name)
  if ran and ok then
    return true, module
  end
  unmark()
  return false, ran and module or ok
end

-- Of a file that can't be opened now Lua says that there is none, or, where
-- that was the second time it is opened, that it "cannot open" (or read) it.
local function seems_missing(message)
  message = tostring(message)
  return message:find("not found:", 1, true) or message:find "cannot [a-z]+ "
end

local function has_no_memory()
  local file, _, code = io.open("/dev/null", "rb")
  if file then
    file:close()
  end
  return code == ENOMEM
end

--- Loads a module, under the locale "C". What can't be loaded now can be the
--- next time: memory, or a descriptor, may have been short.
---@param name string
---@return any
function M.load(name)
  local ok, module = try(name)
  if not ok and seems_missing(module) then
    ok, module = try(name)
    if not ok and has_no_memory() then
      module = "not enough memory"
    end
  end
  return ok and module or error(module, 0)
end

local names, count = {}, 0 -- of all that were asked for so far

local function stand_in(_, name)
  if not names[name] then
    names[count + 1] = name
    names[name], count = true, count + 1
  end
  return setmetatable({}, {
    __index = function(self, member)
      -- Until it has all members, the next use does this again.
      setmetatable(tables.update(self, M.load(name)), nil)
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
