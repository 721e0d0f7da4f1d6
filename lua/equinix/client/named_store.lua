--- named_store: the store that the environment names, for the command and the
--- service: EQUINIX_STORE_URL, or EQUINIX_STORE_URL_FILE with the URL in it.
--
-- Law of this file: a URL may have a password in it, so no message repeats a
-- part of it, and it is never an argument. Nothing is connected here. The file
-- is read whenever a store is made, so that it may change until a reload.

local lazy = require "equinix.base.lazy"

local environment = require "equinix.client.environment"
local errors = lazy "equinix.base.error"
local file = lazy "equinix.base.file"
local redis = lazy "equinix.store.redis"

local M = {}

local MAX = 16 * 1024 -- bytes

local function read_url(path, variable)
  local text, reason = file.read_given(path, MAX)
  local url = text and text:match "^%s*(.-)%s*$"
  if not url then
    return nil, variable .. ": " .. reason
  elseif url == "" then
    return nil, ("%s: %s is empty; write the URL of the store into it")
      :format(variable, path)
  end
  return url
end

--- Makes the store that the environment names.
---@return table|nil store
---@return equinix.Error|nil err kind "config"; nil: it names none
function M.open()
  local url, variable = environment.get "store_url"
  local path, path_variable = environment.get "store_url_file"
  if url and path then
    return errors.fail("config", ("%s and %s are both set: unset one of them")
      :format(variable, path_variable))
  elseif path then
    local message
    variable = path_variable
    url, message = read_url(path, variable)
    if not url then
      return errors.fail("config", message)
    end
  elseif not url then
    return nil
  end
  local store, err = redis.from_url(url)
  if not store then
    return errors.fail("config", (err.message:gsub("^store%.redis: ",
      variable .. ": ")))
  end
  return store
end

return M
