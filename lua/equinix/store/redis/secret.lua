--- secret: the password of a connection that is about to be made.
--
-- Law of this file: only the function that is returned knows the password, and
-- no message has it. A function or a file is asked for each new connection, so
-- that a password may rotate.

local core = require "equinix.core"
local file = require("equinix.base.lazy") "equinix.base.file"
local memory = require("equinix.base.lazy") "equinix.base.memory"

local M = {}

local MAX = 16 * 1024 -- bytes

local made = 0 -- functions so far, so that each has a name of its own

local function read_file(path)
  local text, message = file.read_given(path, MAX + 2)
  if not text then
    return nil, "password_file can't be read: " .. message
  end
  text = text:gsub("\r?\n$", "")
  if text == "" or #text > MAX then
    return nil, ("password_file %s must have 1 to %d bytes"):format(path, MAX)
  end
  return text
end

local function call(f)
  local ok, value = memory.pcall(f)
  if not ok then
    return nil, "the function `password` raised an error"
  elseif type(value) ~= "string" or value == "" or #value > MAX then
    return nil, "the function `password` returned no usable string"
  end
  return value
end

---@class equinix.store.redis.Secret
---@field read fun(): string|nil, string|nil
---@field rotates boolean it may be another one the next time
---@field name string stands for it where connections are told apart

--- Makes one; nil where there is no password.
---@param password string|(fun(): string)|nil
---@param path string|nil
---@return equinix.store.redis.Secret|nil
function M.new(password, path)
  if path then
    return { rotates = true, name = "file " .. path, read = function()
      return read_file(path)
    end }
  elseif type(password) == "function" then
    made = made + 1
    return { rotates = true, name = ("function %d"):format(made),
      read = function()
        return call(password)
      end }
  elseif password then
    return { rotates = false, name = core.sha256(password),
      read = function()
        return password
      end }
  end
end

return M
