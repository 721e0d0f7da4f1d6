--- raises: for specs about the line for which an error is raised.

local assert = require "luassert"

local M = {}

local where

--- Notes the line that calls it.
function M.here()
  local info = debug.getinfo(2, "Sl")
  where = info.short_src .. ":" .. info.currentline .. ": equinix: "
end

--- The beginning of a message with the line that was noted.
function M.where()
  return where
end

--- Asserts that f raises this text for the line that f itself noted.
function M.assert(text, f)
  local ok, message = pcall(f)
  assert.is_false(ok)
  assert.equal(where .. text, message)
end

return M
