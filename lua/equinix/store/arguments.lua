--- arguments: checks what is passed to the methods of a store.
--
-- Law of this file: keys, records and times have the same limits in every
-- store. Misuse raises at the line that called the store's method, so that
-- method calls these functions itself, and not as a tail call.

local check = require "equinix.base.check"

local M = {}

--- The size of the largest record, in bytes.
M.MAX_RECORD = 64 * 1024

local MAX_KEY = 128
local MAX_SECONDS = 1e9 -- 31 years; a longer time to live is cut

--- Raises unless it is a key.
---@param key any
function M.key(key)
  if type(key) ~= "string" or #key > MAX_KEY
    or not key:find "^[A-Za-z0-9_][A-Za-z0-9_.-]*$" then
    check.raise(3, "a key must be 1 to %d letters, digits, '_', '.' or '-', "
      .. "and must not begin with '.' or '-'", MAX_KEY)
  end
end

--- Raises unless it is a record.
---@param record any
function M.record(record)
  if type(record) ~= "string" or record == "" or #record > M.MAX_RECORD then
    check.raise(3, "a record must be a string of 1 to %d bytes", M.MAX_RECORD)
  end
end

--- Raises unless it is a time to live.
---@param ttl any
---@return number seconds
function M.ttl(ttl)
  if type(ttl) ~= "number" or not check.positive(ttl) then
    check.raise(3, "ttl must be a finite number of seconds greater than 0")
  end
  return math.min(ttl, MAX_SECONDS)
end

--- The seconds that are left for a step; nil: its caller did not say.
---@param seconds any
---@return number|nil seconds
function M.left(seconds)
  if seconds == nil then
    return nil
  elseif type(seconds) ~= "number" or seconds ~= seconds then
    check.raise(3, "seconds must be a number, of what is left for the step")
  end
  return math.max(0, math.min(seconds, MAX_SECONDS))
end

--- Raises unless it is a lease.
---@param is_lease boolean whether the store recognises it
function M.lease(is_lease)
  if not is_lease then
    check.raise(3, "a lease must be one that this store's lock returned")
  end
end

return M
