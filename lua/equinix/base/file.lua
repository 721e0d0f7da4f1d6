--- file: whole files, read and written.
--
-- Law of this file: a write counts when the file is closed, since a full disk
-- may show only then. A message names the file and the reason.

local M = {}

--- The bytes of a file.
---@param path string
---@return string|nil
---@return string|nil message
function M.read(path)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local bytes, reason = file:read "*a" -- nil for a directory
  file:close()
  if not bytes then
    return nil, path .. ": " .. tostring(reason)
  end
  return bytes
end

local function failed(path, reason)
  return nil, ("%s can't be written: %s"):format(path, tostring(reason))
end

--- Writes a file, over what was in it.
---@param path string
---@param bytes string
---@return boolean|nil
---@return string|nil message
function M.write(path, bytes)
  local file, message = io.open(path, "wb")
  if not file then
    return failed(path, message:match "^.*: (.*)$" or message)
  end
  local written, write_message = file:write(bytes)
  local closed, close_message = file:close()
  if written and closed then
    return true
  end
  return failed(path, write_message or close_message)
end

return M
