--- accounts: which credentials get a token, and when they are locked.
--
-- "The user account will get locked after 5 successive invalid attempts"
-- (Equinix, API Authentication). Law of this file: an attempt is a request
-- with an id and a secret. A locked account is refused whatever it sends; an
-- attempt with the right credentials resets the count; a request without
-- credentials is no attempt.

local errors = require "equinix.emulator.errors"

local M = {}

local function locked(knobs)
  return errors.token_endpoint(knobs, knobs.refused_status, "EMU-LOCKED",
    "Account Locked", "The account is locked after too many invalid "
    .. "attempts; POST /_emulator/reset unlocks it.")
end

local function incomplete(knobs, name)
  return errors.token_endpoint(knobs, 400, "EMU-MISSING", "Bad Request",
    "The field " .. name .. " is missing.")
end

-- A field that is a text and not empty; anything else counts as missing.
local function text(fields, name)
  local value = fields[name]
  return type(value) == "string" and value ~= "" and value or nil
end

local function is_password_right(world, fields)
  local encoding = text(fields, "password_encoding") or "none"
  local expected = world.accounts.user_password
  if encoding == "md5-b64" then
    expected = world.base64(world.md5(expected))
  elseif encoding ~= "none" then
    return false
  end
  return fields.user_password == expected
end

local function are_right(world, fields, password)
  local known = world.accounts
  return fields.client_id == known.client_id
    and fields.client_secret == known.client_secret
    and (not password or fields.user_name == known.user_name
      and is_password_right(world, fields))
end

--- Checks the credentials of a request and counts the attempt.
---@param world table
---@param knobs table<string, any>
---@param fields table the request's body
---@param password boolean the user's credentials are needed, too
---@return table|nil response the error; nil when they are right
function M.check(world, knobs, fields, password)
  local required = { "client_id", "client_secret" }
  if password then
    required = { "client_id", "client_secret", "user_name", "user_password" }
  end
  for _, name in ipairs(required) do
    if not text(fields, name) then
      return incomplete(knobs, name)
    end
  end
  local account = password and "user " .. fields.user_name
    or "app " .. fields.client_id
  local key = "bad " .. account:sub(1, 200)
  local limit = knobs.lock_after
  if limit > 0 and (world.dict:get(key) or 0) >= limit then
    return locked(knobs)
  elseif are_right(world, fields, password) then
    world.dict:delete(key)
    return nil
  end
  world.dict:incr(key, 1, 0)
  return errors.login_failure(knobs)
end

return M
