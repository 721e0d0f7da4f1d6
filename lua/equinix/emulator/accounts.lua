--- accounts: which credentials get a token, and when they are locked.
--
-- "The user account will get locked after 5 successive invalid attempts"
-- (Equinix, API Authentication). Law of this file: an attempt is a request
-- with an id and a secret. A locked account is refused whatever it sends; an
-- attempt with the right credentials resets the count; a request without
-- credentials is no attempt.

local errors = require "equinix.emulator.errors"
local request_log = require "equinix.emulator.request_log"
local tokens = require "equinix.emulator.tokens"

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

--- The secret of the app: that of the start, until it is rotated.
---@param world table
---@return string
function M.secret(world)
  return world.dict:get "secret" or world.accounts.client_secret
end

function M.set_secret(world, secret)
  world.dict:set("secret", secret)
end

--- Gives the app a new secret; the old one is refused from now on.
---@param world table
---@return string
function M.rotate_secret(world)
  local secret = tokens.text(world.random, 32)
  M.set_secret(world, secret)
  return secret
end

local function are_right(world, fields, password)
  local known = world.accounts
  return fields.client_id == known.client_id
    and fields.client_secret == M.secret(world)
    and (not password or fields.user_name == known.user_name
      and is_password_right(world, fields))
end

-- The accounts that were refused last are noted for the console: a ring.
local REFUSED = 8

local function refuse(world, knobs, account)
  if world.dict:incr("bad " .. account, 1, 0) == 1 then
    local n = world.dict:incr("refused", 1, 0)
    world.dict:set("refused " .. n % REFUSED, account)
  end
  return errors.login_failure(knobs)
end

local function known_accounts(world)
  return {
    "app " .. world.accounts.client_id,
    "user " .. world.accounts.user_name,
  }
end

--- The accounts that there are, and others that were refused lately.
---@param world table
---@param knobs table<string, any>
---@return table[] {kind, name (its first characters), known, wrong, locked}
function M.list(world, knobs)
  local accounts, list = known_accounts(world), {}
  local known = #accounts
  for i = 0, REFUSED - 1 do
    accounts[#accounts + 1] = world.dict:get("refused " .. i)
  end
  local seen = {}
  for i, account in ipairs(accounts) do
    local kind, name = account:match "^([a-z]+) (.*)$"
    local wrong = world.dict:get("bad " .. account) or 0
    if not seen[account] and (wrong > 0 or i <= known) then
      list[#list + 1] = {
        kind = kind,
        name = request_log.short(name),
        known = i <= known,
        wrong = wrong,
        locked = knobs.lock_after > 0 and wrong >= knobs.lock_after,
      }
    end
    seen[account] = true
  end
  return list
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
  local account = (password and "user " .. fields.user_name
    or "app " .. fields.client_id):sub(1, 200)
  local key = "bad " .. account
  local limit = knobs.lock_after
  if limit > 0 and (world.dict:get(key) or 0) >= limit then
    return locked(knobs)
  elseif are_right(world, fields, password) then
    world.dict:delete(key)
    return nil
  end
  return refuse(world, knobs, account)
end

return M
