--- sink_error: why a sink's file could not be written, for its user.
--
-- Law of this file: the message names the path, and the cause by its symbol
-- and in words. No file is opened here.

local errors = require "equinix.base.error"

local M = {}

local WORDS = {
  EACCES = "this user may not write there",
  EDQUOT = "the user's quota is used up",
  EISDIR = "it is a folder",
  ENAMETOOLONG = "the name is too long",
  ENOENT = "its folder does not exist",
  ENOSPC = "the disk is full",
  ENOTDIR = "a part of the path is not a folder",
  ENOTSUP = "it exists and is not a regular file",
  EPERM = "this user may not write there",
  EROFS = "the file system is read-only",
}

--- The error where a transfer failed for its sink; nil: it did not.
---@param transport_err equinix.transport.err
---@param request table
---@param op string
---@return equinix.Error|nil
function M.of(transport_err, request, op)
  local code = transport_err.code
  -- The core's code is an errno symbol where it is about the file.
  if not request.sink or transport_err.kind ~= "config" or not code
    or not code:find "^E[A-Z0-9]+$" then
    return nil
  end
  return errors.make("config", ("%s: the file '%s' can't be written: %s%s")
    :format(op, request.sink, code, WORDS[code] and ", " .. WORDS[code] or ""),
    { code = code, op = op, maybe_sent = transport_err.maybe_sent ~= false })
end

return M
