--- file: whole files, read and written.
--
-- Laws of this file: a write counts when the file is closed, since a full disk
-- may show only then. A message names the file and the reason. What a user
-- names may be a pipe (the shell's <(...)), which can be read only once: such
-- a file is read by read_given, which keeps the bytes of a pipe.

-- Not at once: the emulator has no core.
local core = require("equinix.base.lazy") "equinix.core"

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

-- What the common codes of the system mean.
local REASONS = {
  EACCES = "permission denied (EACCES)",
  EISDIR = "it is a directory (EISDIR)",
  ENOENT = "there is no such file (ENOENT)",
  ENOSPC = "there is no space left (ENOSPC)",
  ETIMEDOUT = "it is a pipe, and nothing came (ETIMEDOUT)",
}

--- The bytes of a file that the user named. A regular file is read anew each
--- time; a pipe once for this process, whatever reads it later.
---@param path string
---@param max integer bytes, 1 MiB at most
---@return string|nil
---@return string|nil message
function M.read_given(path, max)
  local bytes, code = core.read_file(path, max)
  if bytes then
    return bytes
  elseif code == "EFBIG" then
    return nil, ("%s: it is longer than %d bytes"):format(path, max)
  end
  return nil, path .. ": " .. (REASONS[code] or code)
end

--- Reads a file that the user named, for the time when it can no longer be
--- opened: after a change of the root or of the user.
---@param path string
---@return true|nil
---@return string|nil message
function M.keep(path)
  local kept, code = core.keep_file(path)
  if kept then
    return true
  elseif code == "EFBIG" then
    return nil, path .. ": it is longer than 1 MiB"
  end
  return nil, path .. ": " .. (REASONS[code] or code)
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

--- Writes a file that only this user may read, whatever the umask is, over
--- what was in it, but through no link.
---@param path string
---@param bytes string
---@return true|nil
---@return string|nil message
function M.write_private(path, bytes)
  local written, code = core.write_private_file(path, bytes)
  if written then
    return true
  end
  return failed(path, REASONS[code] or code)
end

return M
